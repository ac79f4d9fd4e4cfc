"""DICOM files whose pixels are compressed, and streams that are not what the file says."""

import io

import numpy as np
import pytest
from PIL import Image

from cxr import read_radiograph
from cxr.errors import RadiographError
from cxr.reading.coded_stream import coded_size

pytest.importorskip("pydicom", reason="needs the extra dicom")
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from tests.cxr.reading.dicom_files import content, dataset, grey, stored

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
