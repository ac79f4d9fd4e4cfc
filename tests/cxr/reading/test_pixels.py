import numpy as np
import pytest

from cxr.errors import RadiographError
from cxr.reading.pixels import SourcePixels, check_size, full_scale


def scaled(pixels, **settings):
    values, warnings = SourcePixels(pixels, "array", **settings).scaled()
    return values[..., 0] if values.shape[2] == 1 else values, warnings


def ramp(low, high, dtype):
    return np.linspace(low, high, 64 * 64).reshape(64, 64).astype(dtype)


@pytest.mark.parametrize(
    ("largest", "scale"), [(1, 255), (255, 255), (256, 1023), (4000, 4095), (4096, 16383), (65535, 65535)]
)
def test_full_scale_is_the_smallest_usual_depth(largest, scale):
    assert full_scale(largest) == scale


def test_bytes_are_divided_by_255():
    pixels = ramp(3, 200, np.uint8)
    np.testing.assert_allclose(scaled(pixels)[0], pixels / 255, atol=1e-7)


def test_twelve_bits_in_sixteen_are_not_black():
    pixels = ramp(0, 4095, np.uint16)
    values, warnings = scaled(pixels)
    np.testing.assert_allclose(values, pixels / 4095, atol=1e-7)
    assert not warnings


@pytest.mark.parametrize("dtype", [np.uint16, ">u2", np.int32, np.int64, np.uint32])
def test_sixteen_bits_are_scaled_in_any_integer(dtype):
    pixels = ramp(0, 65535, dtype)
    values, _ = scaled(pixels)
    np.testing.assert_allclose(values, pixels / 65535, atol=1e-7)
    assert len(np.unique(values)) > 4000


def test_floats_from_0_to_1_stay_as_they_are():
    pixels = ramp(0.25, 0.5, np.float64)
    np.testing.assert_allclose(scaled(pixels)[0], pixels, atol=1e-7)


@pytest.mark.parametrize(
    ("low", "high", "dtype"), [(-1024, 1024, np.float32), (-500, 700, np.int16), (0, 1e6, np.int32)]
)
def test_other_numbers_are_stretched_with_a_warning(low, high, dtype):
    values, (warning,) = scaled(ramp(low, high, dtype))
    assert values.min() == 0
    assert values.max() == 1
    assert "guess" in warning


def test_a_negative_is_inverted():
    pixels = ramp(0, 255, np.uint8)
    np.testing.assert_allclose(scaled(pixels, negative=True)[0], 1 - pixels / 255, atol=1e-6)


def test_alpha_is_laid_on_black():
    pixels = np.full((64, 64, 2), 200, np.uint8)
    pixels[..., 1] = ramp(0, 255, np.uint8)
    # 200 / 255 times alpha
    np.testing.assert_allclose(scaled(pixels)[0], 200 / 255 * pixels[..., 1] / 255, atol=1e-6)


def test_colours_keep_their_alpha_out():
    pixels = np.full((64, 64, 4), 255, np.uint8)
    pixels[..., :3] = (10, 20, 30)
    values, _ = scaled(pixels)
    np.testing.assert_allclose(values[5, 5], np.array([10, 20, 30]) / 255, atol=1e-7)


@pytest.mark.parametrize("shape", [(64,), (3, 512, 512), (64, 64, 5), (2, 64, 64, 3), ()])
def test_other_shapes_are_refused(shape):
    with pytest.raises(RadiographError, match="is not one picture"):
        scaled(np.zeros(shape))


@pytest.mark.parametrize("dtype", [bool, complex, object, "U1"])
def test_what_is_no_number_is_refused(dtype):
    with pytest.raises(RadiographError, match="are not brightness values"):
        scaled(np.zeros((64, 64), dtype))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_non_finite_pixels_are_refused(value):
    pixels = ramp(0, 1, np.float32)
    pixels[3, 4] = value
    with pytest.raises(RadiographError, match="NaN or infinite"):
        scaled(pixels)


def test_fifty_megapixels_is_the_limit():
    check_size(5_000, 10_000)
    with pytest.raises(RadiographError, match="megapixels"):
        check_size(5_001, 10_000)


def test_sixty_four_pixels_is_the_least_side():
    check_size(64, 64)
    with pytest.raises(RadiographError, match="63 × 500 pixels"):
        check_size(500, 63)


DEPTHS = [(needed, declared) for declared in (10, 12, 14, 16) for needed in (8, 10, 12, 14) if needed < declared]


@pytest.mark.parametrize(("needed", "declared"), DEPTHS)
@pytest.mark.parametrize("share", [1 / 64**2, 0.005, 0.015])
@pytest.mark.parametrize("kind", ["one value", "soft edges", "noise"])
def test_a_few_bright_pixels_do_not_decide_the_depth(needed, declared, share, kind):
    """A burnt-in marker, its soft edges, or hot pixels, brighter than all that the picture needs."""
    pixels = ramp(0, 2**needed - 1, np.uint16)
    marker = pixels.copy()
    count = max(1, round(share * marker.size))
    low = 2 ** (needed + 1) if declared > needed + 1 else 2**declared - 1
    bright = {
        "one value": np.full(count, 2**declared - 1),
        "soft edges": np.linspace(low, 2**declared - 1, count),
        "noise": np.random.default_rng(0).integers(low, 2**declared, count),
    }[kind]
    marker.ravel()[500 : 500 + count] = bright
    values, warnings = scaled(marker)
    assert (values.ravel()[500 : 500 + count] == 1).all() or needed == 8
    np.testing.assert_allclose(np.delete(values.ravel(), range(500, 500 + count)), np.delete(
        pixels.ravel() / (2**needed - 1), range(500, 500 + count)), atol=1e-6)  # fmt: skip
    assert f"need {needed} bits" in warnings[0]


@pytest.mark.parametrize("declared", [10, 12, 14, 16])
@pytest.mark.parametrize("power", [1, 2, 3, 0.5])
def test_a_picture_that_needs_its_depth_keeps_it(declared, power):
    pixels = np.rint(np.linspace(0, 1, 64 * 64) ** power * (2**declared - 1)).astype(np.uint16).reshape(64, 64)
    values, warnings = scaled(pixels)
    np.testing.assert_allclose(values, pixels / (2**declared - 1), atol=1e-6)
    assert not warnings


@pytest.mark.parametrize("value", [1e6, -1e6])
def test_one_value_far_from_all_others_does_not_decide_over_floats(value):
    pixels = ramp(-1024, 1024, np.float32)
    pixels[5, 5] = value
    values, _ = scaled(pixels)
    expected = (ramp(-1024, 1024, np.float32) + 1024) / 2048
    expected[5, 5] = value > 0
    np.testing.assert_allclose(values, expected, atol=1e-6)
