"""A tag for display that can't be used costs neither the picture nor its brightness: the next best is taken, and said.

Values are generated for every such tag, in files with and without types of values. What can be used is compared with
pydicom's own steps.
"""

import itertools

import numpy as np
import pytest

from cxr import read_radiograph

pydicom = pytest.importorskip("pydicom", reason="needs the extra dicom")
from pydicom.dataset import Dataset  # noqa: E402
from pydicom.pixels import apply_modality_lut, apply_voi_lut  # noqa: E402
from pydicom.sequence import Sequence  # noqa: E402

from tests.cxr.reading.dicom_files import content, dataset, grey, implicit, stored, table, with_bytes  # noqa: E402

FULL = stored() / 4095
NO_NUMBERS = [
    b"JANE",
    b"1e999",
    b"NaN",
    b"inf",
    b"0x10",
    b"1_000",
    b"1.2.3",
    b"1,024,0",
    b"--5",
    b"\xff\xfe\x00",
    b"12 HU",
]
WINDOWS = {
    "WindowWidth": [*NO_NUMBERS, b"0", b"-400", b"0.5", b"1e-40"],
    "WindowCenter": NO_NUMBERS,
}
CASES = [
    (name, value, form)
    for name, values in WINDOWS.items()
    for value in values
    for form in ("explicit", "implicit")
]  # fmt: skip


def read(made):
    return read_radiograph(content(made))


def prepared(form, **tags):
    made = dataset(**tags)
    return implicit(made) if form == "implicit" else made


@pytest.mark.parametrize(("name", "value", "form"), CASES)
def test_an_unusable_window_gives_way_to_the_full_range(name, value, form):
    made = prepared(form, WindowCenter="1000", WindowWidth="400")
    picture = read(with_bytes(made, name, value))
    np.testing.assert_allclose(picture.grey, FULL, atol=1e-6)
    assert picture.window == "range"
    (warning,) = picture.warnings
    assert f"{name} can't be used; the picture shows the full range" in warning
    assert value.decode("latin-1") not in warning or len(value) == 1


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_an_unusable_window_gives_way_to_the_next_one(value):
    made = with_bytes(dataset(WindowWidth=["300", "400"]), "WindowCenter", value + b"\\1000")
    picture = read(made)
    assert picture.window == "window-2"
    np.testing.assert_array_equal(picture.grey, grey(dataset(WindowCenter="1000", WindowWidth="400")))
    assert "window 2" in picture.warnings[0]


@pytest.mark.parametrize(("centre", "width"), [(b"1000,0", b"400,0"), (b"1000,", b"4e2"), (b" 1000.0 ", b"+400 ")])
def test_a_number_is_read_in_all_its_spellings(centre, width):
    made = with_bytes(with_bytes(dataset(), "WindowCenter", centre), "WindowWidth", width)
    np.testing.assert_array_equal(grey(made), grey(dataset(WindowCenter="1000", WindowWidth="400")))


@pytest.mark.parametrize("kind", ["FD", "FL", "US", "SS", "LO", "SH", "UT", "IS"])
def test_a_window_of_another_type_is_read(kind):
    made = dataset()
    value = {"FD": 1000.0, "FL": 1000.0, "US": 1000, "SS": 1000, "IS": 1000}.get(kind, "1000")
    made.add_new("WindowCenter", kind, value)
    made.add_new("WindowWidth", "DS", "400")
    np.testing.assert_array_equal(grey(made), grey(dataset(WindowCenter="1000", WindowWidth="400")))


RESCALING = [("RescaleSlope", value) for value in (*NO_NUMBERS, b"0", b"1e300")]
RESCALING += [("RescaleIntercept", value) for value in (*NO_NUMBERS, b"-1e300")]


@pytest.mark.parametrize(("name", "value"), RESCALING)
@pytest.mark.parametrize("form", ["explicit", "implicit"])
def test_an_unusable_rescaling_is_left_out(name, value, form):
    picture = read(with_bytes(prepared(form), name, value))
    np.testing.assert_allclose(picture.grey, FULL, atol=1e-6)
    assert name in picture.warnings[0]


@pytest.mark.parametrize("word", ["LINEAR1", "LIN EAR", "SIGMOIDAL", "JANE"])
def test_an_unknown_window_function_is_taken_for_the_usual_one(word):
    picture = read(dataset(WindowCenter="1000", WindowWidth="400", VOILUTFunction=word))
    np.testing.assert_array_equal(picture.grey, grey(dataset(WindowCenter="1000", WindowWidth="400")))
    assert "VOILUTFunction" in picture.warnings[0]


def changed(item, **tags):
    for name, value in tags.items():
        if value is None:
            del item[name]
        else:
            item.add_new(name, "US", value)
    return Sequence([item])


BROKEN_TABLES = {
    "no data": {"LUTData": None},
    "no descriptor": {"LUTDescriptor": None},
    "a short descriptor": {"LUTDescriptor": [256, 0]},
    "fewer entries than declared": {"LUTDescriptor": [300, 0, 8]},
    "one value throughout": {"LUTData": [7] * 256},
}


@pytest.mark.parametrize("name", ["VOILUTSequence", "ModalityLUTSequence"])
@pytest.mark.parametrize("broken", BROKEN_TABLES)
@pytest.mark.parametrize("form", ["explicit", "implicit"])
def test_an_unusable_table_is_left_out(name, broken, form):
    items = changed(table(256, 0, 8, range(256))[0], **BROKEN_TABLES[broken])
    picture = read(prepared(form, **{name: items}))
    np.testing.assert_allclose(picture.grey, FULL, atol=1e-6)
    assert name in picture.warnings[0]
    windowed = read(prepared(form, **{name: items}, WindowCenter="1000", WindowWidth="400"))
    np.testing.assert_array_equal(windowed.grey, grey(dataset(WindowCenter="1000", WindowWidth="400")))


@pytest.mark.parametrize("name", ["VOILUTSequence", "ModalityLUTSequence", "ViewCodeSequence"])
def test_a_sequence_that_is_none_costs_no_picture(name):
    np.testing.assert_allclose(grey(with_bytes(dataset(), name, b"JANE", "LO")), FULL, atol=1e-6)


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize(
    "name", ["PixelPaddingValue", "PixelPaddingRangeLimit", "NumberOfFrames", "PlanarConfiguration"]
)
def test_other_tags_for_display_cost_no_picture(name, value):
    np.testing.assert_allclose(grey(with_bytes(dataset(), name, value, "LO")), FULL, atol=1e-6)


SHAPES = [("MONOCHROME1", "IDENTITY"), ("MONOCHROME2", "INVERSE")]


@pytest.mark.parametrize(("photometric", "shape"), SHAPES)
def test_two_tags_that_disagree_on_what_is_white_are_warned_of(photometric, shape):
    plain = dataset(PhotometricInterpretation=photometric)
    picture = read(dataset(PhotometricInterpretation=photometric, PresentationLUTShape=shape))
    np.testing.assert_array_equal(picture.grey, grey(plain))
    assert "disagree" in picture.warnings[0]


# ---- the first value that a table stands for is signed by what goes in -----------------------------------------------

FIRSTS = [
    # (intercept, first value as it is meant)
    (0, 0), (0, 500), (0, 40000), (-1024, -1024), (-1024, -500), (-1024, 0), (-2000, -2000), (100, 200),
]  # fmt: skip


@pytest.mark.parametrize(("intercept", "first"), FIRSTS)
@pytest.mark.parametrize("form", ["explicit", "implicit"])
@pytest.mark.parametrize("kind", ["US", "SS"])
def test_a_voi_table_begins_where_its_input_can_be(intercept, first, form, kind):
    bits = 16 if first > 4095 else 12
    entries = np.linspace(0, 4095, 3000).astype(int)
    item = table(3000, 0, 12, entries.tolist())[0]
    if kind == "SS" and first < 2**15:
        item["LUTDescriptor"].VR, item["LUTDescriptor"].value = "SS", [3000, first, 12]
    else:
        item["LUTDescriptor"].value = [3000, first % 2**16, 12]
    made = prepared(form, bits=bits, RescaleSlope="1", RescaleIntercept=str(intercept), VOILUTSequence=Sequence([item]))
    expected = entries[np.clip(stored(bits).astype(int) + intercept - first, 0, 2999)] / 4095
    np.testing.assert_allclose(grey(made), expected, atol=1e-6)


@pytest.mark.parametrize("first", [-2048, -1000, -1, 0, 100])
@pytest.mark.parametrize("form", ["explicit", "implicit"])
def test_a_modality_table_is_signed_as_the_pixels_are(first, form):
    pixels = np.linspace(-2048, 2047, 150 * 140).astype(np.int16).reshape(150, 140)
    entries = np.linspace(0, 65535, 2000).astype(int)
    item = table(2000, first % 2**16, 16, entries.tolist())
    made = dataset(pixels, ModalityLUTSequence=item)
    expected = entries[np.clip(pixels.astype(int) - first, 0, 1999)] / 65535
    np.testing.assert_allclose(grey(implicit(made) if form == "implicit" else made), expected, atol=1e-6)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_a_table_holds_entries_of_every_depth_in_words_or_bytes(bits):
    entries = np.linspace(0, 2**bits - 1, 4096).astype("<u2")
    for kind, value in (("US", entries.tolist()), ("OW", entries.tobytes())):
        item = table(4096, 0, bits, [0, 1])
        item[0].add_new("LUTData", kind, value)
        np.testing.assert_allclose(grey(dataset(VOILUTSequence=item)), entries[stored()] / (2**bits - 1), atol=1e-6)


# ---- what pydicom can do as well gives the same ----------------------------------------------------------------------

WAYS = list(
    itertools.product(
        [None, ("1", "0"), ("2", "-1000"), ("0.5", "7")],
        [("1000", "400"), ("2048", "4096"), ("900.5", "33.25"), ("-300", "1500")],
        ["LINEAR", "LINEAR_EXACT", "SIGMOID"],
    )
)


@pytest.mark.parametrize(("rescaling", "window", "function"), WAYS)
def test_rescaling_and_window_are_those_of_pydicom(rescaling, window, function):
    made = dataset(WindowCenter=window[0], WindowWidth=window[1], VOILUTFunction=function)
    if rescaling:
        made.RescaleSlope, made.RescaleIntercept = rescaling
    reference = apply_voi_lut(apply_modality_lut(made.pixel_array, made), made).astype(float)
    # pydicom's output covers what the bits can hold after rescaling
    slope, intercept = (float(number) for number in rescaling or (1, 0))
    low, high = intercept, 4095 * slope + intercept
    reference = (reference - low) / (high - low)
    if np.ptp(reference) >= 0.02:
        np.testing.assert_allclose(grey(made), reference, atol=2e-3)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_voi_table_is_that_of_pydicom(bits):
    # pydicom cuts what goes into a table of 8 bits to 8 bits
    count = 256 if bits == 8 else 4096
    entries = np.linspace(0, 2**bits - 1, count).astype(int).tolist()
    made = dataset(bits=8 if bits == 8 else 12, VOILUTSequence=table(count, 0, bits, entries))
    reference = apply_voi_lut(made.pixel_array, made) / (2**bits - 1)
    np.testing.assert_allclose(grey(made), reference, atol=1e-6)


def test_one_bright_pixel_decides_nothing_without_a_window():
    pixels = np.linspace(0, 4095, 150 * 140).astype(np.uint16).reshape(150, 140)
    marked = pixels.copy()
    marked[:5, :5] = 65535
    picture = read_radiograph(content(dataset(marked, bits=16)))
    np.testing.assert_allclose(picture.grey[5:], pixels[5:] / 4095, atol=1e-3)
    assert "stretched" in picture.warnings[0]


def test_an_item_without_its_dataset_is_empty():
    np.testing.assert_allclose(grey(dataset(VOILUTSequence=Sequence([Dataset()]))), FULL, atol=1e-6)
