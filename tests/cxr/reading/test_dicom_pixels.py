"""Which bits, channels and shape pixels have: bits beyond the stored ones never count, grey stored as colour is grey.

Pixels that are not square become square, and a missing tag is named.
"""

import itertools

import numpy as np
import pytest

from cxr import prepare, read_radiograph
from cxr.errors import RadiographError

pytest.importorskip("pydicom", reason="needs the extra dicom")
from pydicom.dataset import FileDataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    UID_dictionary,
)

from tests.cxr.reading.dicom_files import content, dataset, grey, implicit, stored, table

SYNTAXES = {"native": None, "RLE": RLELossless, "JPEG-LS": JPEGLSLossless, "JPEG 2000": JPEG2000Lossless}


def compressed(made, syntax):
    if SYNTAXES[syntax]:
        made.compress(SYNTAXES[syntax], generate_instance_uid=False)
    return made


def packed(values, bits, high_bit, junk):
    """16-bit cells with `bits` of each value up to `high_bit`, and other bits below and above it."""
    shift = high_bit + 1 - bits
    mask = ((1 << bits) - 1) << shift
    cells = (values.astype(np.int64) & ((1 << bits) - 1)) << shift
    return ((cells & mask) | (junk & ~mask & 0xFFFF)).astype(np.uint16)


JUNK = {
    "nothing": lambda shape: np.zeros(shape, np.int64),
    "an overlay": lambda shape: np.where(np.indices(shape).sum(0) % 9 == 0, 0xFFFF, 0),
    "ones": lambda shape: np.full(shape, 0xFFFF, np.int64),
}
PLACES = [(bits, high) for bits in (8, 10, 12, 14, 15) for high in {bits - 1, 15}]


@pytest.mark.parametrize(("bits", "high_bit"), PLACES)
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_bits_beyond_the_stored_ones_never_count(bits, high_bit, signed, junk, syntax):
    low = -(2 ** (bits - 1)) if signed else 0
    values = np.linspace(low, low + 2**bits - 1, 150 * 140).astype(np.int64).reshape(150, 140)
    cells = packed(values, bits, high_bit, JUNK[junk](values.shape))
    made = dataset(cells.view(np.int16) if signed else cells, bits=16)
    compressed(made, syntax)
    made.BitsStored, made.HighBit = bits, high_bit
    np.testing.assert_allclose(grey(made), (values - low) / (2**bits - 1), atol=1e-6)


def test_many_bits_beyond_the_stored_ones_are_warned_of():
    made = dataset(stored(16), bits=16)
    made.BitsStored, made.HighBit = 12, 11
    (warning,) = read_radiograph(content(made)).warnings
    assert "beyond those that BitsStored counts" in warning


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_big_endian_files_are_the_same(bits):
    pixels = stored(bits)
    made = dataset(pixels.astype(pixels.dtype.newbyteorder(">")), bits=bits)
    made.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    if bits > 8:
        entries = np.linspace(0, 65535, 2**bits).astype(">u2")
        made.VOILUTSequence = table(2**bits % 2**16, 0, 16, [0, 1])
        made.VOILUTSequence[0].add_new("LUTData", "OW", entries.tobytes())
    big = FileDataset(None, made, bytes(128), made.file_meta, is_implicit_VR=False, is_little_endian=False)
    np.testing.assert_allclose(grey(big), pixels / (2**bits - 1), atol=1e-4)


# ---- grey stored as colour -------------------------------------------------------------------------------------------


def coloured(channels, photometric="RGB", planar=0, bits=8):
    """(rows, columns, samples) as a file; in planes if `planar` is 1."""
    cells = np.moveaxis(channels, -1, 0) if planar else channels
    made = dataset(np.ascontiguousarray(cells), bits=bits)
    made.Rows, made.Columns = channels.shape[:2]
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PlanarConfiguration = 3, photometric, planar
    return made


GREY = list(itertools.product(["RGB", "YBR_FULL"], [0, 1], [8, 16], ["native", "RLE", "JPEG 2000", "JPEG-LS"]))


@pytest.mark.parametrize(("photometric", "planar", "bits", "syntax"), GREY)
def test_three_equal_channels_are_grey(photometric, planar, bits, syntax):
    if photometric == "YBR_FULL" and (bits == 16 or syntax in ("JPEG 2000", "JPEG-LS")):
        pytest.skip("no file has that")
    pixels = stored(bits)
    channels = np.dstack([pixels] * 3)
    if photometric == "YBR_FULL":
        channels[..., 1:] = 128
    made = compressed(coloured(channels, photometric, planar if syntax == "native" else 0, bits), syntax)
    picture = read_radiograph(content(made))
    np.testing.assert_allclose(picture.grey, pixels / (2**bits - 1), atol=1e-6)
    assert not picture.colour
    assert "secondary capture" in picture.warnings[0]


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
@pytest.mark.parametrize("syntax", ["native", "RLE"])
def test_real_colour_is_refused(photometric, planar, syntax):
    channels = np.dstack([stored(8), stored(8)[::-1], stored(8)[:, ::-1]])
    made = coloured(channels, photometric, planar if syntax == "native" else 0)
    with pytest.raises(RadiographError, match="in colour"):
        grey(compressed(made, syntax))


@pytest.mark.parametrize("colourful", [False, True])
@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("first", [0, 3])
def test_a_palette_of_greys_is_looked_up(depth, first, colourful):
    # place p stands for (255 - p) / 255, entries beyond either end go on
    entries = np.linspace(2**depth - 1, 0, 256).astype(f"<u{depth // 8}")
    made = dataset(bits=8, PhotometricInterpretation="PALETTE COLOR")
    for colour in ("Red", "Green", "Blue"):
        setattr(made, f"{colour}PaletteColorLookupTableDescriptor", [256, first, depth])
        values = entries[::-1] if colourful and colour == "Blue" else entries
        setattr(made, f"{colour}PaletteColorLookupTableData", values.tobytes())
    if colourful:
        with pytest.raises(RadiographError, match="in colour"):
            grey(made)
        return
    expected = entries[np.clip(stored(8).astype(int) - first, 0, 255)] / (2**depth - 1)
    np.testing.assert_allclose(grey(made), expected, atol=1e-6)


def test_a_palette_that_is_missing_is_named():
    with pytest.raises(RadiographError, match="palette can't be used"):
        grey(dataset(bits=8, PhotometricInterpretation="PALETTE COLOR"))


# ---- pixels that are not square --------------------------------------------------------------------------------------

SPACINGS = {
    "PixelAspectRatio": lambda ratio: [str(round(ratio * 100)), "100"],
    "PixelSpacing": lambda ratio: [str(0.15 * ratio), "0.15"],
    "ImagerPixelSpacing": lambda ratio: [str(0.15 * ratio), "0.15"],
    "NominalScannedPixelSpacing": lambda ratio: [str(0.15 * ratio), "0.15"],
}
RATIOS = [0.25, 0.5, 0.8, 1.25, 2.0, 4.0]


def disc(height, width):
    """A disc in the middle of a field, one third of it wide and high, as numbers of 12 bits, with smooth edges."""
    y, x = np.mgrid[0:height, 0:width]
    away = np.hypot((y + 0.5) / height - 0.5, (x + 0.5) / width - 0.5)
    return (4095 * np.clip((0.25 - away) * 10, 0, 1)).astype(np.uint16)


@pytest.mark.parametrize("tag", SPACINGS)
@pytest.mark.parametrize("ratio", RATIOS)
def test_what_is_round_stays_round(tag, ratio):
    # a square field of 320 steps along its finer axis
    height, width = (round(320 / ratio), 320) if ratio > 1 else (320, round(320 * ratio))
    picture = read_radiograph(content(dataset(disc(height, width), **{tag: SPACINGS[tag](ratio)})))
    assert picture.grey.shape == (320, 320)
    assert picture.stored_size == (height, width)
    assert np.abs(picture.grey - disc(320, 320) / 4095).mean() < 0.02
    assert "not square" in picture.notes[-1]
    assert not picture.warnings
    # the network sees the same, and so its maps lie where they belong
    square = read_radiograph(content(dataset(disc(320, 320))))
    for rule in ({"rule": "samplewise", "size": 64}, {"rule": "imagenet", "size": 64}, {"rule": "xrv", "size": 64}):
        seen, expected = prepare(picture, rule), prepare(square, rule)
        assert seen.frame == expected.frame
        assert np.corrcoef(seen.array.ravel(), expected.array.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("tag", SPACINGS)
@pytest.mark.parametrize("value", [["0", "1"], ["-1", "1"], ["1", "100"], ["1"], ["1", "2", "3"]])
def test_a_shape_that_can_not_be_is_ignored_and_named(tag, value):
    picture = read_radiograph(content(dataset(**{tag: value})))
    assert picture.grey.shape == (150, 140)
    assert f"{tag} can't be used" in picture.warnings[0]


def test_pixels_that_are_nearly_square_are_left_alone():
    picture = read_radiograph(content(dataset(PixelSpacing=["0.1431", "0.1430"])))
    assert picture.grey.shape == picture.stored_size == (150, 140)


# ---- tags that are missing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Rows", "Columns", "BitsAllocated"])
@pytest.mark.parametrize("form", ["explicit", "implicit"])
@pytest.mark.parametrize("state", ["missing", "empty", "zero"])
def test_a_tag_without_which_nothing_can_be_shown_is_named(name, form, state):
    made = implicit(dataset()) if form == "implicit" else dataset()
    if state == "missing":
        delattr(made, name)
    else:
        setattr(made, name, {"empty": None, "zero": 0}[state])
    with pytest.raises(RadiographError, match=f"tag {name}") as caught:
        grey(made)
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["SamplesPerPixel", "PhotometricInterpretation", "BitsStored", "HighBit", "PixelRepresentation"]
)
@pytest.mark.parametrize("form", ["explicit", "implicit"])
def test_a_tag_that_has_a_usual_value_is_assumed_and_named(name, form):
    made = implicit(dataset(stored(16), bits=16)) if form == "implicit" else dataset(stored(16), bits=16)
    delattr(made, name)
    picture = read_radiograph(content(made))
    np.testing.assert_allclose(picture.grey, stored(16) / 65535, atol=1e-6)
    assert [name in warning and "assumed" in warning for warning in picture.warnings] == [True] * (name != "HighBit")


def test_compressed_pixels_without_their_syntax_are_told_from_damage():
    made = compressed(dataset(), "RLE")
    whole = content(made)
    start = whole.index(b"\x02\x00\x10\x00UI")
    end = start + 8 + int.from_bytes(whole[start + 6 : start + 8], "little")
    length = int.from_bytes(whole[140:144], "little") - (end - start)
    cut = whole[:140] + length.to_bytes(4, "little") + whole[144:start] + whole[end:]
    with pytest.raises(RadiographError, match="no tag TransferSyntaxUID"):
        read_radiograph(cut)


# ---- "not supported" is never called "damaged" -----------------------------------------------------------------------

READ = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5")
JPEGS = tuple(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 57, 70, 80, 81, 90, 91, 201, 202, 203))
OTHERS = [uid for uid, entry in UID_dictionary.items() if entry[1] == "Transfer Syntax" and uid not in READ + JPEGS]
OTHERS += ["1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.112", "1.2.3.4.5", "2.25.4711"]


@pytest.mark.parametrize("uid", OTHERS)
def test_a_syntax_that_nothing_reads_is_named_and_not_called_damage(uid):
    made = dataset()
    compressed(made, "RLE")
    whole = content(made)
    old = b"1.2.840.10008.1.2.5\0"
    new = uid.encode() + b"\0" * (len(uid) % 2)
    swapped = whole.replace(len(old).to_bytes(2, "little") + old, len(new).to_bytes(2, "little") + new)
    swapped = (
        swapped[:140]
        + (int.from_bytes(whole[140:144], "little") + len(new) - len(old)).to_bytes(4, "little")
        + (swapped[144:])
    )
    with pytest.raises(RadiographError) as caught:
        read_radiograph(swapped)
    assert "damaged" not in str(caught.value)
    assert "pip install" not in str(caught.value)
    assert "4711" not in str(caught.value)
