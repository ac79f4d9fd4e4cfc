"""Removing parts of the input in the order of a map, and what the logits do meanwhile.

The measure `relevance_gain` and the benchmark share this arithmetic. Source: symmetric relevance gain of Blücher,
Vielhaben, Strodthoff, TMLR 2024.
"""

import numpy as np

from cxr.fills import fill_values
from explainers.contract.context import Context
from explainers.map_statistics import on_grid

SQUARES = 14
"""Along a side: every map is ranked on the same squares, so that a fine map gains nothing by scattering its pixels."""

STEPS = 10
"""From nothing removed to everything removed, in equal areas."""


def removal_order(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(squares,) numbers of the squares, the most important first; ties in random order."""
    grid = on_grid(values, SQUARES).ravel()
    return np.lexsort((rng.permutation(grid.size), -grid))


def removal_curves(context: Context, order: np.ndarray) -> np.ndarray:
    """(2, STEPS + 1, n): logits with 0, 1/STEPS … of the squares removed, most and least important first."""
    picture = context.input
    fill = fill_values(picture)
    inner = [_without(picture, fill, way[: round(order.size * step / STEPS)])
             for way in (order, order[::-1]) for step in range(1, STEPS)]  # fmt: skip
    empty = np.broadcast_to(fill, picture.shape).astype(np.float32)
    logits = context.forward(np.stack([*inner, empty]))
    curves = np.empty((2, STEPS + 1, logits.shape[1]))
    curves[:, 0], curves[:, -1] = context.logits, logits[-1]
    curves[:, 1:-1] = logits[:-1].reshape(2, STEPS - 1, -1)
    return curves


def relevance_gain(curves: np.ndarray) -> float:
    """Area under (least first) less area under (most first), by trapezoids, over shares from 0 to 1."""
    most, least = curves
    weights = np.full(len(most), 1 / (len(most) - 1))
    weights[[0, -1]] /= 2
    return float(weights @ (least - most))


def _without(picture: np.ndarray, fill: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """The picture with these squares filled."""
    removed = np.zeros(SQUARES**2, bool)
    removed[squares] = True
    height, width = picture.shape[:2]
    rows = np.arange(height) * SQUARES // height
    columns = np.arange(width) * SQUARES // width
    mask = removed.reshape(SQUARES, SQUARES)[rows][:, columns]
    return np.where(mask[..., None], fill, picture).astype(np.float32)
