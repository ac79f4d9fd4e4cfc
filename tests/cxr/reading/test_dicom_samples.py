"""Public DICOM files that other projects test with. They skip where they are not installed."""

import numpy as np
import pytest

from cxr import read_radiograph
from cxr.errors import RadiographError

pytest.importorskip("pydicom", reason="needs the extra dicom")


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
