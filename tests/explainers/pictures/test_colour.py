"""Colour maps, and blending."""

import cv2
import numpy as np
import pytest

from explainers.errors import OptionError
from explainers.pictures import (
    COLOUR_MAPS,
    blended,
    colour_maps,
    levels,
    lookup_table,
    overlay,
    shaded,
)
from tests.explainers.pictures.pixels import SIGNED


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_zero_is_transparent_and_alpha_is_the_magnitude(name):
    alpha = lookup_table(name)[:, 3].astype(int)
    if COLOUR_MAPS[name].diverging:
        assert alpha[128] == 0
        # rows 1 to 255 are −1 to 1: row 1 and 255 full, row 64 and 192 are 64/127 of it
        assert (alpha[1], alpha[255], alpha[64], alpha[192]) == (255, 255, 129, 129)
    else:
        assert alpha.tolist() == list(range(256))


@pytest.mark.parametrize("name", [name for name in COLOUR_MAPS if not COLOUR_MAPS[name].diverging])
def test_a_sequential_map_only_gets_brighter(name):
    rgb = (lookup_table(name)[None, :, :3] / 255).astype(np.float32)
    lightness = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)[0, :, 0]
    # rounding to 8 bits may cost a tenth of a step
    assert (np.diff(lightness) > -0.2).all()
    assert lightness[-1] - lightness[0] > 50


@pytest.mark.parametrize("name", [name for name in COLOUR_MAPS if COLOUR_MAPS[name].diverging])
def test_both_arms_of_a_diverging_map_differ_for_colour_blind_eyes(name):
    # Viénot, Brettel, Mollon 1999: what is left of linear RGB without L cones, and without M cones
    ends = (lookup_table(name)[[1, 255], :3] / 255) ** 2.2
    protan = np.array([[0.1124, 0.8876, 0], [0.1124, 0.8876, 0], [0.0040, -0.0040, 1]])
    deutan = np.array([[0.2928, 0.7072, 0], [0.2928, 0.7072, 0], [-0.0223, 0.0223, 1]])
    for blindness in (protan, deutan):
        seen = np.clip(ends @ blindness.T, 0, 1).astype(np.float32) ** np.float32(1 / 2.2)
        low, high = cv2.cvtColor(seen[None], cv2.COLOR_RGB2Lab)[0]
        # a difference of about 2 is just visible
        assert np.linalg.norm(low - high) > 40


def test_the_table_can_not_be_changed_by_who_borrows_it():
    with pytest.raises(ValueError, match="read-only"):
        lookup_table("inferno")[0] = 0


def test_levels_put_nan_and_zero_on_the_transparent_row():
    signed = shaded(np.array([[-1.0, 0, 1]]), "signed", enlarged=np.array([[-1.0, 0, 1, np.nan]]))
    assert levels(signed).tolist() == [[1, 128, 255, 128]]
    positive = shaded(np.array([[-1.0, 0, 1]]), "positive", enlarged=np.array([[-1.0, 0, 1, np.nan]]))
    assert levels(positive).tolist() == [[0, 0, 255, 0]]


def test_blending_follows_the_formula_that_the_page_uses():
    table = np.zeros((256, 4), np.uint8)
    table[7] = (200, 100, 0, 51)
    # α = 0.5 · 51 / 255 = 0.1: 0.9 · 60 + 0.1 · (200, 100, 0)
    mixed = blended(np.full((1, 1), 60, np.uint8), np.full((1, 1), 7), table, 0.5)
    assert mixed.tolist() == [[[74, 64, 54]]]


def test_each_view_has_its_own_colour_maps():
    assert colour_maps("signed") == ("blue_orange", "green_purple")
    assert colour_maps("positive") == ("inferno", "amber")


@pytest.mark.parametrize(("view", "name"), [("signed", "inferno"), ("positive", "blue_orange"), ("positive", "jet")])
def test_a_colour_map_that_does_not_suit_is_refused(grey, explained, view, name):
    with pytest.raises(OptionError, match="Known: "):
        overlay(grey, explained(SIGNED), view=view, colour_map=name)
