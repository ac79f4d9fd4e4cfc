"""A network's prediction for one radiograph: scores, each with its threshold."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from cxr.checkpoint import CheckpointConfig, Identity
from cxr.input_check import InputStatistics


@dataclass(frozen=True)
class FindingScore:
    """One finding: the network's logit, its score σ(logit), the operating point, and the calibrated probability.

    interval is the score's 95 % interval from the output layer's uncertainty: how far the score moves when that layer
    is fitted on resampled patients. threshold, above_threshold, probability and interval are None where the checkpoint
    has none for this finding.
    """

    finding: str
    logit: float
    score: float
    threshold: float | None
    above_threshold: bool | None
    probability: float | None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Prediction:
    """Scores of every finding in the checkpoint's order, with warnings."""

    findings: tuple[FindingScore, ...]
    warnings: tuple[str, ...]
    statistics: InputStatistics
    identity: Identity

    def __getitem__(self, finding: str) -> FindingScore:
        return next(each for each in self.findings if each.finding == finding)

    def default_finding(self) -> str:
        """The finding to explain first: the one whose logit is farthest above its operating point, or least below.

        Findings without an operating point are measured against a score of 0.5.
        """
        return max(self.findings, key=lambda each: each.logit - _logit(each.threshold)).finding

    def to_json(self) -> dict:
        """Findings and warnings as JSON has them."""
        return {"findings": [asdict(each) for each in self.findings], "warnings": list(self.warnings)}


def sigmoid(logit: float) -> float:
    """1 / (1 + e^-z), without overflow for any float."""
    odds = math.exp(-abs(logit))
    return (1 if logit >= 0 else odds) / (1 + odds)


def _logit(score: float | None) -> float:
    if score is None:
        return 0.0
    return math.log(score / (1 - score)) if 0 < score < 1 else math.copysign(math.inf, score - 0.5)


def finding_scores(
    logits: Mapping[str, float], config: CheckpointConfig, *, spread: Mapping[str, float] | None = None
) -> tuple[FindingScore, ...]:
    """Scores from logits, with the thresholds and calibrations of the checkpoint.

    spread  {finding: half width of the logit's 95 % interval}, for those that have one
    """
    return tuple(_score(finding, logit, config, (spread or {}).get(finding)) for finding, logit in logits.items())


def _score(finding: str, logit: float, config: CheckpointConfig, spread: float | None) -> FindingScore:
    score = sigmoid(logit)
    threshold = config.thresholds.get(finding)
    calibration = config.calibration.get(finding)
    return FindingScore(
        finding=finding,
        logit=logit,
        score=score,
        threshold=threshold.score if threshold else None,
        above_threshold=score >= threshold.score if threshold else None,
        probability=calibration.probability(logit) if calibration else None,
        interval=None if spread is None else (sigmoid(logit - spread), sigmoid(logit + spread)),
    )
