"""Maps of single pixels are made visible in pictures as on the page: against SciPy, and by hand."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from explainers.pictures import overlay
from explainers.pictures.overlay import shading_on
from explainers.pictures.smoothing import full_colour_at, is_pixel_map, smoothed


def test_smoothing_is_a_gaussian_that_goes_on_beyond_the_border():
    cells = np.random.default_rng(1).normal(size=(120, 100)).astype(np.float32)
    expected = gaussian_filter(cells.astype(np.float64), 4, mode="nearest", truncate=3)
    assert np.abs(smoothed(cells) - expected).max() < 1e-5
    assert np.allclose(smoothed(np.full((100, 100), 2.5)), 2.5)


def test_full_colour_begins_at_the_percentile_or_at_the_largest_value():
    values = np.arange(-100, 900, dtype=np.float32).reshape(25, 40)
    assert full_colour_at(values, "positive", clip=True) == 895  # 995 of 1,000 values are smaller
    assert full_colour_at(-values, "signed", clip=True) == 895
    assert full_colour_at(values, "positive", clip=False) == 899
    one = np.zeros((25, 40))
    one[0, 0] = 3
    assert full_colour_at(one, "positive", clip=True) == 3  # all other values are zero
    assert full_colour_at(-one, "positive", clip=True) is None
    assert full_colour_at(values, "percentile", clip=True) is None


@pytest.fixture
def of_pixels(explained):
    """A map of 112 × 112 pixels: a strong pixel, and a weak disc that covers a tenth of the picture."""
    y, x = np.mgrid[:112, :112]
    cells = np.where((y - 70) ** 2 + (x - 40) ** 2 < 20**2, 1.0, 0.0).astype(np.float32)
    cells[10, 100], cells[100, 100] = 100, -50
    assert is_pixel_map(cells)
    return explained(cells, unit="logit per input unit")


def test_a_weak_area_beside_a_strong_pixel_is_visible_and_the_words_name_the_raw_minimum(grey, of_pixels):
    raw, shown = (overlay(grey, of_pixels, smooth=chosen, clip=chosen) for chosen in (False, True))
    plain = overlay(grey, of_pixels, opacity=0)
    apart = [np.abs(np.asarray(each, int) - np.asarray(plain, int)).max(axis=-1) for each in (raw, shown)]
    coloured = [(each > 10).mean() for each in apart]
    assert coloured[0] < 0.03 < 0.08 < coloured[1]
    shading = shading_on((112, 112), of_pixels, view="positive", smooth=True, clip=True)
    assert "down to −50 logit per input unit" in shading.note
    assert f"full colour from {shading.high:.1f}" in shading.note
    assert shading.note.endswith("Smoothed for display (σ 4 px).")


def test_a_map_of_cells_stays_as_it_is(grey, explained):
    cells = explained(np.eye(7))
    one, other = (overlay(grey, cells, smooth=chosen, clip=chosen) for chosen in (False, True))
    assert np.array_equal(one, other)
