"""The scores: a list of findings, each with its operating point, and the input check above it."""

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import ClassVar

from cxr.checkpoint import CheckpointConfig
from cxr.findings import DESCRIPTIONS, display_name
from cxr.prediction import FindingScore, Prediction
from explainers.page.concurrency import SCORING
from explainers.page.panel import Event, Panel, handler
from explainers.page.requests import BrowserRequest, Name
from explainers.page.sessions import Session


class ScoreRequest(BrowserRequest):
    """Which network scores the visitor's radiograph; "" for the default."""

    subject: ClassVar[str] = "The request for scores"

    model: Name = ""


class Findings(Panel):
    """Scores the visitor's radiograph."""

    place = "side"
    order = 20

    @handler(**SCORING)
    def score(self, event: Event) -> Iterator[dict]:
        """Score the visitor's radiograph with a network."""
        request = ScoreRequest.from_event(event.data)
        session = self.state.sessions.of(event.visitor)
        name = self.state.networks.name_of(request.model)
        predictor = self.state.networks.find(name)
        session.prediction = predictor.predict(session.radiograph)
        yield scores_value(session, predictor.config, name)


def scores_value(session: Session, config: CheckpointConfig, model: str) -> dict:
    """Scores and input check as the browser needs them, the finding farthest above its operating point first."""
    prediction: Prediction = session.prediction
    return {
        "token": session.token,
        "model": model,
        "findings": [_finding(each, config) for each in sorted(prediction.findings, key=_distance, reverse=True)],
        "chosen": prediction.default_finding(),
        "warnings": list(session.radiograph.warnings),
        "statistics": asdict(prediction.statistics),
    }


def _finding(each: FindingScore, config: CheckpointConfig) -> dict:
    threshold, calibration = config.thresholds.get(each.finding), config.calibration.get(each.finding)
    return asdict(each) | {
        "title": display_name(each.finding),
        "description": DESCRIPTIONS[each.finding],
        "provisional": bool(threshold and threshold.provisional),
        "threshold_interval": list(threshold.interval) if threshold and threshold.interval else None,
        "prevalence": calibration.prevalence if calibration else None,
        "auc": _auc(config, each.finding),
    }


def _distance(each: FindingScore) -> float:
    """How far the logit is above its operating point, as `Prediction.default_finding` counts it."""
    threshold = 0.5 if each.threshold is None else min(max(each.threshold, 1e-9), 1 - 1e-9)
    return each.logit - math.log(threshold / (1 - threshold))


def _auc(config: CheckpointConfig, finding: str) -> list[float] | None:
    """[value, low, high] that the checkpoint states for a finding, or None."""
    stated = config.metrics.get("auc", {})
    found = stated.get(finding) if isinstance(stated, dict) else None
    return found if isinstance(found, list) and len(found) == 3 else None
