"""A map on its radiograph."""

import numpy as np
import pytest

from cxr import read_radiograph
from cxr.frame import Frame
from explainers import Explanation
from explainers.errors import OptionError
from explainers.pictures import (
    VIEWS,
    displayed,
    lookup_table,
    overlay,
)
from tests.explainers.pictures.pixels import SIGNED, pixels, plain


def test_the_radiograph_is_untouched_where_the_map_has_no_colour(grey, explained):
    drawn = pixels(overlay(grey, explained([[1, 0, 0, 0]])))
    # cell 0 of 4 fades out at the centre of cell 1, column 1.5 · 500 / 4 = 187.5
    assert (drawn[:, 188:] == plain(grey)[:, 188:]).all()
    assert (drawn[:, :180] != plain(grey)[:, :180]).any()


def test_opacity_zero_is_the_radiograph_alone(grey, explained):
    for view in VIEWS:
        assert (pixels(overlay(grey, explained(SIGNED), view=view, opacity=0)) == plain(grey)).all()


@pytest.mark.parametrize("opacity", [-0.1, 1.1, float("nan"), "much"])
def test_an_opacity_outside_0_to_1_is_refused(grey, explained, opacity):
    with pytest.raises(OptionError, match="opacity"):
        overlay(grey, explained(SIGNED), opacity=opacity)


@pytest.mark.parametrize("corner", [(0, 0), (0, 6), (6, 0), (6, 6)])
@pytest.mark.parametrize("view", ["positive", "signed", "percentile"])
def test_heat_in_a_corner_is_drawn_in_that_corner(grey, explained, corner, view):
    cells = np.zeros((7, 7))
    cells[corner], cells[3, 2] = 5, 1
    changed = np.abs(pixels(overlay(grey, explained(cells), view=view)) - plain(grey)).sum(axis=2)
    # the corner cell covers a seventh of the side
    quarters = {(y, x): changed[y * 343 // 6 :][:57, x * 429 // 6 :][:, :71].mean() for y in (0, 6) for x in (0, 6)}
    assert max(quarters, key=quarters.get) == corner


def test_enlarging_is_bilinear_between_the_cells_centres(grey, explained):
    # cells 0 and 1 of 2 across 500 pixels: centres at 125 and 375, half way at 250
    shades = pixels(overlay(grey, explained([[0, 1]]), opacity=1))[200]
    table = lookup_table("inferno").astype(float)
    share = 0.5 + 0.5 / 250  # pixel 250 has its centre at 250.5
    row = round(share * 255)
    alpha = table[row, 3] / 255
    background = plain(grey)[200, 250]
    assert shades[250] == pytest.approx(background * (1 - alpha) + table[row, :3] * alpha, abs=1)


def test_cells_are_drawn_flat(grey, explained):
    drawn = pixels(overlay(grey, explained([[0, 1]]), opacity=1, cells=True))
    assert (drawn[:, :250] == plain(grey)[:, :250]).all()
    assert (drawn[:, 250:] == lookup_table("inferno")[255, :3]).all()


def test_raising_is_orange_and_lowering_is_blue(grey, explained):
    drawn = pixels(overlay(grey, explained([[-1, 1]]), view="signed", opacity=1))
    red, _, blue = drawn[200, 0]
    assert blue > red
    red, _, blue = drawn[200, 499]
    assert red > blue


def test_only_the_contour_s_line_is_drawn(grey, explained):
    cells = np.zeros((10, 10))
    cells[4:6, 4:9] = 1
    changed = (pixels(overlay(grey, explained(cells), view="contour")) != plain(grey)).any(axis=2)
    assert changed.any()
    assert not changed[:100].any()
    # the middle of the cells lies inside the line
    assert not changed[195:205, 300:350].any()


def test_an_empty_map_is_said_in_words_and_drawn_without_colour(grey, explained):
    drawn = pixels(overlay(grey, explained([[-1, -2]])))
    assert (drawn.min(axis=2) == drawn.max(axis=2)).all()
    changed = (drawn != plain(grey)).any(axis=(1, 2))
    # a band in the middle, and nothing else
    assert changed[200]
    assert not changed[:150].any()
    assert not changed[250:].any()


def test_outside_the_crop_the_radiograph_is_untouched_and_dashes_mark_it(grey, explained):
    explanation = explained([[1, 1], [1, 1]], crop=(40.0, 50.0, 300.0, 400.0))
    drawn = pixels(overlay(grey, explanation))
    changed = (drawn != plain(grey)).any(axis=2)
    inside = np.zeros_like(changed)
    inside[40:340, 50:450] = True
    assert not changed[~inside].any()
    assert changed[42:338, 52:448].all()
    dashed = (drawn == 160).all(axis=2)
    # every second stretch of 6 along 300 rows and 400 columns
    assert dashed[40:340, 50].sum() == pytest.approx(150, abs=6)
    assert dashed[40, 50:450].sum() == pytest.approx(200, abs=6)


def test_a_large_radiograph_is_shown_at_1024_pixels(explained):
    large = read_radiograph(np.linspace(0, 1, 1100 * 2000, dtype=np.float32).reshape(1100, 2000))
    explanation = explained(SIGNED)
    frame = Frame((1100, 2000), (224, 224), (0.0, 0.0, 1100.0, 2000.0))
    explanation = Explanation(**{**vars(explanation), "frame": frame})
    # 1100 · 1024 / 2000 = 563.2
    assert overlay(large, explanation).size == (1024, 563)


def test_a_small_radiograph_is_shown_in_larger_pixels():
    small = read_radiograph(np.linspace(0, 1, 100 * 80, dtype=np.float32).reshape(100, 80))
    # 5 is the least whole number that brings 80 to 384
    shown = displayed(small)
    assert shown.shape == (500, 400)
    assert (shown[::5, ::5] == small.display()).all()
