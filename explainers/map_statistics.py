"""Arithmetic on maps that measures, benchmark and page share: common grids, ranks, hottest parts."""

import cv2
import numpy as np

GRID = 28
"""Cells along a side on which maps of different grids are compared: finer than Grad-CAM's, coarser than pixels'."""


def on_grid(values: np.ndarray, count: int = GRID) -> np.ndarray:
    """A map of any size, (count, count) float64: enlarged bilinearly where it is coarser, area-averaged where finer."""
    from cxr.frame import Frame

    side = count * max(1, -(-max(values.shape) // count))
    large = Frame((side, side), (side, side), (0.0, 0.0, float(side), float(side))).map_to_input(values)
    return cv2.resize(large, (count, count), interpolation=cv2.INTER_AREA).astype(np.float64)


def ranks(values: np.ndarray) -> np.ndarray:
    """(n,) float64 from 1; equal values share their mean rank."""
    from scipy.stats import rankdata

    return rankdata(np.ravel(values))


def spearman(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rank correlation of two arrays of one size; 1 if they are equal, 0 if one of them is constant."""
    if np.array_equal(one, other):
        return 1.0
    first, second = ranks(one), ranks(other)
    if not (first.std() and second.std()):
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def hottest(values: np.ndarray, share: float) -> np.ndarray:
    """Boolean array: the hottest `share` of the cells. Ties at the border are all in, so it may be more."""
    count = max(1, round(share * values.size))
    return values >= np.partition(values.ravel(), -count)[-count]


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two boolean arrays; 0 if both are empty."""
    union = (one | other).sum()
    return float((one & other).sum() / union) if union else 0.0


def peak(values: np.ndarray) -> tuple[float, float] | None:
    """(y, x) of the maximum in continuous pixels: the middle of all tied maxima. None where nothing is positive."""
    highest = np.nanmax(values)
    if not highest > 0:
        return None
    y, x = np.argwhere(values == highest).mean(axis=0)
    return float(y) + 0.5, float(x) + 0.5
