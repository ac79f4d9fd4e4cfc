"""Bootstrap intervals by patient: pictures of one patient are not independent, so whole patients are resampled."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

RESAMPLES = 1000
PERCENTILES = (2.5, 97.5)


def patient_resamples(patients: Sequence[str], *, count: int = RESAMPLES, seed: int = 0) -> Iterator[np.ndarray]:
    """The rows of each of `count` resamples: as many patients as there are, values with replacement by the seed."""
    _, of = np.unique(np.asarray(patients), return_inverse=True)
    order = np.argsort(of, kind="stable")
    rows_of = np.split(order, np.cumsum(np.bincount(of))[:-1])
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield np.concatenate([rows_of[at] for at in rng.integers(0, len(rows_of), len(rows_of))])


def with_interval(
    figure: Callable[[np.ndarray], float | None], draws: Sequence[np.ndarray], rows: int
) -> list[float] | None:
    """[figure of all `rows`, low, high] with a 95 % interval over resamples; None where the figure is not defined."""
    whole = figure(np.arange(rows))
    if whole is None:
        return None
    return [whole, *limits([value for each in draws if (value := figure(each)) is not None])]


def interval(
    figure: Callable[[np.ndarray], float | None], patients: Sequence[str], *, count: int = RESAMPLES, seed: int = 0
) -> tuple[float, float] | None:
    """95 % percentile interval of `figure(rows)`, None where too few resamples define it."""
    values = [
        value for rows in patient_resamples(patients, count=count, seed=seed) if (value := figure(rows)) is not None
    ]
    return limits(values) if len(values) > count / 2 else None


def limits(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """The 2.5th and the 97.5th percentile."""
    low, high = np.percentile(values, PERCENTILES)
    return float(low), float(high)
