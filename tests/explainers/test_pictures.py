import cv2
import numpy as np
import pytest
from PIL import Image, ImageChops

from cxr import read_radiograph
from cxr.checkpoint import Identity
from cxr.frame import Frame
from explainers import Explanation
from explainers.errors import OptionError
from explainers.pictures import (
    COLOUR_MAPS,
    VIEWS,
    blended,
    colour_bar,
    colour_maps,
    contour,
    displayed,
    explanation_caption,
    figure,
    levels,
    lookup_table,
    number,
    overlay,
    panel,
    shaded,
    view_caption,
)
from explainers.pictures.lettering import Lettering, transliterated

SIGNED = [[2, -4], [1, 0]]


@pytest.fixture(scope="module")
def grey():
    """A radiograph of 400 × 500 pixels in a slow ramp, whose display is itself."""
    return read_radiograph(np.linspace(0.2, 0.8, 400 * 500, dtype=np.float32).reshape(400, 500))


@pytest.fixture
def explained(grey):
    """explained(map, crop=None, **fields): an explanation of that radiograph."""

    def build(cells, *, crop=None, **fields):
        frame = Frame((grey.height, grey.width), (224, 224), crop or (0.0, 0.0, float(grey.height), float(grey.width)))
        settled = {
            "finding": "Effusion",
            "explainer": "grad_cam",
            "title": "Grad-CAM",
            "options": {"layer": "relu"},
            "unit": "logit",
            "signed": True,
            "seed": 0,
            "seconds": 0.1,
            "passes": {"forward": 1, "backward": 1},
            "model": Identity("tiny", "tiny", None, ""),
            "input_digest": "",
        }
        return Explanation(map=np.array(cells, np.float32), frame=frame, **{**settled, **fields})

    return build


def pixels(picture):
    return np.asarray(picture).astype(int)


def plain(grey):
    return np.repeat(displayed(grey)[..., None], 3, axis=2)


# shading


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


# contour


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


# colour


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


# overlay


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


# panels


def has_ink(picture):
    return np.asarray(picture).max() > 150


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


def same(whole, inner, top):
    part = whole.crop((0, top, inner.width, top + inner.height))
    return ImageChops.difference(part, inner).getbbox() is None


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


# words and figures


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (0.8, "0.80"),
        (-0.3333, "−0.33"),
        (12.4, "12"),
        (0.0996, "0.10"),
        (0.996, "1.0"),
        (9.96, "10"),
        (1234, "1,200"),
        (-0.00005, "−0.000050"),
        (2.5e-9, "2.5e−9"),
        (3e7, "3.0e7"),
    ],
)
def test_numbers_have_two_digits_and_a_true_minus(value, words):
    assert number(value) == words


def test_every_sign_that_is_written_can_be_drawn():
    for sign in "−–—×%+±°·…()/:;'’“”":
        picture = Image.new("RGB", (40, 40))
        Lettering(24).draw(picture, 4, 0, sign, "#ffffff")
        assert has_ink(picture), sign
    assert transliterated("σ² é ≥ 漢") == "sigma2 e >= ?"


def test_a_minus_is_as_long_as_the_plus_is_wide():
    def extent(sign):
        picture = Image.new("L", (80, 80)).convert("RGB")
        Lettering(40).draw(picture, 10, 10, sign, "#ffffff")
        left, _, right, _ = picture.getbbox()
        return right - left

    assert extent("−") == pytest.approx(extent("+"), abs=4)


def test_text_is_broken_to_the_width():
    lettering = Lettering(16)
    lines = lettering.wrapped("one two three four five six seven", 90)
    assert len(lines) > 1
    assert all(lettering.width(line) <= 90 for line in lines)
    assert " ".join(lines) == "one two three four five six seven"
