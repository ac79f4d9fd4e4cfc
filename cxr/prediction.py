"""A network's prediction for one radiograph: scores, each with its threshold."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from cxr.checkpoint import CheckpointConfig, Identity
from cxr.evaluation.claims import claim
from cxr.input_check import InputStatistics


@dataclass(frozen=True)
class FindingScore:
    """One finding: the network's logit, its score, the operating point, and what other patients bear out.

    score                      σ(logit), or the softmax where plain logits of classes are explained
    interval                   the score's 95 % interval from the output layer's uncertainty: how far the score moves
                               when that layer is fitted on resampled patients
    likelihood_ratio           how much more common such a score is with the finding than without it
    probability                of the finding, where it is as frequent as in the calibration's data
    …_interval                 95 %, from patients that the calibration was not fitted on
    view                       "AP" or "PA" where the operating point is that view's; "" for the one of all views
    withheld                   why neither is said, in a sentence; "" where they are. See `cxr.evaluation.claims`

    threshold, above_threshold and interval are None where the checkpoint has none for this finding.
    """

    finding: str
    logit: float
    score: float
    threshold: float | None
    above_threshold: bool | None
    probability: float | None
    interval: tuple[float, float] | None = None
    probability_interval: tuple[float, float] | None = None
    likelihood_ratio: float | None = None
    likelihood_ratio_interval: tuple[float, float] | None = None
    view: str = ""
    withheld: str = ""


@dataclass(frozen=True)
class Prediction:
    """Scores of every finding in the checkpoint's order, with warnings.

    notes  sentences on what the network's scores are worth on other patients, whatever the radiograph
    """

    findings: tuple[FindingScore, ...]
    warnings: tuple[str, ...]
    statistics: InputStatistics
    identity: Identity
    notes: tuple[str, ...] = ()

    def __getitem__(self, finding: str) -> FindingScore:
        return next(each for each in self.findings if each.finding == finding)

    def default_finding(self) -> str:
        """The finding to explain first: the one whose logit is farthest above its operating point, or least below.

        Findings without an operating point are measured against a score of 0.5.
        """
        return self.ranked()[0]

    def ranked(self) -> list[str]:
        """Names of the findings in that order: the one farthest above its operating point first."""
        above = sorted(self.findings, key=lambda each: each.logit - _logit(each.threshold), reverse=True)
        return [each.finding for each in above]

    def to_json(self) -> dict:
        """Findings, warnings and notes as JSON has them."""
        return {
            "findings": [asdict(each) for each in self.findings],
            "warnings": list(self.warnings),
            "notes": list(self.notes),
        }


def sigmoid(logit: float) -> float:
    """1 / (1 + e^-z), without overflow for any float."""
    odds = math.exp(-abs(logit))
    return (1 if logit >= 0 else odds) / (1 + odds)


def _logit(score: float | None) -> float:
    if score is None:
        return 0.0
    return math.log(score / (1 - score)) if 0 < score < 1 else math.copysign(math.inf, score - 0.5)


def finding_scores(
    logits: Mapping[str, float], config: CheckpointConfig, *, spread: Mapping[str, float] | None = None, view: str = ""
) -> tuple[FindingScore, ...]:
    """Scores from logits, with the thresholds and calibrations of the checkpoint.

    spread  {finding: half width of the logit's 95 % interval}, for those that have one
    view    of the radiograph, "AP" or "PA"; "" where it is not known
    """
    scores = scores_of_logits(logits, config)
    return tuple(
        _score(finding, logit, scores[finding], config, (spread or {}).get(finding), view)
        for finding, logit in logits.items()
    )


def scores_of_logits(logits: Mapping[str, float], config: CheckpointConfig) -> dict[str, float]:
    """{finding: score}: the sigmoid of each logit, or the softmax over plain logits of classes."""
    if (config.activation, config.explained) != ("softmax", "logit"):
        return {finding: sigmoid(logit) for finding, logit in logits.items()}
    shares = {finding: math.exp(logit - max(logits.values())) for finding, logit in logits.items()}
    return {finding: share / sum(shares.values()) for finding, share in shares.items()}


def _score(
    finding: str, logit: float, score: float, config: CheckpointConfig, spread: float | None, view: str
) -> FindingScore:
    common = config.thresholds.get(finding)
    threshold = common.of_view(view) if common else None
    said = claim(finding, logit, config)
    return FindingScore(
        finding=finding,
        logit=logit,
        score=score,
        threshold=threshold.score if threshold else None,
        above_threshold=score >= threshold.score if threshold else None,
        probability=said.probability[0] if said.probability else None,
        interval=None if spread is None else (sigmoid(logit - spread), sigmoid(logit + spread)),
        probability_interval=said.probability[1:] if said.probability else None,
        likelihood_ratio=said.ratio[0] if said.ratio else None,
        likelihood_ratio_interval=said.ratio[1:] if said.ratio else None,
        view=view if common and threshold is not common else "",
        withheld=said.withheld,
    )
