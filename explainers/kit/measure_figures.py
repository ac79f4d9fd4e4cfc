"""Checks of a measure's figures: names that several measures use mean the same everywhere.

The benchmark, the page and `/compare` show figures by their names. A measure that uses one of these names is held to
its meaning, on maps of which the answer is known without arithmetic.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cxr.frame import Box
from explainers.contract.measure import Measured, NotMeasurable
from explainers.kit.explainer_runner import DISC, disc, network
from explainers.kit.measure_runner import DERIVATIVES, TRUE, MeasureRunner, explained
from explainers.kit.report import CheckFailed, NotApplicable

NEAR = 0.02
"""By which a figure may differ from what it must be: a box is sampled at points."""

Expected = Mapping[str, float]

ALL_IN = {"pointing": 1, "pointing_tolerant": 1, "abstains": 0, "mass": 1, "iou_top": 1, "iou_equal_area": 1,
          "iobb_top": 1, "pixel_auc": 1}  # fmt: skip
NONE_IN = {"pointing": 0, "abstains": 0, "mass": 0, "iou_top": 0, "iou_equal_area": 0, "iobb_top": 0}
EMPTY = NONE_IN | {"pointing_tolerant": 0, "abstains": 1, "pixel_auc": 0.5}


def figures(runner: MeasureRunner) -> str:
    """Figures whose names are in common use (pointing, mass, IoU, controls …) mean what these names mean."""
    found = _found(runner)
    parts = [_with_boxes(runner)] if runner.needs_box() else []
    if found and {"controls", "share_of_controls_beaten"} <= found.figures.keys():
        parts.append(_of_controls(runner))
    if found and {"most_first", "least_first"} <= found.figures.keys():
        parts.append(_of_removal(found))
    if found and "cells" in found.figures:
        parts.append(_of_cells(runner))
    seen = sorted({name for part in parts for name in part})
    if not seen:
        raise NotApplicable("None of its figures has a name in common use.")
    return ", ".join(seen)


def _with_boxes(runner: MeasureRunner) -> Iterator[str]:
    """Figures of a map and a box; their names."""
    true = explained(TRUE[0], tuple(TRUE[1].items()))
    for words, values, box, expected in _cases(true.frame.input_size):
        try:
            found = runner.on(replace(true, map=values), box=box).figures
        except NotMeasurable:
            continue
        for name in expected.keys() & found.keys():
            if abs(float(found[name]) - expected[name]) > NEAR:
                raise CheckFailed(
                    f"Of {words} its figure {name!r} is {float(found[name]):.3g}, and {expected[name]:.3g} is right. "
                    "Compute it as the docs define that name, or call it something else."
                )
            yield name


def _cases(size: Sequence[int]) -> Iterator[tuple[str, np.ndarray, Box | None, Expected]]:
    """(words, map, box or None for the disc's, the figures that are right) on an input of a size."""
    from cxr.planted_network import Disc

    top, left, height, width = Disc(*DISC).box
    inside = np.zeros(size, np.float32)
    inside[top : top + height, left : left + width] = 1
    area = {"area": float(inside.mean())}
    yield "a map that is the box", inside, None, ALL_IN | area
    yield "a map that is the box, and negative elsewhere", 2 * inside - 1, None, ALL_IN | area
    yield "a map of all but the box", 1 - inside, None, NONE_IN | {"pixel_auc": 0} | area
    yield "a map of zeros", 0 * inside, None, EMPTY | area
    yield "a map below zero", inside - 2, None, EMPTY | area
    middle = (top + height // 2, left + width // 2)
    for words, place, tolerant in (
        ("a point a pixel left of the box", (middle[0], left - 1), 1),
        ("a point a pixel below the box", (top + height, middle[1]), 1),
        ("a point far left of the box", (middle[0], left // 2), 0),
        ("a point far below the box", (size[0] - 4, middle[1]), 0),
    ):
        yield words, _with(inside, place), None, NONE_IN | {"pointing_tolerant": tolerant} | area
    rows, columns = map(float, size)
    whole, left_half = (0.0, 0.0, rows, columns), (0.0, 0.0, rows, columns / 2)
    yield "a map and a box that is the whole picture", inside, whole, {"area": 1, "mass": 1, "pixel_auc": 0.5}
    halves = np.zeros_like(inside)
    halves[:, : size[1] // 2] = 1
    of_halves = {"area": 0.5, "mass": 1, "pixel_auc": 1, "iou_equal_area": 1}
    yield "a map and a box that are the left half of the picture", halves, left_half, of_halves
    half = np.zeros_like(inside)
    half[top : top + height // 2, left : left + width] = 2
    half[top + height // 2 : top + height, :width] = 1  # as large, far from the box
    ties = (inside.size - 1.5 * inside.sum()) / (inside.size - inside.sum())  # of points outside, those at zero
    yield "a map whose hot half is in the box", half, None, {
        "pointing": 1, "mass": 2 / 3, "iou_top": 1 / 3, "iou_equal_area": 1 / 3, "iobb_top": 0.5,
        "pixel_auc": 0.5 + 0.25 * ties,
    }  # fmt: skip


def _with(inside: np.ndarray, place: tuple[int, int]) -> np.ndarray:
    """A map of zeros but for one pixel."""
    values = np.zeros_like(inside)
    values[place] = 1
    return values


def _of_controls(runner: MeasureRunner) -> Iterator[str]:
    """The share of controls that are beaten is that of the controls beside it."""
    for found in _of_some_maps(runner):
        if found.value is None or not runner.measure.better:
            return
        share, sign = float(found.figures["share_of_controls_beaten"]), 1 if runner.measure.better == "higher" else -1
        beaten = [sign * found.value > sign * float(each) for each in found.figures["controls"].values()]
        if abs(share - np.mean(beaten)) > NEAR:
            raise CheckFailed(
                f"Its figure 'share_of_controls_beaten' is {share:.3g}, though its value is better than "
                f"{sum(beaten)} of {len(beaten)} controls in its figure 'controls'."
            )
        yield "share_of_controls_beaten"


def _of_removal(found: Measured) -> Iterator[str]:
    """Curves of a removal begin at the picture's logit and end together; of a true map, the most falls first."""
    from cxr.planted_network import FOR_BRIGHT

    picture = network().prepare(disc()).array
    logit = float(network().forward(picture[None])[0, network().labels.index(FOR_BRIGHT)])
    most, least = (np.asarray(found.figures[name], float) for name in ("most_first", "least_first"))
    tolerance = NEAR * max(1.0, abs(logit))
    together = most.shape == least.shape and most.ndim == 1 and abs(most[-1] - least[-1]) < tolerance
    if not together or max(abs(most[0] - logit), abs(least[0] - logit)) > tolerance:
        raise CheckFailed(
            f"Its figures 'most_first' and 'least_first' are {_listed(most)} and {_listed(least)}. The logits of a "
            f"removal begin with the picture's, {logit:.3g}, and end with the same, when everything is removed."
        )
    if most.mean() >= least.mean() or most[0] - most[-1] < (most[0] - most.min()) / 2:
        raise CheckFailed(
            f"Of the true map its figure 'most_first' is {_listed(most)}, and 'least_first' {_listed(least)}. The "
            "first falls before the second, and stays low, since all evidence is removed then."
        )
    yield from ("most_first", "least_first")
    if "by_fill" in found.figures:
        yield _of_fills(found.figures["by_fill"], most, least)


def _of_fills(by_fill: Mapping[str, float], most: np.ndarray, least: np.ndarray) -> str:
    """Gains are areas between the curves, so that their mean over the fills is the area between the mean curves."""
    gain, area = float(np.mean(list(by_fill.values()))), float(np.trapezoid(least - most, dx=1 / (len(most) - 1)))
    if abs(gain - area) > NEAR * max(1.0, abs(area)):
        raise CheckFailed(
            f"The mean of its figure 'by_fill' is {gain:.3g}, and the area between 'least_first' and 'most_first' is "
            f"{area:.3g}. A gain is that area, over shares removed from 0 to 1, in logits."
        )
    return "by_fill"


def _of_cells(runner: MeasureRunner) -> Iterator[str]:
    """Of a linear network, a cell's derivatives foretell exactly what covering it changes."""
    on = network("linear")
    try:
        found = runner.on(explained(DERIVATIVES, (), 0, "", on), given=on)
    except NotMeasurable:
        return
    for cell in found.figures["cells"]:
        if not {"expected", "changes"} <= cell.keys():
            return
        measured = float(np.mean(list(cell["changes"].values())))
        if abs(cell["expected"] - measured) > NEAR * max(abs(measured), NEAR):
            raise CheckFailed(
                f"Of a linear network its figure 'cells' expects a change of {cell['expected']:.4g}, and measures "
                f"{measured:.4g}. What derivatives expect is their sum, each times the change of brightness."
            )
    yield "cells"


def _listed(values: Any) -> str:
    return ", ".join(f"{each:.3g}" for each in np.ravel(values)[:8])


def _found(runner: MeasureRunner) -> Measured | None:
    """What it says of the true map; None where it says nothing."""
    try:
        return runner.on(explained(TRUE[0], tuple(TRUE[1].items())))
    except NotMeasurable:
        return None


def _of_some_maps(runner: MeasureRunner) -> Iterator[Measured]:
    """What it says of the true map and of random ones, some of which beat some controls."""
    for name, options, seed in ((*TRUE, 0), ("random_map", {}, 0), ("random_map", {}, 1)):
        try:
            yield runner.on(explained(name, tuple(options.items()), seed))
        except NotMeasurable:
            continue
