"""Files of kinds that users of other programs reported, each with the brightness that it should be read with."""

import numpy as np
import pytest

from cxr import read_radiograph
from cxr.errors import RadiographError

pytest.importorskip("pydicom", reason="needs the extra dicom")

READ = {
    "charset_marker.dcm": (),
    "window_comma.dcm": (),
    "window_width_zero.dcm": ("WindowWidth can't be used",),
    "overlay_in_high_bit_j2k.dcm": (),
    "voi_lut_after_intercept_implicit.dcm": (),
    "rgb_all_grey.dcm": ("secondary capture",),
    "without_PhotometricInterpretation.dcm": ("PhotometricInterpretation is missing",),
    "view_LAT.dcm": ("lateral",),
    "body_PORT_CHEST.dcm": (),
    "png_12_in_16_marker.png": ("12 bits",),
    "tiff_rgb16_planar.tif": (),
}
"""Each file's warnings: words that occur in them, in order."""

REFUSED = {
    "heic.heic": "HEIC",
    "jpeg_12_bit.jpg": "JPEG of 12 bits",
    "syntax_jpegxl.dcm": "JPEG XL .* which can't be read here",
}


@pytest.fixture(scope="module")
def folder(shared):
    found = shared / "reports" / "files"
    if not found.is_dir():
        pytest.skip("the reported files are not here")
    return found


@pytest.mark.parametrize("name", READ)
def test_a_reported_file_is_read_as_bright_as_it_is(folder, name, recwarn, capfd):
    expected = np.load(folder / "expected.npz")
    expected = expected[name if name in expected else name.removesuffix(".dcm")].astype(np.float32)
    picture = read_radiograph(folder / name)
    assert np.abs(picture.grey - expected).mean() < 0.006
    assert len(picture.warnings) == len(READ[name]), picture.warnings
    assert all(words in said for words, said in zip(READ[name], picture.warnings, strict=True)), picture.warnings
    assert "PLANTED" not in repr((picture.warnings, picture.notes)) + capfd.readouterr().err
    assert not [each for each in recwarn if "PLANTED" in str(each.message)]


@pytest.mark.parametrize("name", REFUSED)
def test_a_reported_file_that_is_not_read_is_called_by_its_name(folder, name):
    with pytest.raises(RadiographError, match=REFUSED[name]) as caught:
        read_radiograph(folder / name)
    assert "damaged" not in str(caught.value)
    assert caught.value.hint


def test_pixels_twice_as_wide_as_high_become_square(folder):
    picture = read_radiograph(folder / "aspect_ratio.dcm")
    assert picture.grey.shape == (256, 256)
    assert picture.stored_size == (256, 128)
    assert not picture.warnings
    assert "not square" in picture.notes[0]
