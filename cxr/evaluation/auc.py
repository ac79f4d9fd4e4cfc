"""Area under the ROC curve (AUC): of one label, the mean over labels, and with intervals by patient.

The AUC is the share of pairs of a positive and a negative that the scores order rightly; ties count half. It is not
left to scikit-learn, because scores are sorted once for a thousand resamples here, and pairs may be limited to strata.
"""

from collections.abc import Sequence

import numpy as np

from cxr.evaluation.bootstrap import limits, patient_resamples, with_interval


class RankedScores:
    """Scores of one label, ready for the AUC under any weights of the rows.

    truth   (rows,) 1 and 0, NaN where not known, which counts nothing
    strata  (rows,) whole numbers: positives are compared with negatives of the same stratum only; default: one for all.
            Scores of networks that were fitted without one another's patients have no common scale
    """

    def __init__(self, truth: np.ndarray, scores: np.ndarray, strata: np.ndarray | None = None) -> None:
        known = np.flatnonzero(np.isfinite(truth))
        of = np.zeros(len(truth), int) if strata is None else strata
        self._strata = [
            _Stratum(rows, truth[rows] == 1, scores[rows])
            for part in np.unique(of[known])
            if len(rows := known[of[known] == part])
        ]

    def auc(self, weights: np.ndarray) -> float | None:
        """Share of the pairs of a positive and a negative that are ordered rightly, ties half; None without pairs.

        A pair counts as the product of its rows' weights.
        """
        counts = [part.pairs(weights) for part in self._strata]
        pairs = sum(each for _, each in counts)
        return sum(right for right, _ in counts) / pairs if pairs > 0 else None


def auc_of(truth: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None) -> float | None:
    """AUC of scores `(rows,)` for labels 1 and 0; rows with NaN are left out. None without positives or negatives.

    weights  (rows,) of the rows; None for equal weights
    """
    return RankedScores(truth, scores).auc(np.ones(len(truth)) if weights is None else weights)


def mean_auc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None) -> float | None:
    """Mean AUC over the columns of `(rows, findings)` that have one; None if none has."""
    columns = zip(labels.T, scores.T, strict=True)
    known = [auc for truth, column in columns if (auc := auc_of(truth, column, weights)) is not None]
    return float(np.mean(known)) if known else None


def mean_auc_with_interval(labels: np.ndarray, logits: np.ndarray, draws: Sequence[np.ndarray]) -> list[float] | None:
    """[mean over the findings that have an AUC, low, high]; None if none has one."""
    return with_interval(lambda rows: mean_auc(labels[rows], logits[rows]), draws, len(labels))


class _Stratum:
    def __init__(self, rows: np.ndarray, positive: np.ndarray, scores: np.ndarray) -> None:
        order = np.argsort(scores, kind="stable")
        self._rows, self._positive = rows[order], positive[order]
        ranked = scores[order]
        self._starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
        """First of each run of equal scores."""

    def pairs(self, weights: np.ndarray) -> tuple[float, float]:
        """(pairs that are ordered rightly, all pairs)."""
        ordered = weights[self._rows]
        positive = np.add.reduceat(ordered * self._positive, self._starts)
        negative = np.add.reduceat(ordered * ~self._positive, self._starts)
        below = np.cumsum(negative) - negative
        return float(positive @ (below + negative / 2)), float(positive.sum() * negative.sum())


def draws_as_weights(patients: Sequence[str]) -> np.ndarray:
    """(draws, rows): how often each row is in each of the draws of `patient_resamples`."""
    return np.stack([np.bincount(rows, minlength=len(patients)) for rows in patient_resamples(patients)])


def auc_with_interval(ranked: RankedScores, weights: np.ndarray, draws: np.ndarray) -> list[float] | None:
    """[AUC, low, high] under weights of the rows, its 95 % interval from draws of patients; None without pairs."""
    whole = ranked.auc(weights)
    if whole is None:
        return None
    drawn = [auc for times in draws if (auc := ranked.auc(weights * times)) is not None]
    return [whole, *limits(drawn)]
