"""Intervals of shares: by the bootstrap over patients where there are enough of them, exact where there are few.

The bootstrap's interval is too narrow for few patients, and has no width for a share of 0 or 1.
"""

from collections.abc import Sequence

import numpy as np

from cxr.evaluation.bootstrap import PERCENTILES, limits

FEW_PATIENTS = 10
"""Number of patients with, and of patients without, below which the interval of a share is exact."""


def clopper_pearson(hits: float, trials: float) -> tuple[float, float]:
    """The exact 95 % interval of a share (Clopper and Pearson 1934); (0, 1) without trials.

    hits  a patient with several pictures counts as the share of them, so the number may be fractional
    """
    if trials <= 0:
        return 0.0, 1.0
    from scipy.stats import beta

    low, high = (percentile / 100 for percentile in PERCENTILES)
    return (
        float(beta.ppf(low, hits, trials - hits + 1)) if hits > 0 else 0.0,
        float(beta.ppf(high, hits + 1, trials - hits)) if hits < trials else 1.0,
    )


def share_by_patient(
    found: np.ndarray, of: np.ndarray, patients: Sequence[str] | np.ndarray, draws: np.ndarray
) -> list[float] | None:
    """[share of the rows `of` that are `found`, low, high], 95 % by patient; None without such rows.

    found, of  (rows,) bool
    draws      (draws, rows) how often each row is in each resample of the patients

    The interval is that of the resamples. Where fewer than ten patients have a row that is found, or fewer than ten
    have one that is not, it is Clopper and Pearson's with one trial for each patient.
    """
    if not of.any():
        return None
    share = float(found[of].mean())
    names = np.asarray(patients)
    sides = [len(set(names[of & side])) for side in (found, ~found)]
    if min(sides) < FEW_PATIENTS:
        trials = len(set(names[of]))
        return [share, *clopper_pearson(share * trials, trials)]
    counts = draws @ of.astype(float)
    shares = (draws @ (of & found).astype(float))[counts > 0] / counts[counts > 0]
    return [share, *limits(shares)]


def ratio_by_patient(
    found: np.ndarray,
    of: np.ndarray,
    against: np.ndarray,
    patients: Sequence[str] | np.ndarray,
    draws: np.ndarray,
) -> list[float] | None:
    """[share of `found` among the rows `of` over that among the rows `against`, low, high]; None where it is infinite.

    The interval is that of the resamples. Where fewer than ten patients of either kind have a row that is found, it
    runs from the lowest quotient of the two exact intervals to the highest.
    """
    own, others = (share_by_patient(found, rows, patients, draws) for rows in (of, against))
    if own is None or others is None or others[0] == 0:
        return None
    (share, low, high), (other, other_low, other_high) = own, others
    names = np.asarray(patients)
    if min(len(set(names[found & rows])) for rows in (of, against)) < FEW_PATIENTS:
        return [share / other, low / other_high, high / other_low]
    parts = [(draws @ (rows & found).astype(float), draws @ rows.astype(float)) for rows in (of, against)]
    (hits, count), (other_hits, other_count) = parts
    defined = (count > 0) & (other_hits > 0)
    ratios = hits[defined] * other_count[defined] / (count[defined] * other_hits[defined])
    return [share / other, *limits(ratios)]
