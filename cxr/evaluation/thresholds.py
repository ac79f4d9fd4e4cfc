"""Operating points on the score, chosen on pictures that the network was not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_curve

from cxr.errors import LabelError
from cxr.evaluation.bootstrap import interval
from cxr.evaluation.splits import folds_by_patient

ENOUGH_PATIENTS = 50
"""Number of patients with the finding below which an operating point is provisional and chosen by cross-fitting. With
this number, a sensitivity of .8 is known to ± .11."""

FOLDS = 5
RESAMPLES = 200


@dataclass(frozen=True)
class Rule:
    """How a threshold is chosen: Youden's index, or one of two targets.

    sensitivity  the highest threshold that reaches it
    specificity  the lowest threshold that reaches it
    """

    sensitivity: float | None = None
    specificity: float | None = None

    def __post_init__(self) -> None:
        if self.sensitivity is not None and self.specificity is not None:
            raise LabelError(
                "A threshold can't be chosen by a sensitivity and a specificity at once.", "Give one of them."
            )
        for name, share in (("sensitivity", self.sensitivity), ("specificity", self.specificity)):
            if share is not None and not 0 < share <= 1:
                raise LabelError(
                    f"A threshold can't be chosen by a {name} of {share}.", "Give a number above 0 and at most 1."
                )

    def __str__(self) -> str:
        if self.sensitivity is not None:
            return f"sensitivity {self.sensitivity:.2f}"
        return "youden" if self.specificity is None else f"specificity {self.specificity:.2f}"


YOUDEN = Rule()


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold on the score σ(z), with its sensitivity and specificity.

    Where positives are few, the two are measured on pictures that the threshold was not chosen on.

    rule         how it was chosen
    provisional  whether it was chosen on fewer than 50 patients with the finding
    interval     95 % interval of the threshold, by patient; None where too few resamples have positives
    positives    pictures with the finding
    patients     patients with the finding
    """

    score: float
    rule: Rule
    provisional: bool
    interval: tuple[float, float] | None
    sensitivity: float
    specificity: float
    positives: int
    patients: int

    def to_json(self, *, part: str) -> dict:
        """As a checkpoint's `thresholds` hold it; `part` is what it was chosen on."""
        return {
            "score": round(self.score, 5),
            "rule": f"{self.rule} on {part}",
            "provisional": self.provisional,
            "interval": [round(limit, 5) for limit in self.interval] if self.interval else None,
            "sensitivity": round(self.sensitivity, 4),
            "specificity": round(self.specificity, 4),
            "positives": self.positives,
            "patients": self.patients,
        }


def operating_point(
    labels: np.ndarray, scores: np.ndarray, patients: Sequence[str], *, rule: Rule = YOUDEN, seed: int = 0
) -> OperatingPoint | None:
    """The operating point of one finding, from labels 1, 0 or NaN and scores, both `(rows,)`.

    None without positives or without negatives.

    The threshold maximises Youden's J = sensitivity + specificity − 1, or reaches the rule's target. With fewer than 50
    patients who have the finding, it is the median of five thresholds, each chosen without a fifth of the patients;
    sensitivity and specificity are then measured on the fifths that were left out.
    """
    known = np.isfinite(labels)
    truth, scores, known_patients = labels[known] == 1, scores[known], np.asarray(patients)[known]
    positives = int(truth.sum())
    if not positives or positives == len(truth):
        return None
    having = len(set(known_patients[truth]))
    few = having < ENOUGH_PATIENTS
    if few:
        score, found = _cross_fitted(truth, scores, known_patients, rule, seed)
    else:
        score = _threshold(truth, scores, rule)
        found = scores >= score
    return OperatingPoint(
        score=score,
        rule=rule,
        provisional=few,
        interval=interval(
            lambda rows: _chosen(truth[rows], scores[rows], rule), known_patients, count=RESAMPLES, seed=seed
        ),
        sensitivity=float(found[truth].mean()),
        specificity=float((~found[~truth]).mean()),
        positives=positives,
        patients=having,
    )


def _chosen(truth: np.ndarray, scores: np.ndarray, rule: Rule) -> float | None:
    """The threshold that the rule chooses; None without positives or without negatives."""
    return None if truth.all() or not truth.any() else _threshold(truth, scores, rule)


def _threshold(truth: np.ndarray, scores: np.ndarray, rule: Rule) -> float:
    """Half way between the score that the rule chooses and the next one below it."""
    false_rate, true_rate, thresholds = roc_curve(truth, scores, drop_intermediate=False)
    if rule.specificity is not None:
        # shares of whole pictures, so that only rounding can part them
        at = int(np.flatnonzero(false_rate <= 1 - rule.specificity + 1e-9)[-1])
    elif rule.sensitivity is not None:
        at = int(np.argmax(true_rate >= rule.sensitivity))
    else:
        at = int(np.argmax(true_rate - false_rate))
    if at == 0 and rule.specificity is not None:
        return float((1 + thresholds[1]) / 2)
    at = max(at, 1)  # the first threshold is infinite: nobody is above it
    below = thresholds[at + 1] if at + 1 < len(thresholds) else thresholds[at]
    return float((thresholds[at] + below) / 2)


def _cross_fitted(
    truth: np.ndarray, scores: np.ndarray, patients: np.ndarray, rule: Rule, seed: int
) -> tuple[float, np.ndarray]:
    """(median of the folds' thresholds, whether each row is above the threshold chosen without its patient)."""
    folds = folds_by_patient(patients, folds=FOLDS, seed=seed)
    whole = _threshold(truth, scores, rule)
    by_fold = [_chosen(truth[folds != fold], scores[folds != fold], rule) for fold in range(FOLDS)]
    chosen = [whole if score is None else score for score in by_fold]
    return float(np.median(chosen)), scores >= np.array(chosen)[folds]
