"""Maps to shades, and the outline of the hottest tenth."""

import numpy as np
import pytest

from explainers.errors import OptionError
from explainers.pictures import (
    VIEWS,
    contour,
    shaded,
)
from tests.explainers.pictures.pixels import SIGNED


def test_positive_is_rectified_and_divided_by_the_maximum():
    shading = shaded(np.array(SIGNED), "positive", unit="logit")
    assert shading.values.tolist() == [[1, 0], [0.5, 0]]
    assert (shading.low, shading.high, shading.unit) == (0, 2, "logit")
    assert "Not shown: negative values, down to −4.0 logit." in shading.note


def test_signed_keeps_zero_in_the_middle():
    shading = shaded(np.array(SIGNED), "signed", unit="logit")
    # divided by the largest magnitude, 4
    assert shading.values.tolist() == [[0.5, -1], [0.25, 0]]
    assert (shading.low, shading.high) == (-4, 4)


def test_an_offset_is_not_taken_away():
    # a map that is 9 to 10 everywhere is strong everywhere: min-max would draw 0 to 1
    assert shaded(np.array([[9.0, 10.0]]), "positive").values == pytest.approx(np.array([[0.9, 1.0]]))


def test_percentile_counts_what_lies_below_and_half_of_what_is_tied():
    # of the 3 others: below 5 lie all 3; the two 1s have 1 below and half of the other; below 0 lies none
    assert shaded(np.array([[5.0, 1.0], [1.0, 0.0]]), "percentile").values == pytest.approx(
        np.array([[1, 0.5], [0.5, 0]])
    )


@pytest.mark.parametrize("view", ["positive", "contour"])
def test_a_map_without_positive_cells_says_that_no_region_raises_the_score(view):
    shading = shaded(np.array([[-3, -1], [-2, -1]]), view, finding="Pleural_Thickening")
    assert shading.empty == "No region raises the score of Pleural thickening."
    assert not shading.values.any()


@pytest.mark.parametrize("view", VIEWS)
def test_a_map_of_zeros_says_so_in_every_view(view):
    assert shaded(np.zeros((2, 2)), view, finding="Effusion").empty == "The map is zero everywhere."


@pytest.mark.parametrize("view", ["percentile", "contour"])
def test_a_constant_map_has_neither_ranks_nor_an_outline(view):
    assert shaded(np.full((2, 2), 0.3), view).empty == "The map has the same value everywhere."


def test_a_constant_positive_map_is_full_colour_everywhere():
    shading = shaded(np.full((2, 2), 0.3), "positive")
    assert shading.empty is None
    assert (shading.values == 1).all()


def test_a_shared_scale_is_what_gets_full_colour():
    shading = shaded(np.array(SIGNED), "positive", unit="logit", scale=8)
    assert shading.values.tolist() == [[0.25, 0], [0.125, 0]]
    assert "on a shared scale of 8.0 logit." in shading.note


def test_values_beyond_a_shared_scale_are_drawn_as_it_and_said_to_be():
    shading = shaded(np.array(SIGNED), "signed", scale=1)
    assert shading.values.tolist() == [[1, -1], [1, 0]]
    assert "what is beyond is drawn as that" in shading.note


def test_the_scale_is_the_map_s_even_where_its_enlargement_misses_the_maximum():
    shading = shaded(np.array([[0.0, 4.0]]), "positive", enlarged=np.array([[1.0, 3.0]]))
    assert shading.values.tolist() == [[0.25, 0.75]]
    assert shading.high == 4


def test_nan_outside_the_crop_stays_nan():
    drawn = np.array([[np.nan, 1.0], [2.0, 4.0]])
    for view in VIEWS:
        values = shaded(np.array([[1.0, 4.0]]), view, enlarged=drawn).values
        assert np.isnan(values).tolist() == [[True, False], [False, False]]


def test_an_unknown_view_is_refused_with_the_closest_name():
    with pytest.raises(OptionError, match="Did you mean 'signed'"):
        shaded(np.array(SIGNED), "sined")


def test_the_contour_holds_the_top_tenth():
    top = contour(np.arange(100.0).reshape(10, 10))
    assert top.region.tolist()[-1] == [True] * 10
    assert (top.threshold, top.area) == (90, 0.1)


def test_ties_are_all_taken_in_and_the_true_area_is_reported():
    cells = np.array([[5.0, 3.0, 3.0, 3.0, 3.0, 1.0, 1.0, 1.0, 1.0, 1.0]])
    top = contour(cells, share=0.2)
    # the second highest of ten is a 3, and so are three more
    assert (top.threshold, top.area) == (3, 0.5)


def test_only_positive_values_are_outlined():
    top = contour(np.array([[1.0, 0, 0, 0, 0, 0, -1, -1, -1, -1]]), share=0.5)
    assert (top.threshold, top.area) == (1, 0.1)


def test_where_the_tenth_is_tied_with_everything_else_the_ties_are_left_out():
    top = contour(np.array([[2.0] + [1.0] * 19]), share=0.1)
    assert (top.threshold, top.area) == (2, 0.05)


@pytest.mark.parametrize("cells", [np.full((3, 3), 2.0), np.zeros((3, 3)), -np.arange(9.0).reshape(3, 3) - 1])
def test_a_map_that_is_constant_or_nowhere_positive_has_no_contour(cells):
    assert contour(cells) is None
