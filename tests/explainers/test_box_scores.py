"""Scores of a map against a box: the rule for maps that show nothing."""

import numpy as np
import pytest

from explainers.box_scores import box_scores

INSIDE = np.zeros((10, 10), bool)
INSIDE[2:6, 3:8] = True  # a fifth of the picture

NOTHING = {
    "zero": np.zeros((10, 10)),
    "negative": -np.ones((10, 10)),
    "negative with a peak in the box": np.where(INSIDE, -0.1, -1.0),
}


@pytest.mark.parametrize("values", NOTHING.values(), ids=NOTHING)
@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("abstains", True),
        ("pointing", False),
        ("pointing_tolerant", False),
        ("mass", 0.0),
        ("iou_top", 0.0),
        ("iou_equal_area", 0.0),
        ("iobb_top", 0.0),
        ("pixel_auc", 0.5),
        ("area", 0.2),
    ],
)
def test_a_map_without_a_positive_cell_misses_in_every_figure(values, figure, value):
    assert box_scores(values, INSIDE)[figure] == pytest.approx(value)


def test_these_are_all_figures():
    assert set(box_scores(np.eye(10), INSIDE)) == {
        "abstains", "pointing", "pointing_tolerant", "mass", "area", "iou_top", "iou_equal_area", "iobb_top",
        "pixel_auc",
    }  # fmt: skip


def test_ties_at_zero_are_no_overlap():
    """One hot cell in the box: of the hottest tenth, and of the hottest fifth, nothing but that cell is hot."""
    values = np.zeros((10, 10))
    values[3, 4] = 1
    found = box_scores(values, INSIDE)
    assert found["iou_top"] == found["iou_equal_area"] == pytest.approx(1 / 20)
    assert found["iobb_top"] == 1.0
