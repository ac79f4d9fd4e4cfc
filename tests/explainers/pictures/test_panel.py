"""Panels and figures: overlay, bar, title and caption."""

import numpy as np
from PIL import Image, ImageChops

from explainers.pictures import (
    colour_bar,
    explanation_caption,
    figure,
    overlay,
    panel,
    shaded,
    view_caption,
)
from tests.explainers.pictures.pixels import SIGNED, has_ink, pixels, plain, same


def test_the_bar_runs_over_both_grounds_and_carries_its_numbers():
    bar = pixels(colour_bar(shaded(np.array(SIGNED), "signed", unit="logit"), 600))
    # blue at the left end, orange at the right, on the dark half and on the bright one
    for row in (2, 14):
        assert bar[row, 12, 2] > bar[row, 12, 0]
        assert bar[row, 587, 0] > bar[row, 587, 2]
    assert bar[2, 300].max() < 60 < 150 < bar[14, 300].min()
    for part in (bar[20:, :60], bar[20:, 280:320], bar[20:, 500:]):
        assert has_ink(part)


def test_an_empty_map_has_no_bar():
    assert not has_ink(colour_bar(shaded(np.zeros((2, 2)), "positive"), 600))


def test_a_panel_says_what_was_explained_with_which_options(explained):
    explanation = explained(SIGNED, options={"patch": 32, "fill": "mean"}, finding="Pleural_Thickening")
    assert explanation_caption(explanation) == "Pleural thickening, patch 32, fill mean"


def test_a_panel_says_what_was_done_to_the_map():
    signed = shaded(np.array(SIGNED), "signed")
    assert view_caption(signed) == (
        "Both signs, divided by the largest magnitude. Blue lowers, orange raises. Enlarged bilinearly."
    )
    assert view_caption(signed, colour_map="green_purple", cells=True).endswith(
        "Green lowers, purple raises. Drawn in the map's own cells."
    )
    empty = shaded(np.array([[-3, -1]]), "positive", unit="logit")
    assert view_caption(empty) == "The map runs from −3.0 to −1.0 logit."


def test_a_panel_holds_the_overlay_as_it_is(grey, explained):
    explanation = explained(SIGNED)
    whole, inner = panel(grey, explanation), overlay(grey, explanation)
    assert whole.width == inner.width
    tops = [top for top in range(whole.height - inner.height) if same(whole, inner, top)]
    assert len(tops) == 1
    assert has_ink(whole.crop((0, 0, whole.width, tops[0])))
    assert has_ink(whole.crop((0, tops[0] + inner.height + 40, whole.width, whole.height)))


def test_panels_of_a_figure_stand_side_by_side_at_one_height(grey, explained):
    long_title = "A method with a name that is far too long for one line above a picture of four hundred pixels"
    explanations = [explained(SIGNED), explained(SIGNED, title=long_title)]
    whole = figure(grey, explanations)
    inner = overlay(grey, explanations[0], longest=640)
    tops = [top for top in range(whole.height - inner.height) if same(whole, inner, top)]
    assert len(tops) == 1
    second = whole.crop((whole.width - inner.width, tops[0], whole.width, tops[0] + inner.height))
    assert ImageChops.difference(second, inner).getbbox() is None


def test_a_figure_of_nothing_shows_the_radiograph(grey):
    whole = figure(grey, [])
    assert same(whole, Image.fromarray(plain(grey)), 0)
    assert has_ink(whole.crop((0, 400, whole.width, whole.height)))
