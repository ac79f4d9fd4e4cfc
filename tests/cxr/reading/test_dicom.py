"""Brightness of DICOM files, and what the file says about itself."""

import io

import numpy as np
import pytest

from cxr import read_radiograph
from cxr.reading.dicom import is_dicom

pytest.importorskip("pydicom", reason="needs the extra dicom")
from pydicom.dataset import FileDataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from tests.cxr.reading.dicom_files import content, dataset, grey, stored


def test_stored_values_are_divided_by_their_declared_range():
    # twelve bits: 2^12 - 1 = 4095
    np.testing.assert_allclose(grey(dataset()), stored() / 4095, atol=1e-6)


def test_it_is_called_dicom_and_has_no_warnings():
    picture = read_radiograph(content(dataset()))
    assert picture.kind == "dicom"
    assert not picture.warnings


def test_monochrome1_is_inverted():
    np.testing.assert_allclose(grey(dataset(PhotometricInterpretation="MONOCHROME1")), 1 - stored() / 4095, atol=1e-6)


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
