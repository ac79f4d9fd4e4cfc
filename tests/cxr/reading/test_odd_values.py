"""Values of a file or an array that are possible and of no use, each with the next best brightness or a sentence."""

import numpy as np
import pytest

from cxr import read_radiograph
from cxr.errors import RadiographError

RAMP = np.linspace(0, 1, 80 * 100).reshape(80, 100)


# ---- DICOM -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dicom():
    pytest.importorskip("pydicom", reason="needs the extra dicom")
    from tests.cxr.reading import dicom_files

    return dicom_files


@pytest.mark.parametrize("slope", ["1e-9", "1e-20", "-1e-20", "1e-29"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_a_small_slope_changes_no_brightness(dicom, slope, photometric):
    picture = read_radiograph(dicom.content(dicom.dataset(RescaleSlope=slope, PhotometricInterpretation=photometric)))
    expected = dicom.stored() / 4095
    negative = (photometric == "MONOCHROME1") != slope.startswith("-")
    np.testing.assert_allclose(picture.grey, 1 - expected if negative else expected, atol=1e-5)
    assert not picture.warnings


@pytest.mark.parametrize("slope", ["1e-34", "1e-40", "-1e-45", "1e-300"])
def test_a_slope_beside_which_all_pixels_become_equal_is_named(dicom, slope):
    picture = read_radiograph(dicom.content(dicom.dataset(RescaleSlope=slope)))
    np.testing.assert_allclose(picture.grey, dicom.stored() / 4095, atol=1e-6)
    assert "RescaleSlope can't be used" in picture.warnings[0]


def test_a_window_as_narrow_as_the_rescaled_values_is_followed(dicom):
    tags = {"RescaleSlope": "1e-20", "WindowCenter": "2e-17", "WindowWidth": "2e-17", "VOILUTFunction": "LINEAR_EXACT"}
    picture = read_radiograph(dicom.content(dicom.dataset(**tags)))
    np.testing.assert_allclose(picture.grey, np.clip((dicom.stored() - 1000.0) / 2000, 0, 1), atol=1e-4)
    assert picture.window == "window-1"


@pytest.mark.parametrize(("limit", "used"), [(2000, True), (3800, True), (3950, False), (4090, False)])
def test_padding_that_is_nearly_the_whole_picture_is_no_padding(dicom, limit, used):
    made = dicom.dataset(PixelPaddingValue=0, PixelPaddingRangeLimit=limit)
    picture = read_radiograph(dicom.content(made))
    hidden = dicom.stored() <= limit
    assert (picture.grey[hidden].max() == 0) == used
    assert any("PixelPaddingValue can't be used" in each for each in picture.warnings) == (not used)


def test_a_file_that_names_the_deflated_syntax_elsewhere_is_read(dicom):
    made = dicom.dataset()
    made.add_new((0x0008, 0x3002), "UI", ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"])
    np.testing.assert_array_equal(read_radiograph(dicom.content(made)).grey, dicom.grey(dicom.dataset()))


@pytest.mark.parametrize("start", [0, 128, 132], ids=["whole", "without preamble", "without prefix"])
def test_a_file_is_read_from_its_prefix_on(dicom, start):
    content = dicom.content(dicom.dataset())[start:]
    np.testing.assert_array_equal(read_radiograph(content).grey, dicom.grey(dicom.dataset()))


# ---- arrays ----------------------------------------------------------------------------------------------------------

SAME = {
    "half": RAMP.astype(np.float16), "big-endian": RAMP.astype(">f4"), "long": RAMP.astype(np.longdouble),
    "Fortran's order": np.asfortranarray(RAMP), "a matrix": RAMP.view(np.matrix), "one channel": RAMP[..., None],
    "nothing masked": np.ma.masked_array(RAMP, False), "huge": RAMP * 1e300, "large floats": (RAMP * 3e38).astype("f4"),
    "large integers": np.rint(RAMP * 2**63).astype(np.uint64),
    "negative integers": (np.rint(RAMP * 2**62) - 2**61).astype(np.int64),
    "turned twice": RAMP[::-1, ::-1][::-1, ::-1],
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_a_ramp_is_a_ramp_in_every_array_of_numbers(name):
    np.testing.assert_allclose(read_radiograph(SAME[name]).grey, RAMP, atol=1e-3)


@pytest.mark.parametrize("share", [0.1, 1.0])
def test_masked_pixels_are_not_shown_as_if_they_were_none(share):
    with pytest.raises(RadiographError, match=r"pixels of the array are masked\. .*filled\(0\)"):
        read_radiograph(np.ma.masked_array(RAMP, share >= RAMP))


@pytest.mark.parametrize("dtype", [[("a", "f4")], "M8[s]", "m8[s]", "S1"])
def test_an_array_of_no_numbers_is_named(dtype):
    with pytest.raises(RadiographError, match="are not brightness values"):
        read_radiograph(np.zeros((80, 100), dtype))
