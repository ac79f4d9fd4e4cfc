"""Covering a region by hand: against a network small enough for paper, and against occlusion."""

from dataclasses import replace

import numpy as np
import pytest

from cxr.errors import RadiographError
from cxr.fills import _filled, _filled_radiograph, fill_values, logits_without


def test_frozen_covering_is_what_occlusion_does(predictor, phantom):
    prepared = predictor.prepare(phantom)
    window = np.array([[32, 64, 48, 80]])
    expected = predictor.occluded(prepared.array, window, prepared.array.mean(axis=(0, 1)))[0]
    box = prepared.frame.box_to_image(tuple(map(float, window[0])))
    np.testing.assert_allclose(logits_without(predictor, phantom, box), expected, atol=1e-4)


def test_covering_the_picture_changes_its_standardisation_too(predictor, phantom):
    box = (100.0, 60.0, 200.0, 120.0)
    frozen, again = (logits_without(predictor, phantom, box, frozen=frozen) for frozen in (True, False))
    covered = _filled_radiograph(phantom, box, "mean")
    np.testing.assert_allclose(again, predictor.forward(predictor.prepare(covered).array[None])[0], atol=1e-6)
    assert np.abs(frozen - again).max() > 0.01
    assert predictor.prepare(covered).array.std() == pytest.approx(1, abs=1e-3)


def test_only_the_region_changes_and_the_mean_is_that_of_the_picture(phantom):
    covered = _filled_radiograph(phantom, (10.0, 20.0, 30.0, 40.0), "mean")
    changed = covered.grey != phantom.grey
    inside = np.zeros_like(changed)
    inside[10:40, 20:60] = True
    assert not changed[~inside].any()
    assert np.ptp(covered.grey[inside]) == 0
    assert covered.grey[10, 20] == pytest.approx(phantom.grey.mean(), abs=1e-6)
    assert (covered.rgb[..., 0] == covered.rgb[..., 2]).all()
    assert abs(int(covered.rgb[10, 20, 0]) - 255 * phantom.grey.mean()) < 2


@pytest.mark.parametrize("shape", [(64, 64), (600, 500)])
def test_surroundings_go_on_where_the_region_was(shape):
    """A ramp is nearly what inpainting gives back, the mean is not."""
    from cxr.fills import _filled_at_any_size

    ramp = np.tile(np.linspace(0, 1, shape[1], dtype=np.float32), (shape[0], 1))
    rows, columns = slice(shape[0] // 2, shape[0] // 2 + shape[0] // 8), slice(shape[1] // 8, shape[1] // 4)
    region = (rows, columns)
    error = {
        fill: np.abs(_filled_at_any_size(ramp, region, fill) - ramp)[region].mean() for fill in ("mean", "surroundings")
    }
    assert error["surroundings"] < 0.05
    assert error["mean"] > 0.2
    untouched = _filled_at_any_size(ramp, region, "surroundings")
    untouched[region] = ramp[region]
    np.testing.assert_array_equal(untouched, ramp)


def test_negative_values_and_constant_planes_are_filled():
    plane = np.full((8, 8), -2.5, np.float32)
    np.testing.assert_allclose(_filled(plane, (slice(2, 4), slice(2, 4)), "surroundings"), -2.5)


def test_colour_keeps_its_channels(phantom):
    rgb = phantom.rgb.copy()
    rgb[..., 0] = 255 - rgb[..., 0]
    coloured = replace(phantom, rgb=rgb, colour=True)
    covered = _filled_radiograph(coloured, (0.0, 0.0, 50.0, 50.0), "mean")
    assert covered.rgb[0, 0, 0] == pytest.approx(rgb[..., 0].mean(), abs=1)
    assert covered.rgb[0, 0, 1] == pytest.approx(rgb[..., 1].mean(), abs=1)


@pytest.mark.parametrize("box", [(0.0, 0.0, 0.1, 0.1), (-50.0, 0.0, 40.0, 40.0), (0.0, 0.0, 9999.0, 9999.0)])
def test_regions_that_say_nothing_are_refused(predictor, phantom, box):
    for frozen in (True, False):
        with pytest.raises(RadiographError, match="region covers"):
            logits_without(predictor, phantom, box, frozen=frozen)


def test_the_values_of_filled_pixels_are_those_of_each_channel():
    network_input = np.array([[[0, 10], [2, 20]], [[4, 30], [6, 40]]], np.float32)
    assert fill_values(network_input).tolist() == [3, 25]  # (0 + 2 + 4 + 6) / 4, (10 + 20 + 30 + 40) / 4
    assert fill_values(network_input, "black").tolist() == [0, 10]
    assert fill_values(network_input, "white").tolist() == [6, 40]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_blur_keeps_shape_and_mean_and_removes_detail(channels):
    network_input = np.indices((32, 32)).sum(axis=0)[..., None].repeat(channels, axis=-1).astype(np.float32) % 2
    blurred = fill_values(network_input, "blur", sigma_px=4)
    assert blurred.shape == network_input.shape
    np.testing.assert_allclose(blurred, 0.5, atol=0.05)
