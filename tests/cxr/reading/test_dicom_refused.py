"""DICOM files that are refused. The sentence names the reason, and never what a tag holds."""

import sys
import traceback

import numpy as np
import pytest

from cxr import read_radiograph
from cxr.errors import RadiographError

pytest.importorskip("pydicom", reason="needs the extra dicom")
from pydicom.encaps import encapsulate
from pydicom.uid import (
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
)

from tests.cxr.reading.dicom_files import content, dataset, stored


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
