"""Operating points on the score, chosen on pictures that the network was not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_curve

from cxr.errors import LabelError
from cxr.evaluation.bootstrap import interval
from cxr.evaluation.splits import folds_by_patient

ENOUGH_POSITIVES = 100
"""Below which an operating point is provisional, and chosen by cross-fitting."""

FOLDS = 5
RESAMPLES = 200
YOUDEN = "youden"


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold on the score σ(z), with what it did to pictures it was not chosen on where positives are few.

    rule         "youden", or "sensitivity 0.90"
    provisional  chosen on fewer than 100 positives
    interval     95 % of the threshold, by patient; None where resamples without positives leave too few
    """

    score: float
    rule: str
    provisional: bool
    interval: tuple[float, float] | None
    sensitivity: float
    specificity: float
    positives: int

    def to_json(self) -> dict:
        """As a checkpoint's `thresholds` hold it."""
        return {
            "score": round(self.score, 5),
            "rule": f"{self.rule} on validation",
            "provisional": self.provisional,
            "interval": [round(limit, 5) for limit in self.interval] if self.interval else None,
            "sensitivity": round(self.sensitivity, 4),
            "specificity": round(self.specificity, 4),
            "positives": self.positives,
        }


def operating_point(
    labels: np.ndarray, scores: np.ndarray, patients: Sequence[str], *, sensitivity: float | None = None, seed: int = 0
) -> OperatingPoint | None:
    """Of one finding, from labels 1, 0 or NaN `(rows,)` and scores `(rows,)`; None without positives and negatives.

    The threshold maximises Youden's J = sensitivity + specificity − 1, or is the highest that reaches a target
    sensitivity. With fewer than 100 positives it is the median of those that five folds of the patients chose
    without the rest, and its sensitivity and specificity are those on the rests.
    """
    if sensitivity is not None and not 0 < sensitivity <= 1:
        raise LabelError(f"A sensitivity of {sensitivity} can't be asked for.", "Above 0, at most 1.")
    known = np.isfinite(labels)
    truth, scores, known_patients = labels[known] == 1, scores[known], np.asarray(patients)[known]
    positives = int(truth.sum())
    if not positives or positives == len(truth):
        return None
    few = positives < ENOUGH_POSITIVES
    if few:
        score, found = _cross_fitted(truth, scores, known_patients, sensitivity, seed)
    else:
        score = _threshold(truth, scores, sensitivity)
        found = scores >= score
    return OperatingPoint(
        score=score,
        rule=YOUDEN if sensitivity is None else f"sensitivity {sensitivity:.2f}",
        provisional=few,
        interval=interval(
            lambda rows: _chosen(truth[rows], scores[rows], sensitivity), known_patients, count=RESAMPLES, seed=seed
        ),
        sensitivity=float(found[truth].mean()),
        specificity=float((~found[~truth]).mean()),
        positives=positives,
    )


def _chosen(truth: np.ndarray, scores: np.ndarray, sensitivity: float | None) -> float | None:
    """`_threshold`, or None without positives or without negatives."""
    return None if truth.all() or not truth.any() else _threshold(truth, scores, sensitivity)


def _threshold(truth: np.ndarray, scores: np.ndarray, sensitivity: float | None) -> float:
    """Half way between the score that the rule chooses and the next one below it."""
    false_rate, true_rate, thresholds = roc_curve(truth, scores, drop_intermediate=False)
    at = int(np.argmax(true_rate - false_rate)) if sensitivity is None else int(np.argmax(true_rate >= sensitivity))
    at = max(at, 1)  # the first threshold is infinite: nobody is above it
    below = thresholds[at + 1] if at + 1 < len(thresholds) else thresholds[at]
    return float((thresholds[at] + below) / 2)


def _cross_fitted(
    truth: np.ndarray, scores: np.ndarray, patients: np.ndarray, sensitivity: float | None, seed: int
) -> tuple[float, np.ndarray]:
    """(median of the folds' thresholds, whether each row is above the threshold chosen without its patient)."""
    folds = folds_by_patient(patients, folds=FOLDS, seed=seed)
    whole = _threshold(truth, scores, sensitivity)
    by_fold = [_chosen(truth[folds != fold], scores[folds != fold], sensitivity) for fold in range(FOLDS)]
    chosen = [whole if score is None else score for score in by_fold]
    return float(np.median(chosen)), scores >= np.array(chosen)[folds]
