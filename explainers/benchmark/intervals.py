"""Means over findings with 95 % intervals by patient that hold for few patients too.

A figure's rows are one finding's target on one radiograph each. Patients are drawn in strata, so that every draw holds
every finding. With many patients the interval is the bootstrap's; with few it is a bootstrap-t, whose draws are scaled
by their own standard errors, and with fewer than five of a finding Student's t. A share that few patients meet, or few
miss, has Clopper and Pearson's interval, and so has a difference of shares that few patients make. Of values that are
all equal the interval is as wide as one unseen other value allows.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from cxr.evaluation.bootstrap import PERCENTILES, limits
from cxr.evaluation.intervals import FEW_PATIENTS, clopper_pearson

ENOUGH_PATIENTS, ENOUGH_OF_EACH = 30, 10
"""In all, and of each finding: below either, a bootstrap's percentiles are too narrow."""

FOR_BOOTSTRAP_T = 5
"""Patients of each finding, below which most draws have no standard error to speak of."""

CONFIDENCE = 0.95


class Sampled:
    """Values of rows with their findings and patients, and the draws of patients that intervals come from.

    values   (rows,) float64, none of them NaN
    kinds    (rows,) the finding of each
    patients (rows,)
    bounds   (lowest, highest) value that a row can have; None where there are none
    """

    def __init__(
        self,
        values: np.ndarray,
        kinds: Sequence[str],
        patients: Sequence[str],
        *,
        bounds: tuple[float, float] | None = None,
        count: int,
        seed: int,
    ) -> None:
        self.values, self.bounds = np.asarray(values, float), bounds
        self._kinds, self._patients = tuple(kinds), tuple(patients)
        self._of = np.unique(self._kinds, return_inverse=True)[1]
        self._count, self._seed = count, seed

    @property
    def mean(self) -> float:
        """The mean over findings of the mean over their rows."""
        return self._mean_of(self.values)

    def _mean_of(self, values: np.ndarray) -> float:
        return float(macro(values, np.array(self._kinds), np.ones((1, len(values))))[0])

    @property
    def patients(self) -> float:
        """As many patients as would know a mean over one finding as well: F² / Σ 1/n over the F findings' patients."""
        counts = self._counts()
        return len(counts) ** 2 / sum(1 / count for count in counts)

    def _counts(self) -> list[int]:
        """Patients of each finding."""
        pairs = set(zip(self._kinds, self._patients, strict=True))
        return [sum(kind == other for other, _ in pairs) for kind in dict.fromkeys(self._kinds)]

    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the mean."""
        low, high = self._interval()
        if self.bounds is not None:
            low, high = max(low, self.bounds[0]), min(high, self.bounds[1])
        return low, high

    def _interval(self) -> tuple[float, float]:
        if np.ptp(self.values) < 1e-12:
            return self._of_equal_values()
        exact = self._exact()
        if exact is not None:
            return exact
        if self._are_enough():
            return limits(self.drawn())
        return self._studentised() if min(self._counts()) >= FOR_BOOTSTRAP_T else self._of_student()

    def _are_enough(self) -> bool:
        return len(set(self._patients)) >= ENOUGH_PATIENTS and min(self._counts()) >= ENOUGH_OF_EACH

    def _exact(self) -> tuple[float, float] | None:
        """Of a share, or of a difference of shares, that few patients make; None for anything else."""
        if self.bounds == (0.0, 1.0) and np.isin(self.values, (0, 1)).all():
            share = self._mean_of(self.values)
            return self._clopper_pearson(share) if self._few(min(share, 1 - share)) else None
        if self.bounds == (-1.0, 1.0) and np.isin(self.values, (-1, 0, 1)).all():
            higher, lower = (self._mean_of((self.values == sign).astype(float)) for sign in (1, -1))
            if self._few(higher) or self._few(lower):
                (least, most), (least_lower, most_lower) = map(self._clopper_pearson, (higher, lower))
                return least - most_lower, most - least_lower
        return None

    def _few(self, share: float) -> bool:
        return share * self.patients < FEW_PATIENTS

    def _clopper_pearson(self, share: float) -> tuple[float, float]:
        return clopper_pearson(share * self.patients, self.patients)

    def _of_equal_values(self) -> tuple[float, float]:
        """As far as the share of patients whose value would be another can be, none of n having one."""
        unseen = clopper_pearson(0, self.patients)[1]
        value = float(self.values[0])
        if self.bounds is None:
            return value, value
        lowest, highest = self.bounds
        return value - unseen * (value - lowest), value + unseen * (highest - value)

    def drawn(self) -> np.ndarray:
        """Means of draws of patients; a draw that lacks a finding is left out."""
        means = self._means(self._weights())
        return means[np.isfinite(means)]

    def _studentised(self) -> tuple[float, float]:
        """The bootstrap-t interval: draws less the mean, each in its own standard errors."""
        weights = self._weights()
        means, errors = self._means(weights), self._errors(weights)
        there = np.isfinite(means) & (errors > 1e-12)
        if there.sum() < len(weights) / 2:
            return self._of_student()
        error = self._error()
        low, high = np.percentile((means[there] - self.mean) / errors[there], PERCENTILES)
        return self.mean - float(high * error), self.mean - float(low * error)

    def _of_student(self) -> tuple[float, float]:
        """Student's t with patients less findings as degrees of freedom."""
        from scipy.stats import t

        freedom = max(1, len(set(self._patients)) - len(set(self._kinds)))
        half = float(t.ppf((1 + CONFIDENCE) / 2, freedom)) * self._error()
        return self.mean - half, self.mean + half

    def _error(self) -> float:
        """The mean's own standard error."""
        return float(self._errors(np.ones((1, len(self.values))))[0])

    def _means(self, weights: np.ndarray) -> np.ndarray:
        return macro(self.values, np.array(self._kinds), weights)

    def _errors(self, weights: np.ndarray) -> np.ndarray:
        """(draws,) standard error of each draw's mean, by patient: linearised, corrected for few patients."""
        _, patient = np.unique(self._patients, return_inverse=True)
        summed = np.zeros((len(weights), patient.max() + 1))
        kinds = range(self._of.max() + 1)
        for kind in kinds:
            own = self._of == kind
            with np.errstate(invalid="ignore", divide="ignore"):
                total = weights[:, own].sum(axis=1, keepdims=True)
                mean = weights[:, own] @ self.values[own] / total[:, 0]
                parts = (self.values[own] - mean[:, None]) / total / len(kinds)
            np.add.at(summed.T, patient[own], parts.T)
        times = np.zeros_like(summed)
        times[:, patient] = weights
        people = times.sum(axis=1)
        correction = people / np.maximum(people - len(kinds), 1)
        return np.sqrt(np.nan_to_num((times * summed**2).sum(axis=1) * correction))

    def p_of_zero(self) -> float:
        """Two-sided p of a mean of zero: by the draws, and with few patients by changing the signs of theirs."""
        if self._are_enough():
            drawn = self.drawn()
            tail = min((drawn <= 0).sum(), (drawn >= 0).sum())
            return min(1.0, 2 * (float(tail) + 1) / (len(drawn) + 1))
        names, patient = np.unique(self._patients, return_inverse=True)
        signs = np.random.default_rng(self._seed).choice([-1.0, 1.0], (self._count, len(names)))[:, patient]
        flipped = np.zeros(self._count)
        kinds = range(self._of.max() + 1)
        for kind in kinds:
            own = self._of == kind
            flipped += (signs[:, own] * self.values[own]).mean(axis=1) / len(kinds)
        as_far = (np.abs(flipped) >= abs(self.mean) - 1e-12).sum()
        return min(1.0, (float(as_far) + 1) / (self._count + 1))

    def _weights(self) -> np.ndarray:
        return draws_with_every_finding(self._patients, self._kinds, self._count, self._seed)


def macro(values: np.ndarray, kinds: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(draws,) mean over findings of the weighted mean over their rows; NaN for a draw that lacks a finding.

    values   (rows,) with NaN where nothing was measured
    kinds    (rows,) the finding of each
    weights  (draws, rows) how often each row is in a bootstrap sample
    """
    there = np.isfinite(values)
    names, of = np.unique(kinds[there], return_inverse=True)
    if not len(names):
        return np.full(len(weights), np.nan)
    # one column for each finding, so that all means come from two products of matrices
    columns = np.zeros((len(values), len(names)), weights.dtype)
    columns[np.flatnonzero(there), of] = 1
    with np.errstate(invalid="ignore", divide="ignore"):
        sums = weights @ (columns * np.where(there, values, 0)[:, None].astype(weights.dtype))
        return (sums / (weights @ columns)).mean(axis=1, dtype=np.float64)


@lru_cache(maxsize=16)
def draws_with_every_finding(patients: tuple[str, ...], kinds: tuple[str, ...], count: int, seed: int) -> np.ndarray:
    """(draws, rows) float32: how often each row is in each draw of as many patients, the same for the same rows.

    Patients are drawn within strata: each belongs to the rarest of its findings, so that no draw is without it.
    """
    of_patient: dict[str, set[str]] = {}
    for patient, kind in zip(patients, kinds, strict=True):
        of_patient.setdefault(patient, set()).add(kind)
    frequency = {kind: sum(kind in own for own in of_patient.values()) for kind in set(kinds)}
    stratum = {patient: min(own, key=lambda kind: (frequency[kind], kind)) for patient, own in of_patient.items()}
    rng = np.random.default_rng(seed)
    times: dict[str, np.ndarray] = {}
    for kind in sorted(set(stratum.values())):
        members = [patient for patient, of in stratum.items() if of == kind]
        drawn = rng.multinomial(len(members), np.full(len(members), 1 / len(members)), size=count)
        times |= dict(zip(members, drawn.T, strict=True))
    return np.stack([times[patient] for patient in patients], axis=1).astype(np.float32)
