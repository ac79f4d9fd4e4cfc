"""How well a map agrees with a box on the radiograph: pointing game, mass, overlap, area under the curve.

Measures, the page and the benchmark share this arithmetic.
"""

import numpy as np

from cxr.frame import Box
from explainers.contract.measure import NotMeasurable
from explainers.map_statistics import hottest, overlap, peak, ranks

SIDE = 256
"""Pixels along a side on which maps and boxes are compared: a box of NIH's smallest nodules is 14 of them wide."""

TOLERANCE = 15 / 500
"""Of the side: how far the maximum may miss the box in the tolerant pointing game."""

TOP = 0.1
"""Share of the picture that is called hot."""


def sample_with_box(image_map: np.ndarray, *boxes: Box) -> tuple[np.ndarray, np.ndarray]:
    """A map on the radiograph and the area of its boxes, both sampled at the middles of SIDE × SIDE cells.

    NaN counts as zero. Raises NotMeasurable where no middle lies in a box.
    """
    height, width = image_map.shape
    middles = (np.arange(SIDE) + 0.5) / SIDE
    values = image_map[(middles * height).astype(int)][:, (middles * width).astype(int)]
    rows, columns = middles * height, middles * width
    inside = np.zeros((SIDE, SIDE), bool)
    for top, left, tall, wide in boxes:
        inside |= np.outer((rows >= top) & (rows < top + tall), (columns >= left) & (columns < left + wide))
    if not inside.any():
        raise NotMeasurable("The box is smaller than a point of the picture.")
    return np.nan_to_num(values), inside


def box_scores(values: np.ndarray, inside: np.ndarray) -> dict[str, float | bool]:
    """Pointing, mass, IoU, IoBB and pixel AUC of a map `(y, x)` against a box, `inside` (y, x) bool.

    Only positive cells count as hot, so that ties at zero are no overlap. A map without a positive cell misses in every
    figure: no pointing, mass, IoU and IoBB 0, AUC 0.5.
    """
    positive = np.maximum(values, 0)
    point = peak(values)
    hot, same_size = (hottest(values, share) & (values > 0) for share in (TOP, float(inside.mean())))
    return {
        "abstains": point is None,
        "pointing": point is not None and bool(inside[int(point[0]), int(point[1])]),
        "pointing_tolerant": point is not None and _within(inside, point, TOLERANCE * len(values)),
        "mass": float(positive[inside].sum() / positive.sum()) if positive.any() else 0.0,
        "area": float(inside.mean()),
        "iou_top": overlap(hot, inside),
        "iou_equal_area": overlap(same_size, inside),
        "iobb_top": float((hot & inside).sum() / hot.sum()) if hot.any() else 0.0,
        "pixel_auc": _pixel_auc(values, inside) if positive.any() else 0.5,
    }


def _within(inside: np.ndarray, point: tuple[float, float], radius: float) -> bool:
    rows, columns = (np.arange(side) + 0.5 for side in inside.shape)
    return bool(inside[np.hypot(rows[:, None] - point[0], columns - point[1]) <= radius].any())


def _pixel_auc(values: np.ndarray, inside: np.ndarray) -> float:
    """Chance that a point in the box is hotter than one outside; ties count half."""
    count = int(inside.sum())
    if count == inside.size:
        return 0.5
    total = ranks(values)[inside.ravel()].sum()
    return float((total - count * (count + 1) / 2) / (count * (inside.size - count)))
