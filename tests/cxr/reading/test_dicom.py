import io
import sys
import traceback

import numpy as np
import pytest
from PIL import Image

from cxr import read_radiograph
from cxr.errors import RadiographError
from cxr.reading.coded_stream import coded_size
from cxr.reading.dicom import is_dicom
from cxr.reading.dicom_transforms import windowed

pytest.importorskip("pydicom", reason="needs the extra dicom")
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from tests.cxr.reading.dicom_files import content, dataset, grey, stored, table


def test_stored_values_are_divided_by_their_declared_range():
    # twelve bits: 2^12 - 1 = 4095
    np.testing.assert_allclose(grey(dataset()), stored() / 4095, atol=1e-6)


def test_it_is_called_dicom_and_has_no_warnings():
    picture = read_radiograph(content(dataset()))
    assert picture.kind == "dicom"
    assert not picture.warnings


def test_monochrome1_is_inverted():
    np.testing.assert_allclose(grey(dataset(PhotometricInterpretation="MONOCHROME1")), 1 - stored() / 4095, atol=1e-6)


def test_a_window_maps_its_ends_to_black_and_white():
    # LINEAR with centre 1000 and width 401: from 1000 - 0.5 - 200 = 799.5 to 1199.5
    shown = grey(dataset(WindowCenter="1000", WindowWidth="401"))
    values = stored().astype(float)
    np.testing.assert_allclose(shown, np.clip((values - 799.5) / 400, 0, 1), atol=1e-6)


def test_the_three_window_functions_by_hand():
    values = np.array([0, 40, 50, 60, 100], np.float32)
    # from 50 - 10 to 50 + 10
    np.testing.assert_allclose(windowed(values, 50, 20, function="LINEAR_EXACT"), [0, 0, 0.5, 1, 1])
    # from 49.5 - 9.5 to 49.5 + 9.5: (50 - 40) / 19
    np.testing.assert_allclose(windowed(values, 50, 20, function="LINEAR"), [0, 0, 10 / 19, 1, 1], atol=1e-6)
    # 1 / (1 + exp(-4 (x - 50) / 20)): exp(2) = 7.389 at 40
    sigmoid = windowed(values, 50, 20, function="SIGMOID")
    np.testing.assert_allclose(sigmoid[1:4], [1 / 8.389, 0.5, 7.389 / 8.389], atol=1e-4)


def test_the_first_of_several_windows_counts():
    several = grey(dataset(WindowCenter=["1000", "3000"], WindowWidth=["400", "100"]))
    np.testing.assert_array_equal(several, grey(dataset(WindowCenter="1000", WindowWidth="400")))


SEVERAL = {
    "WindowCenter": ["1000", "3000", "2000"],
    "WindowWidth": ["400", "100", "900"],
    "WindowCenterWidthExplanation": ["NORMAL", "HARDER", "SECRET JANE"],
}


def test_all_windows_are_offered_and_named_in_words_of_ours():
    picture = read_radiograph(content(dataset(**SEVERAL)))
    assert [each.name for each in picture.windows] == ["window-1", "window-2", "window-3", "range", "pixels"]
    # what is not among the known words is free text, which may name somebody
    assert [each.title for each in picture.windows[:3]] == ["Window 1: normal", "Window 2: harder", "Window 3"]
    assert picture.window == "window-1"


def test_a_window_is_chosen_by_its_name():
    second = read_radiograph(content(dataset(**SEVERAL)), window="window-2")
    assert second.window == "window-2"
    np.testing.assert_array_equal(second.grey, grey(dataset(WindowCenter="3000", WindowWidth="100")))


def test_every_file_can_be_shown_at_its_full_range_and_at_that_of_its_pixels():
    pixels = np.linspace(1000, 3000, 150 * 140).astype(np.uint16).reshape(150, 140)
    made = content(dataset(pixels, WindowCenter="1500", WindowWidth="400"))
    np.testing.assert_allclose(read_radiograph(made, window="range").grey, pixels / 4095, atol=1e-6)
    stretched = read_radiograph(made, window="pixels")
    np.testing.assert_allclose(stretched.grey, (pixels - 1000.0) / 2000, atol=1e-6)
    assert not stretched.warnings


def test_a_table_is_offered_before_a_window():
    made = dataset(VOILUTSequence=table(5, 1000, 8, [0, 50, 100, 200, 255]), WindowCenter="1000", WindowWidth="400")
    picture = read_radiograph(content(made), window="window-1")
    titles = ["The file's table", "The file's window", "Full range of the file's bits", "Range that its pixels use"]
    assert [each.title for each in picture.windows] == titles
    np.testing.assert_array_equal(picture.grey, grey(dataset(WindowCenter="1000", WindowWidth="400")))


def test_without_a_window_the_one_that_was_taken_is_named():
    assert read_radiograph(content(dataset())).window == "range"
    assert [each.name for each in read_radiograph(content(dataset())).windows] == ["range", "pixels"]
    little = np.linspace(100, 3000, 150 * 140).astype(np.uint16).reshape(150, 140)
    assert read_radiograph(content(dataset(little, bits=16))).window == "pixels"
    (at_range,) = (read_radiograph(content(dataset(little, bits=16)), window="range"),)
    assert at_range.window == "range"
    assert at_range.grey.max() == pytest.approx(3000 / 65535)


@pytest.mark.parametrize("name", ["window-2", "table-1", "window-0", "window--1", "x"])
def test_a_window_that_the_file_does_not_have_is_refused(name):
    with pytest.raises(RadiographError, match="no window"):
        read_radiograph(content(dataset(WindowCenter="1000", WindowWidth="400")), window=name)


def test_a_picture_has_no_windows():
    buffer = io.BytesIO()
    Image.fromarray(stored(8)).save(buffer, "PNG")
    assert read_radiograph(buffer.getvalue()).windows == ()
    with pytest.raises(RadiographError, match="Only DICOM"):
        read_radiograph(buffer.getvalue(), window="range")


def test_thousands_of_windows_are_no_choice():
    made = dataset(WindowCenter=["1000"] * 2000, WindowWidth=["400"] * 2000)
    assert len(read_radiograph(content(made)).windows) == 8 + 2


def test_the_window_is_meant_after_rescaling():
    # 2 v - 1000 through the window [500, 2500] (LINEAR_EXACT): (2 v - 1500) / 2000
    shown = grey(
        dataset(
            RescaleSlope="2",
            RescaleIntercept="-1000",
            WindowCenter="1500",
            WindowWidth="2000",
            VOILUTFunction="LINEAR_EXACT",
        )
    )
    np.testing.assert_allclose(shown, np.clip((2 * stored().astype(float) - 1500) / 2000, 0, 1), atol=1e-6)


def test_a_voi_table_is_looked_up_before_a_window():
    # five entries for the values from 1000 on, 8 bits; below the first and above the last their values go on
    made = dataset(VOILUTSequence=table(5, 1000, 8, [0, 50, 100, 200, 255]), WindowCenter="10", WindowWidth="5")
    steps = np.array([0, 50, 100, 200, 255])[np.clip(stored().astype(int) - 1000, 0, 4)]
    np.testing.assert_allclose(grey(made), steps / 255, atol=1e-6)


def test_a_modality_table_is_looked_up_first():
    made = dataset(bits=8, ModalityLUTSequence=table(256, 0, 16, range(0, 65536, 256)))
    # entry v is 256 v, of 65535
    np.testing.assert_allclose(grey(made), stored(8) * 256.0 / 65535, atol=1e-6)


def test_a_window_that_leaves_nothing_is_ignored_with_a_warning():
    picture = read_radiograph(content(dataset(WindowCenter="60000", WindowWidth="10")))
    assert "window" in picture.warnings[0]
    np.testing.assert_allclose(picture.grey, stored() / 4095, atol=1e-6)


def test_signed_values_are_shifted():
    pixels = np.linspace(-2048, 2047, 150 * 140).astype(np.int16).reshape(150, 140)
    np.testing.assert_allclose(grey(dataset(pixels)), (pixels + 2048.0) / 4095, atol=1e-6)


def test_pixels_that_use_little_of_their_range_are_stretched_with_a_warning():
    pixels = np.linspace(100, 3000, 150 * 140).astype(np.uint16).reshape(150, 140)
    picture = read_radiograph(content(dataset(pixels, bits=16)))
    assert "stretched" in picture.warnings[0]
    np.testing.assert_allclose(picture.grey, (pixels - 100.0) / 2900, atol=1e-6)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black(photometric):
    pixels = stored()
    pixels[:20] = 65000
    shown = grey(dataset(pixels, bits=16, PixelPaddingValue=65000, PhotometricInterpretation=photometric))
    assert (shown[:20] == 0).all()
    # the range is that of the other pixels
    assert shown[20:].max() == 1


LOSSLESS = {"RLE": RLELossless, "JPEG-LS": JPEGLSLossless, "JPEG 2000": JPEG2000Lossless}


@pytest.mark.parametrize("name", LOSSLESS)
def test_compressed_pixels_are_the_same(name):
    made = dataset()
    made.compress(LOSSLESS[name], generate_instance_uid=False)
    np.testing.assert_array_equal(grey(made), grey(dataset()))


@pytest.mark.parametrize("name", LOSSLESS)
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_compressed_pixels_that_are_cut_short_are_refused(name, kept):
    made = dataset(np.random.default_rng(0).integers(0, 4096, (150, 140), np.uint16))
    made.compress(LOSSLESS[name], generate_instance_uid=False)
    whole = content(made)
    with pytest.raises(RadiographError):
        read_radiograph(whole[: int(kept * len(whole))])


def baseline(pixels, rows, columns):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95)
    made = dataset(stored(8), bits=8)
    made.Rows, made.Columns = rows, columns
    made.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    made.PixelData = encapsulate([buffer.getvalue()])
    made["PixelData"].is_undefined_length = True
    return made


def test_jpeg_baseline_is_decoded():
    pixels = stored(8)
    np.testing.assert_allclose(grey(baseline(pixels, *pixels.shape)) * 255, pixels, atol=3)


def test_a_stream_larger_than_the_file_says_is_refused_before_decoding():
    with pytest.raises(RadiographError, match="megapixels"):
        grey(baseline(np.zeros((7_100, 7_100), np.uint8), 100, 100))


def test_the_size_of_a_stream_is_read_from_its_header():
    for kind, settings in (("JPEG", {}), ("JPEG", {"progressive": True}), ("JPEG2000", {})):
        buffer = io.BytesIO()
        Image.fromarray(stored(8)).save(buffer, kind, **settings)
        assert coded_size(buffer.getvalue()) == (150, 140)
    assert coded_size(b"\x01\x00\x00\x00" + bytes(60)) is None


def test_files_without_preamble_and_meta_information_are_read():
    for syntax, implicit in ((ImplicitVRLittleEndian, True), (ExplicitVRLittleEndian, False)):
        made = dataset()
        made.file_meta.TransferSyntaxUID = syntax
        bare = FileDataset(None, made)
        buffer = io.BytesIO()
        bare.save_as(buffer, enforce_file_format=False, implicit_vr=implicit, little_endian=True)
        assert buffer.getvalue()[128:132] != b"DICM"
        np.testing.assert_array_equal(read_radiograph(buffer.getvalue()).grey, grey(dataset()))


def test_pictures_are_no_dicom():
    assert not is_dicom(b"\x89PNG\r\n\x1a\n" + bytes(200))
    assert not is_dicom(b"")


WARNINGS = [
    ({"Modality": "CT"}, "a CT slice"),
    ({"Modality": "XYZ"}, "of another kind"),
    ({"BodyPartExamined": "HAND"}, "another body part"),
    ({"ViewPosition": "LL"}, "lateral"),
    ({"PatientOrientation": ["R", "F"]}, "mirrored"),
    ({"BurnedInAnnotation": "YES"}, "text is burned"),
]


@pytest.mark.parametrize(("tags", "sentence"), WARNINGS)
def test_what_the_file_says_becomes_a_warning(tags, sentence):
    (warning,) = read_radiograph(content(dataset(**tags))).warnings
    assert sentence in warning


@pytest.mark.parametrize(
    "tags",
    [
        {"BodyPartExamined": "CHEST"},
        {"BodyPartExamined": "THORAX"},
        {"ViewPosition": "PA"},
        {"PatientOrientation": ["L", "F"]},
        {"BurnedInAnnotation": "NO"},
        {"Modality": ""},
    ],
)
def test_what_is_as_it_should_be_is_no_warning(tags):
    assert not read_radiograph(content(dataset(**tags))).warnings


def test_whether_text_is_burned_in_is_said_or_not_known():
    unknown, clean, burned = (
        read_radiograph(content(dataset(**tags)))
        for tags in ({}, {"BurnedInAnnotation": "NO"}, {"BurnedInAnnotation": "YES"})
    )
    (note,) = unknown.notes
    assert "doesn't say whether text is burned" in note
    assert not unknown.warnings
    assert not clean.notes + clean.warnings + burned.notes


def refused(made, match):
    with pytest.raises(RadiographError, match=match) as caught:
        read_radiograph(made if isinstance(made, bytes) else content(made))
    assert "SECRET" not in str(caught.value)
    assert "4711" not in str(caught.value)


def test_several_frames_are_refused():
    refused(dataset(np.zeros((2, 150, 140), np.uint16), NumberOfFrames=2), "2 frames")


def test_colour_is_refused():
    made = dataset(stored(8).repeat(3, axis=1), bits=8, SamplesPerPixel=3, PhotometricInterpretation="RGB", Columns=140)
    made.PlanarConfiguration = 1
    refused(made, "in colour")


def test_a_file_without_pixels_is_refused():
    made = dataset()
    del made.PixelData
    refused(made, "no pixels")


def test_pixel_data_that_is_cut_short_is_refused():
    refused(dataset(Rows=160), "damaged or cut short")
    refused(content(dataset())[:-500], "damaged or cut short")


def test_megapixels_are_counted_before_decoding():
    refused(dataset(Rows=60_000, Columns=60_000), "megapixels")


def test_deflated_files_are_refused():
    made = dataset()
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    refused(made, "deflate")


def test_constant_pixels_are_refused():
    refused(dataset(np.full((150, 140), 7, np.uint16)), "same value")


def test_an_unknown_compression_is_named():
    made = dataset()
    made.file_meta.TransferSyntaxUID = MPEG2MPML
    made.PixelData = encapsulate([bytes(100)])
    made["PixelData"].is_undefined_length = True
    refused(made, "stored as MPEG2 .* which can't be read here")


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    made = content(dataset())
    monkeypatch.setitem(sys.modules, "pydicom", None)
    monkeypatch.setitem(sys.modules, "pydicom.errors", None)
    refused(made, r"pip install 'cxr-lens\[dicom\]'")


def test_no_patient_is_kept():
    picture = read_radiograph(content(dataset(Modality="CT")))
    kept = repr({name: value for name, value in vars(picture).items() if name not in ("grey", "rgb")})
    assert "SECRET" not in kept
    assert "4711" not in kept


READ_AS_TEXT = {
    "Modality": "DX12345",
    "BodyPartExamined": "CHEST45",
    "ViewPosition": "PA12345",
    "BurnedInAnnotation": "YES1234",
    "WindowCenter": "1000001",
    "WindowWidth": "1000001",
    "RescaleSlope": "1000001",
    "VOILUTFunction": "LINEAR1",
    "PresentationLUTShape": "INVERSE",
}


@pytest.mark.parametrize("tag", READ_AS_TEXT)
def test_what_a_tag_holds_is_never_quoted(tag, recwarn, caplog):
    """A name where it doesn't belong breaks the standard's rules, and pydicom's warnings quote what does."""
    value = READ_AS_TEXT[tag]
    both = {"WindowCenter": "1000001", "WindowWidth": "1000001"} if tag.startswith("Window") else {}
    whole = content(dataset(**(both | {tag: value})))
    planted = whole.replace(value.encode(), b"jane~d!")
    assert planted != whole
    try:
        picture = read_radiograph(planted)
        said = repr((picture.warnings, picture.notes, picture.windows, picture.window))
    except RadiographError as error:
        # with all that a log would show of it
        said = "".join(traceback.format_exception(error))
    assert "jane" not in said.lower()
    assert "jane" not in caplog.text.lower()
    assert not [each for each in recwarn if "jane" in str(each.message).lower()]


@pytest.fixture(scope="module")
def samples(shared):
    folder = shared / "nih" / "dicom"
    if not folder.is_dir():
        pytest.skip("the DICOM files are not here")
    return folder


CHEST = "1.2.276.0.7230010.3.1.4.8323329.6904.1517875201.850819.dcm"


def test_a_real_radiograph_declared_monochrome1_is_its_own_negative(samples):
    upright = read_radiograph(samples / CHEST)
    negative = read_radiograph(samples / "Fake_MONOHR1.dcm")
    np.testing.assert_allclose(negative.grey, 1 - upright.grey, atol=1e-6)
    assert not upright.warnings


def test_one_slice_in_three_encodings_is_the_same(samples):
    names = ("MR_small_RLE.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_implicit_no_preamble.dcm")
    assert len({read_radiograph(samples / name).digest for name in names}) == 1


def test_other_modalities_are_read_with_a_warning(samples):
    assert "CT slice" in read_radiograph(samples / "CT_small.dcm").warnings[0]
    scintigram = read_radiograph(samples / "JPEG2000.dcm")
    assert (scintigram.height, scintigram.width) == (1024, 256)
    assert "scintigram" in scintigram.warnings[0]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("SC_rgb_rle_2frame.dcm", "2 frames"),
        ("examples_palette.dcm", "in colour"),
        ("MR_truncated.dcm", "damaged or cut short"),
    ],
)
def test_what_is_no_single_grey_picture_is_refused(samples, name, reason):
    with pytest.raises(RadiographError, match=reason):
        read_radiograph(samples / name)
