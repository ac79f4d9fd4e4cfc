"""How a map agrees with a box that somebody drew."""

import numpy as np

from cxr.frame import Box
from explainers.contract.measure import Measure, Measured, NotMeasurable, Subject
from explainers.hookspecs import hookimpl
from explainers.map_statistics import hottest, overlap, peak

SIDE = 256
"""Pixels along a side on which maps and boxes are compared: a box of NIH's smallest nodules is 14 of them wide."""

TOLERANCE = 15 / 500
"""Of the side: how far the maximum may miss the box in the tolerant pointing game."""

TOP = 0.1
"""Share of the picture that is called hot."""


class Localisation(Measure):
    """How much of the map's positive part lies in the box, beside what the box's size alone would give.

    Pointing: whether the maximum lies in the box, exactly and within 3 % of the side; a map without a positive cell
    abstains, which counts as a miss. IoU: overlap of the box with the hottest part of its own size, and with the
    hottest tenth. IoBB: the share of the hot tenth that lies in the box. Of one box these are anecdotes.
    Source: pointing game of Zhang et al., IJCV 2018; IoBB of Wang et al., CVPR 2017.
    """

    name, title, unit, bounds, better = "localisation", "Your box", "share of the map", (0, 1), "higher"
    reference = "Zhang et al. 2018, arXiv 1608.00507"
    needs_box = True

    def measure(self, subject: Subject) -> Measured:
        """Mass in the box; the rest in the figures."""
        if subject.box is None:
            raise NotMeasurable("There is no box to compare with.")
        values, inside = on_square(subject.explanation.on_image(), subject.box)
        figures = against_box(values, inside)
        mass, chance = figures["mass"], figures["area"]
        pointing = "abstains" if figures["abstains"] else "lies in it" if figures["pointing"] else "misses it"
        sentence = (
            f"{mass:.0%} of the positive map lies in the box, which is {chance:.0%} of the picture; its maximum "
            f"{pointing}. The hottest part of the box's size overlaps it by {figures['iou_equal_area']:.0%}."
        )
        return Measured(mass, sentence, figures=figures)


def on_square(image_map: np.ndarray, box: Box) -> tuple[np.ndarray, np.ndarray]:
    """A map on the radiograph and the box, both sampled at the middles of SIDE × SIDE cells; NaN counts as zero."""
    height, width = image_map.shape
    middles = (np.arange(SIDE) + 0.5) / SIDE
    values = image_map[(middles * height).astype(int)][:, (middles * width).astype(int)]
    top, left, tall, wide = box
    rows, columns = middles * height, middles * width
    inside = np.outer((rows >= top) & (rows < top + tall), (columns >= left) & (columns < left + wide))
    if not inside.any():
        raise NotMeasurable("The box is smaller than a point of the picture.")
    return np.nan_to_num(values), inside


def against_box(values: np.ndarray, inside: np.ndarray) -> dict[str, float | bool]:
    """Pointing, mass, IoU, IoBB and area under the curves of a map `(y, x)` against a box of the same shape."""
    positive = np.maximum(values, 0)
    point = peak(values)
    hot, same_size = hottest(values, TOP), hottest(values, float(inside.mean()))
    ranked = None if not positive.any() else _pixel_auc(values, inside)
    return {
        "abstains": point is None,
        "pointing": point is not None and bool(inside[int(point[0]), int(point[1])]),
        "pointing_tolerant": point is not None and _within(inside, point, TOLERANCE * len(values)),
        "mass": float(positive[inside].sum() / positive.sum()) if positive.any() else 0.0,
        "area": float(inside.mean()),
        "iou_top": overlap(hot, inside),
        "iou_equal_area": overlap(same_size, inside),
        "iobb_top": float((hot & inside).sum() / hot.sum()),
        "pixel_auc": 0.5 if ranked is None else ranked,
    }


def _within(inside: np.ndarray, point: tuple[float, float], radius: float) -> bool:
    rows, columns = (np.arange(side) + 0.5 for side in inside.shape)
    return bool(inside[np.hypot(rows[:, None] - point[0], columns - point[1]) <= radius].any())


def _pixel_auc(values: np.ndarray, inside: np.ndarray) -> float:
    """Chance that a point in the box is hotter than one outside; ties count half."""
    from explainers.map_statistics import ranks

    count = int(inside.sum())
    if count == inside.size:
        return 0.5
    total = ranks(values)[inside.ravel()].sum()
    return float((total - count * (count + 1) / 2) / (count * (inside.size - count)))


@hookimpl
def cxr_lens_measures() -> list[type[Measure]]:
    return [Localisation]
