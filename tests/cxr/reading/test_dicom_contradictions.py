"""DICOM files whose tags and pixels disagree, and enhanced files, with windows per frame: never wrong in silence.

Streams are encoded by imagecodecs, apart from what decodes them here.
"""

import numpy as np
import pytest

from cxr import read_radiograph
from cxr.errors import RadiographError

pytest.importorskip("pydicom", reason="needs the extra dicom")
pytest.importorskip("imagecodecs", reason="needs imagecodecs, which encodes for the tests")
import imagecodecs as codecs
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.sequence import Sequence
from pydicom.uid import (
    JPEG2000,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

from tests.cxr.reading.dicom_files import content, dataset, stored


def encoded(stream, syntax, shape, *, bits, allocated=16, signed=False, fragments=1, offsets="basic", **tags):
    """A file around one compressed stream; the tags say what the arguments say, whatever the stream is."""
    made = dataset(np.zeros(shape, f"{'i' if signed else 'u'}{allocated // 8}"), bits=bits, **tags)
    made.file_meta.TransferSyntaxUID = syntax
    if offsets == "extended":
        made.PixelData, made.ExtendedOffsetTable, made.ExtendedOffsetTableLengths = encapsulate_extended([stream])
    else:
        made.PixelData = encapsulate([stream], fragments_per_frame=fragments, has_bot=offsets == "basic")
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    return made


# ---- compressed streams ----------------------------------------------------------------------------------------------

ENCODERS = {
    "JPEG 2000": (lambda each, bits: codecs.jpeg2k_encode(each, codecformat="j2k", reversible=True, bitspersample=bits),
                  JPEG2000Lossless, 0.0),
    "JPEG 2000 in its container": (
        lambda each, bits: codecs.jpeg2k_encode(each, codecformat="jp2", reversible=True, bitspersample=bits),
        JPEG2000Lossless, 0.0),
    "JPEG 2000, lossy": (
        lambda each, bits: codecs.jpeg2k_encode(each, codecformat="j2k", reversible=False, level=60,
                                                bitspersample=bits), JPEG2000, 0.02),
    "JPEG-LS": (lambda each, bits: codecs.jpegls_encode(each), JPEGLSLossless, 0.0),
    "JPEG-LS, near lossless": (lambda each, bits: codecs.jpegls_encode(each, level=1), JPEGLSNearLossless, 0.02),
    "lossless JPEG": (lambda each, bits: codecs.ljpeg_encode(each, bitspersample=bits), JPEGLosslessSV1, 0.0),
}  # fmt: skip


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("offsets", ["basic", "none", "extended"])
@pytest.mark.parametrize("fragments", [1, 3])
def test_a_stream_is_read_however_it_is_packed(name, bits, offsets, fragments):
    encode, syntax, tolerance = ENCODERS[name]
    pixels = stored(bits)
    made = encoded(encode(pixels, bits), syntax, pixels.shape, bits=bits, fragments=fragments, offsets=offsets)
    picture = read_radiograph(content(made))
    np.testing.assert_allclose(picture.grey, pixels / (2**bits - 1), atol=max(tolerance, 1e-6))
    assert not picture.warnings


@pytest.mark.parametrize("name", [name for name, (*_, tolerance) in ENCODERS.items() if not tolerance])
@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("stream", ["signed", "unsigned"])
def test_signed_values_are_read_from_streams_of_either_kind(name, bits, stream):
    if stream == "signed" and not name.startswith("JPEG 2000"):
        pytest.skip("the stream has no sign")
    values = np.linspace(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1, 150 * 140).astype(np.int16).reshape(150, 140)
    cells = values if stream == "signed" else (values.astype(np.int64) & (2**bits - 1)).astype(np.uint16)
    encode, syntax, _ = ENCODERS[name]
    made = encoded(encode(cells, bits), syntax, values.shape, bits=bits, signed=True)
    expected = (values.astype(float) + 2 ** (bits - 1)) / (2**bits - 1)
    np.testing.assert_allclose(read_radiograph(content(made)).grey, expected, atol=1e-6)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("name", ["JPEG", "JPEG 2000", "JPEG-LS"])
def test_a_stream_of_fewer_bits_than_the_tags_say_is_believed(name, bits):
    pixels = stored(8)
    made = {
        "JPEG": lambda: encoded(codecs.jpeg8_encode(pixels, level=98), JPEGBaseline8Bit, pixels.shape, bits=bits),
        "JPEG 2000": lambda: encoded(
            codecs.jpeg2k_encode(pixels, codecformat="j2k", reversible=True),
            JPEG2000Lossless,
            pixels.shape,
            bits=bits,
        ),
        "JPEG-LS": lambda: encoded(codecs.jpegls_encode(pixels), JPEGLSLossless, pixels.shape, bits=bits),
    }[name]()
    picture = read_radiograph(content(made))
    np.testing.assert_allclose(picture.grey, pixels / 255, atol=0.02)
    said = f"have 8 bits, its tag BitsStored says {bits}; 8 were taken"
    assert [said in each for each in picture.warnings] == [True] * (bits > 8)


@pytest.mark.parametrize("bits", [9, 10, 12, 15])
@pytest.mark.parametrize("name", [name for name, (*_, tolerance) in ENCODERS.items() if tolerance])
@pytest.mark.parametrize("signed", [False, True])
def test_what_a_lossy_stream_makes_too_bright_stays_bright(name, bits, signed):
    """White next to black overshoots: bits beyond BitsStored are then part of the value, and no overlay."""
    encode, syntax, _ = ENCODERS[name]
    if signed and not name.startswith("JPEG 2000"):
        pytest.skip("the stream has no sign")
    low = -(2 ** (bits - 1)) * signed
    shown = np.zeros((150, 140))
    shown[40:110, 30:100] = 1
    values = (shown * (2**bits - 1) + low).astype(np.int16 if signed else np.uint16)
    stream = encode(values, bits + 1)
    picture = read_radiograph(content(encoded(stream, syntax, values.shape, bits=bits, signed=signed)))
    assert np.abs(picture.grey - shown).max() < 0.3


def test_twelve_bit_jpeg_is_read():
    pixels = stored(12)
    made = encoded(codecs.jpeg8_encode(pixels, level=98, bitspersample=12), JPEGExtended12Bit, pixels.shape, bits=12)
    np.testing.assert_allclose(read_radiograph(content(made)).grey, pixels / 4095, atol=0.01)


@pytest.mark.parametrize("count", [2, 5])
def test_several_frames_are_noticed_without_their_number(count):
    made = encoded(codecs.jpegls_encode(stored(12)), JPEGLSLossless, (150, 140), bits=12)
    made.PixelData = encapsulate([codecs.jpegls_encode(stored(12))] * count)
    with pytest.raises(RadiographError, match=f"holds {count} frames"):
        read_radiograph(content(made))


# ---- uncompressed pixels ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [
    {"Rows": 75}, {"Columns": 70}, {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}, {"again": 2}, {"again": 30},
], ids=str)  # fmt: skip
def test_pixels_that_are_longer_than_the_tags_say_are_warned_of(change):
    made = dataset(stored(12), **{name: value for name, value in change.items() if name != "again"})
    made.PixelData = made.PixelData * change.get("again", 1)
    assert any("longer than its tags say" in each for each in read_radiograph(content(made)).warnings)


@pytest.mark.parametrize("behind", [b"", b"\0\0", b"\0" * 200])
def test_a_little_behind_the_pixels_is_padding(behind):
    made = dataset(stored(12))
    made.PixelData = made.PixelData + behind
    assert not read_radiograph(content(made)).warnings


@pytest.mark.parametrize("height", [64, 65, 151])
@pytest.mark.parametrize("width", [64, 67, 143])
@pytest.mark.parametrize("bits", [1, 8])
def test_rows_need_not_end_at_whole_bytes_or_words(height, width, bits):
    values = (np.indices((height, width)).sum(0) // 16 % 2).astype(np.uint8)
    made = dataset(values * (2**bits - 1), bits=bits)
    made.BitsAllocated = bits
    if bits == 1:
        made.PixelData = np.packbits(values, axis=None, bitorder="little").tobytes()
    made.PixelData = made.PixelData + b"\0" * (len(made.PixelData) % 2)
    np.testing.assert_array_equal(read_radiograph(content(made)).grey, values)


@pytest.mark.parametrize("photometric", ["YBR_PARTIAL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT"])
def test_colours_of_compressed_streams_are_named_in_uncompressed_pixels(photometric):
    made = dataset(np.dstack([stored(8)] * 3), bits=8, SamplesPerPixel=3, PlanarConfiguration=0)
    made.Rows, made.Columns, made.PhotometricInterpretation = 150, 140, photometric
    with pytest.raises(RadiographError, match=f"Uncompressed pixels as {photometric} are not read"):
        read_radiograph(content(made))


@pytest.mark.parametrize(("photometric", "samples"), [("ARGB", 4), ("CMYK", 4), ("MONOCHROME2", 2)])
def test_other_numbers_of_channels_are_named(photometric, samples):
    made = dataset(np.dstack([stored(8)] * samples), bits=8, SamplesPerPixel=samples, PlanarConfiguration=0)
    made.Rows, made.Columns, made.PhotometricInterpretation = 150, 140, photometric
    with pytest.raises(RadiographError, match=f"DICOM pixels of {samples} channels are not read"):
        read_radiograph(content(made))


@pytest.mark.parametrize("bits", [20, 24, 32])
@pytest.mark.parametrize("signed", [False, True])
def test_pixels_of_32_bits_keep_their_range(bits, signed):
    steps = np.linspace(0, 2**bits - 1, 150 * 140).reshape(150, 140)
    values = (steps - 2 ** (bits - 1) * signed).astype(np.int32 if signed else np.uint32)
    picture = read_radiograph(content(dataset(values, bits=bits)))
    np.testing.assert_allclose(picture.grey, steps / (2**bits - 1), atol=1e-6)
    assert (picture.window, picture.warnings) == ("range", ())


@pytest.mark.parametrize("intercept", ["1e10", "-1e9", "1e29"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_an_intercept_beside_which_pixels_become_equal_is_left_out(intercept, photometric):
    made = dataset(stored(12), RescaleSlope="1", RescaleIntercept=intercept, PhotometricInterpretation=photometric)
    picture = read_radiograph(content(made))
    expected = stored(12) / 4095
    np.testing.assert_allclose(picture.grey, 1 - expected if photometric == "MONOCHROME1" else expected, atol=1e-6)
    assert "RescaleIntercept can't be used" in picture.warnings[0]


# ---- enhanced files --------------------------------------------------------------------------------------------------


def item(**tags):
    made = Dataset()
    for name, value in tags.items():
        setattr(made, name, value)
    return made


def enhanced(place, *, rescaled=False, **top):
    """One frame, whose window (and rescaling) stands in functional groups."""
    made = dataset(stored(12), NumberOfFrames=1, **top)
    group = item(FrameVOILUTSequence=Sequence([item(WindowCenter="1000", WindowWidth="401")]))
    if rescaled:
        change = item(RescaleSlope="2", RescaleIntercept="-100", RescaleType="US")
        group.PixelValueTransformationSequence = Sequence([change])
    setattr(made, f"{place}FunctionalGroupsSequence", Sequence([group, item()][:1]))
    return made


@pytest.mark.parametrize("place", ["Shared", "PerFrame"])
@pytest.mark.parametrize("rescaled", [False, True])
def test_the_window_of_a_functional_group_is_taken(place, rescaled):
    values = stored(12) * 2.0 - 100 if rescaled else stored(12).astype(float)
    picture = read_radiograph(content(enhanced(place, rescaled=rescaled)))
    np.testing.assert_allclose(picture.grey, np.clip((values - 799.5) / 400, 0, 1), atol=1e-5)
    assert picture.window == "window-1"


def test_a_window_at_the_top_counts_before_that_of_a_group():
    picture = read_radiograph(content(enhanced("Shared", WindowCenter="2000", WindowWidth="401")))
    np.testing.assert_allclose(picture.grey, np.clip((stored(12) - 1799.5) / 400, 0, 1), atol=1e-5)


@pytest.mark.parametrize("value", ["JANE", "0", "1e40"])
def test_an_unusable_window_of_a_group_is_named(value):
    made = enhanced("Shared")
    group = made.SharedFunctionalGroupsSequence[0].FrameVOILUTSequence[0]
    group.add_new("WindowWidth", "LO", value)
    picture = read_radiograph(content(made))
    np.testing.assert_allclose(picture.grey, stored(12) / 4095, atol=1e-6)
    assert "WindowWidth can't be used" in picture.warnings[0]
    assert "JANE" not in "".join(picture.warnings)
