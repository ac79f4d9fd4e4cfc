"""PNG and TIFF files of every depth, order and kind of transparency: read as they are, or named."""

import numpy as np
import pytest

from cxr import read_radiograph
from cxr.errors import RadiographError
from tests.cxr.reading.picture_files import chunk, of_bits, png, ramp, tiff

DEEP = (8, 16)


def assert_shows(content, expected, atol=1e-6):
    np.testing.assert_allclose(read_radiograph(content).grey, expected, atol=atol)


def refusal(content):
    """The sentence with which a file is refused, "" for one that is read."""
    try:
        read_radiograph(content)
    except RadiographError as error:
        return error.sentence
    return ""


# ---- PNG -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("interlaced", [False, True])
def test_grey_of_every_depth(bits, interlaced):
    values, expected = of_bits(bits)
    assert_shows(png(values, bits, 0, interlaced=interlaced), expected)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_the_grey_that_a_png_names_as_transparent_is_black(bits, share):
    values, expected = of_bits(bits)
    hidden = int(np.quantile(values, share))
    content = png(values, bits, 0, chunk(b"tRNS", hidden.to_bytes(2, "big")))
    if bits == 1 and share == 1:
        with pytest.raises(RadiographError, match="the same value"):
            read_radiograph(content)
    else:
        assert_shows(content, np.where(values == hidden, 0, expected))


@pytest.mark.parametrize("bits", DEEP)
def test_the_colour_that_a_png_names_as_transparent_is_black(bits):
    values, expected = of_bits(bits)
    hidden = int(values[40, 50])
    content = png(np.dstack([values] * 3), bits, 2, chunk(b"tRNS", hidden.to_bytes(2, "big") * 3))
    assert_shows(content, np.where(values == hidden, 0, expected))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("alpha", [255, 128])
@pytest.mark.parametrize("interlaced", [False, True])
def test_a_palette_of_every_depth_with_and_without_alpha(bits, alpha, interlaced):
    values, expected = of_bits(bits)
    greys = [round(255 * place / (2**bits - 1)) for place in range(2**bits)]
    palette = chunk(b"PLTE", b"".join(bytes([grey] * 3) for grey in greys))
    transparency = [chunk(b"tRNS", bytes([alpha] * 2**bits))] if alpha < 255 else []
    assert_shows(png(values, bits, 3, palette, *transparency, interlaced=interlaced), expected * alpha / 255)


@pytest.mark.parametrize("bits", DEEP)
@pytest.mark.parametrize("colour", [4, 6])
@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("interlaced", [False, True])
def test_alpha_lays_on_black(bits, colour, half, interlaced):
    values, expected = of_bits(bits)
    alpha = (2**bits - 1) // (2 if half else 1)
    channels = np.dstack([values] * (1 if colour == 4 else 3) + [np.full_like(values, alpha)])
    content = png(channels, bits, colour, interlaced=interlaced)
    assert_shows(content, expected * alpha / (2**bits - 1), atol=1e-5)


PARTS = {
    "gamma 1": chunk(b"gAMA", (100000).to_bytes(4, "big")),
    "gamma 2.2": chunk(b"gAMA", (45455).to_bytes(4, "big")),
    "fewer significant bits": chunk(b"sBIT", b"\x06"),
    "a background": chunk(b"bKGD", b"\0\x7f"),
    "sRGB": chunk(b"sRGB", b"\0"),
    "a damaged profile": chunk(b"iCCP", b"x\0\0no profile"),
    "damaged EXIF": chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff"),
    "text": chunk(b"tEXt", b"Comment\0a note"),
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("bits", DEEP)
def test_what_a_png_says_besides_its_pixels_changes_no_brightness(part, bits):
    values, expected = of_bits(bits)
    assert_shows(png(values, bits, 0, PARTS[part]), expected)


# ---- TIFF ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [1, 2, 4, 6, 8, 10, 12, 14, 16, 24, 32])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("white_is_zero", [False, True])
@pytest.mark.parametrize("reversed_bits", [False, True])
def test_a_tiff_of_every_depth_is_read_or_named(bits, order, white_is_zero, reversed_bits):
    values, expected = of_bits(bits)
    content = tiff(values, bits, 0 if white_is_zero else 1, order=order, reversed_bits=reversed_bits)
    sentence = refusal(content)
    if sentence:
        assert f"a TIFF of {bits}-bit unsigned values in 1 channel" in sentence
        assert bits not in (1, 8) or (white_is_zero and reversed_bits)
        assert bits != 16 or reversed_bits or (white_is_zero and order == ">")
    else:
        assert_shows(content, 1 - expected if white_is_zero else expected, atol=1e-4)


EXTRA = {"unspecified": (0,), "multiplied already": (1,), "to be multiplied": (2,), "not named": None}


@pytest.mark.parametrize("bits", DEEP)
@pytest.mark.parametrize("extra", EXTRA)
@pytest.mark.parametrize("share", [0.5, 1])
def test_a_fourth_channel_of_a_tiff_is_alpha_unless_the_file_says_otherwise(bits, extra, share):
    values, expected = of_bits(bits)
    full = 2**bits - 1
    colour = np.rint(values * share).astype(np.int64) if extra == "multiplied already" else values
    fourth = np.full_like(values, round(full * share))
    tags = {} if EXTRA[extra] is None else {"t338": EXTRA[extra]}
    content = tiff(np.dstack([colour, colour, colour, fourth]), bits, 2, **tags)
    shown = expected if extra == "unspecified" else expected * share
    assert_shows(content, shown, atol=0.01 if bits == 8 else 1e-4)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("channels", [1, 3])
def test_a_tiff_s_orientation_is_followed(orientation, channels):
    values, expected = of_bits(16)
    cells = values if channels == 1 else np.dstack([values] * 3)
    shown = {
        1: expected, 2: expected[:, ::-1], 3: expected[::-1, ::-1], 4: expected[::-1], 5: expected.T,
        6: np.rot90(expected, 3), 7: expected[::-1, ::-1].T, 8: np.rot90(expected),
    }[orientation]  # fmt: skip
    assert_shows(tiff(cells, 16, 1 if channels == 1 else 2, t274=(orientation,)), shown, atol=1e-4)


@pytest.mark.parametrize("bits", [4, 8, 16])
def test_a_tiff_s_palette_is_looked_up_or_named(bits):
    values, expected = of_bits(bits)
    greys = tuple(round(65535 * place / (2**bits - 1)) for place in range(2**bits))
    content = tiff(values, bits, 3, t320=greys * 3)
    if bits == 16:
        with pytest.raises(RadiographError, match="a TIFF of 16-bit"):
            read_radiograph(content)
    else:
        assert_shows(content, expected, atol=0.005)


@pytest.mark.parametrize(("channels", "photometric"), [(5, 1), (3, 1), (2, 1), (3, 6)])
def test_other_channels_of_a_tiff_are_named(channels, photometric):
    values, _ = of_bits(8)
    with pytest.raises(RadiographError, match=f"a TIFF of 8-bit unsigned values in {channels} channels"):
        read_radiograph(tiff(np.dstack([values] * channels), 8, photometric))


def test_the_ramp_has_no_symmetry_that_would_hide_a_wrong_turn():
    turned = [np.rot90(ramp(80, 80), times) for times in range(4)]
    turned += [each[::-1] for each in turned]
    assert all(np.abs(one - other).max() > 0.1 for at, one in enumerate(turned) for other in turned[at + 1 :])
