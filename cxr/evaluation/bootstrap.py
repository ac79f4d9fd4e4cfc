"""Intervals by patient: pictures of one patient are not independent, so patients are drawn, with all they have."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

RESAMPLES = 1000
PERCENTILES = (2.5, 97.5)


def patient_resamples(patients: Sequence[str], *, count: int = RESAMPLES, seed: int = 0) -> Iterator[np.ndarray]:
    """Rows of as many patients as there are, drawn with replacement, `count` times; the same draws for a seed."""
    _, of = np.unique(np.asarray(patients), return_inverse=True)
    order = np.argsort(of, kind="stable")
    rows_of = np.split(order, np.cumsum(np.bincount(of))[:-1])
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield np.concatenate([rows_of[at] for at in rng.integers(0, len(rows_of), len(rows_of))])


def interval(
    figure: Callable[[np.ndarray], float | None], patients: Sequence[str], *, count: int = RESAMPLES, seed: int = 0
) -> tuple[float, float] | None:
    """95 % percentile interval of `figure(rows)`, None where too few resamples define it."""
    drawn = [
        value for rows in patient_resamples(patients, count=count, seed=seed) if (value := figure(rows)) is not None
    ]
    return limits(drawn) if len(drawn) > count / 2 else None


def limits(drawn: Sequence[float]) -> tuple[float, float]:
    """The 2.5th and the 97.5th percentile."""
    low, high = np.percentile(drawn, PERCENTILES)
    return float(low), float(high)
