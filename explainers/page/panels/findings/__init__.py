"""The scores: a list of findings, each with its operating point, and the input check above it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, ClassVar

from cxr.checkpoint import CheckpointConfig
from cxr.evaluation.claims import flagged
from cxr.findings import display_name
from cxr.prediction import FindingScore, Prediction
from cxr.predictor import Predictor
from explainers.page import worked_case
from explainers.page.concurrency import SCORING
from explainers.page.panel import Event, Panel, handler
from explainers.page.requests import BrowserRequest, Name


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
        case, networks = session.worked_case, self.state.networks
        if case is not None and worked_case.applies(case, networks, name):
            session.prediction = case.prediction
            stand_in = case.identity.name if worked_case.stands_in(case, networks, name) else ""
            yield {**case.scores, "token": session.token, "model": name, "standIn": stand_in}
            return
        predictor = self.state.networks.find(name)
        session.prediction = predictor.predict(session.radiograph)
        yield {**scores_of(session.prediction, predictor), "token": session.token, "model": name}


def scores_of(prediction: Prediction, predictor: Predictor) -> dict:
    """Scores and input check, the finding farthest above its operating point first."""
    statistics, config = prediction.statistics, predictor.config
    return {
        "findings": [_finding(each, config) for each in sorted(prediction.findings, key=_distance, reverse=True)],
        "chosen": prediction.default_finding(),
        "warnings": [each for each in prediction.warnings if each != statistics.verdict],
        "notes": list(prediction.notes),
        "statistics": asdict(statistics),
        "benchmark": benchmark_of(predictor.benchmark),
    }


def benchmark_of(benchmark: Mapping) -> dict[str, Any] | None:
    """How often each explainer points into a box on this network, and how often the guess does; None if not known."""
    try:
        pointing = {each["label"]: float(each["macro"]["pointing"][0]) for each in benchmark["explainers"]}
        names = {each["label"]: str(each["name"]) for each in benchmark["explainers"] if not each["options"]}
        guess = pointing[benchmark["prior"]]
    except (KeyError, TypeError, ValueError, IndexError):
        return None
    return {"boxes": int(benchmark["boxes"]), "guess": guess, "pointing": {n: pointing[la] for la, n in names.items()}}


def _finding(each: FindingScore, config: CheckpointConfig) -> dict:
    common, calibration = config.thresholds.get(each.finding), config.calibration.get(each.finding)
    threshold = common.of_view(each.view) if common else None
    return asdict(each) | {
        "title": display_name(each.finding),
        "description": config.describe(each.finding),
        "provisional": bool(threshold and threshold.provisional),
        "threshold_interval": list(threshold.interval) if threshold and threshold.interval else None,
        "prevalence": calibration.prevalence if calibration else None,
        "flagged": list(share) if (share := flagged(each.finding, config)) else None,
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
