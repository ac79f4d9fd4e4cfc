"""Removing parts of the input in the order of a map, and what the logits do meanwhile.

The measure `relevance_gain` and the benchmark share this arithmetic. Source: symmetric relevance gain of Blücher,
Vielhaben, Strodthoff, TMLR 2024.

An explainer that fills with the mean itself has an advantage where the mean is the test's fill too. So there are four,
and the gain is the median over them: for a finding whose evidence is dark, a black fill adds what it should remove,
and one such fill must not decide.
"""

from collections.abc import Sequence

import numpy as np

from cxr.fills import fill_values
from explainers.background import synthetic_chests
from explainers.contract.context import Context
from explainers.map_statistics import on_grid

SQUARES = 14
"""Along a side: every map is ranked on the same squares, so that a fine map gains nothing by scattering its pixels."""

STEPS = 5
"""From nothing removed to everything removed, in equal areas."""

FILLS = ("mean", "blur", "black", "chests")
"""What takes the place of removed squares: the input's mean, the input blurred, its darkest value, or the average of
synthetic chests without findings. These come with the project, so that every network has the same, and no patient's
picture is needed; a checkpoint's average maps are no pictures."""

BLUR_SQUARES = 0.5
"""Standard deviation of the blur, in sides of a square: what is smaller than a square is gone."""


def removal_order(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(squares,) numbers of the squares, the most important first; ties in random order."""
    grid = on_grid(values, SQUARES).ravel()
    return np.lexsort((rng.permutation(grid.size), -grid))


def removal_curves(context: Context, order: np.ndarray, fillings: Sequence[np.ndarray] | None = None) -> np.ndarray:
    """(fills, 2, STEPS + 1, n): logits with 0, 1/STEPS … of the squares removed, most and least important first.

    fillings  of `fillings_of`, where several maps of one input are tried; None computes them
    """
    return np.stack([_curves(context, order, fill) for fill in fillings or fillings_of(context)])


def fillings_of(context: Context) -> list[np.ndarray]:
    """What each of FILLS puts in place of a removed square: arrays that broadcast to the input."""
    return [_filling(context, fill) for fill in FILLS]


def _curves(context: Context, order: np.ndarray, fill: np.ndarray) -> np.ndarray:
    picture = context.input
    inner = [_without(picture, fill, way[: round(order.size * step / STEPS)])
             for way in (order, order[::-1]) for step in range(1, STEPS)]  # fmt: skip
    empty = np.broadcast_to(fill, picture.shape).astype(np.float32)
    logits = context.forward(np.stack([*inner, empty]))
    curves = np.empty((2, STEPS + 1, logits.shape[1]))
    curves[:, 0], curves[:, -1] = context.logits, logits[-1]
    curves[:, 1:-1] = logits[:-1].reshape(2, STEPS - 1, -1)
    return curves


def _filling(context: Context, fill: str) -> np.ndarray:
    if fill == "mean":
        return fill_values(context.input, "mean")
    if fill == "black":
        return fill_values(context.input, "black")
    if fill == "blur":
        side_px = max(context.input.shape[:2]) / SQUARES
        return fill_values(context.input, "blur", sigma_px=BLUR_SQUARES * side_px)
    return np.stack([context.prepare(chest) for chest in synthetic_chests()]).mean(axis=0, dtype=np.float32)


def relevance_gain(curves: np.ndarray) -> float:
    """Area under (least first) less area under (most first), by trapezoids, over shares from 0 to 1.

    curves  (2, steps + 1), or (fills, 2, steps + 1): then the median over fills
    """
    most, least = curves[..., 0, :], curves[..., 1, :]
    weights = np.full(most.shape[-1], 1 / (most.shape[-1] - 1))
    weights[[0, -1]] /= 2
    return float(np.median((least - most) @ weights))


def _without(picture: np.ndarray, fill: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """The picture with these squares filled."""
    removed = np.zeros(SQUARES**2, bool)
    removed[squares] = True
    height, width = picture.shape[:2]
    rows = np.arange(height) * SQUARES // height
    columns = np.arange(width) * SQUARES // width
    mask = removed.reshape(SQUARES, SQUARES)[rows][:, columns]
    return np.where(mask[..., None], fill, picture).astype(np.float32)
