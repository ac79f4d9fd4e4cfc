"""Windows and lookup tables of DICOM files, and which of them a reader may choose."""

import io

import numpy as np
import pytest
from PIL import Image

from cxr import read_radiograph
from cxr.errors import RadiographError
from cxr.reading.dicom_transforms import windowed

pytest.importorskip("pydicom", reason="needs the extra dicom")

from tests.cxr.reading.dicom_files import content, dataset, grey, stored, table


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
