import numpy as np
import pytest

from cxr.frame import Frame


def whole(height, width, size=224):
    return Frame((height, width), (size, size), (0.0, 0.0, float(height), float(width)))


def test_the_peak_of_a_cell_lies_at_its_centre():
    cells = np.zeros((7, 7))
    cells[1, 1] = 1
    enlarged = whole(224, 224).map_to_input(cells)
    # cell 1 of 7 covers pixels 32 to 63: its centre 48.0 lies between the pixels 47 and 48, at index 47.5
    rows, columns = np.nonzero(enlarged == enlarged.max())
    assert sorted(set(rows)) == sorted(set(columns)) == [47, 48]
    # (47.5 / 32 - 0.5) = 0.984375, on both axes
    assert enlarged.max() == pytest.approx(0.984375**2)


def test_two_cells_on_four_pixels():
    # pixel centres 0.5, 1.5, 2.5, 3.5 lie at -0.25, 0.25, 0.75, 1.25 cells; the outer two are clamped to 0 and 1
    enlarged = whole(4, 4, size=4).map_to_input(np.array([[0.0, 1.0]]))
    np.testing.assert_allclose(enlarged[2], [0, 0.25, 0.75, 1])


def test_a_map_of_the_inputs_size_stays_as_it_is():
    cells = np.random.default_rng(0).normal(size=(224, 224)).astype(np.float32)
    np.testing.assert_array_equal(whole(500, 500).map_to_input(cells), cells)


def test_enlarging_keeps_sign_and_range():
    cells = np.random.default_rng(0).normal(size=(7, 7))
    enlarged = whole(300, 300).map_to_image(cells)
    assert cells.min() <= enlarged.min() < 0 < enlarged.max() <= cells.max()


def test_a_map_is_not_transposed():
    cells = np.zeros((7, 7))
    cells[1, 5] = 1
    row, column = np.unravel_index(whole(100, 400).map_to_image(cells).argmax(), (100, 400))
    # centre of cell (1, 5): 1.5 / 7 * 100 = 21.4 down, 5.5 / 7 * 400 = 314.3 across
    assert (row, column) == (pytest.approx(21, abs=1), pytest.approx(314, abs=1))


CROPPED = Frame((512, 1024), (224, 224), (32.0, 288.0, 448.0, 448.0))


def test_outside_the_crop_a_map_is_nan():
    enlarged = CROPPED.map_to_image(np.ones((7, 7)))
    inside = np.zeros((512, 1024), bool)
    inside[32:480, 288:736] = True
    np.testing.assert_array_equal(np.isnan(enlarged), ~inside)
    assert (enlarged[inside] == 1).all()


def test_a_map_is_clamped_at_the_crops_border_not_the_images():
    enlarged = CROPPED.map_to_image(np.array([[2.0, 4.0]]))
    # two cells of 224 pixels: up to the first centre, at 288 + 112 = 400, the value stays 2
    assert (enlarged[40, 288:400] == 2).all()
    assert enlarged[40, 401] > 2
    assert (enlarged[40, 624:736] == 4).all()


def test_a_pixel_belongs_to_the_crop_if_its_centre_does():
    frame = Frame((100, 100), (50, 50), (10.4, 10.6, 50.0, 50.0))
    enlarged = frame.map_to_image(np.ones((5, 5)))
    # rows: the centre of pixel 10, 10.5, is inside 10.4; columns: it is outside 10.6
    assert not np.isnan(enlarged[10, 30])
    assert np.isnan(enlarged[30, 10])
    assert not np.isnan(enlarged[30, 11])


def test_points_go_both_ways():
    # 448 image pixels on 224 input pixels: a factor of 2, then the crop's corner
    assert CROPPED.point_to_image(10, 20) == (32 + 20, 288 + 40)
    assert CROPPED.point_to_input(52, 328) == (10, 20)
    assert CROPPED.point_to_input(0, 0) == (-16, -144)


def test_boxes_go_both_ways():
    assert CROPPED.box_to_image((10, 20, 30, 40)) == (52, 328, 60, 80)
    assert CROPPED.box_to_input((52, 328, 60, 80)) == (10, 20, 30, 40)


def test_a_map_has_two_axes():
    with pytest.raises(ValueError, match=r"\(7, 7, 3\)"):
        CROPPED.map_to_input(np.ones((7, 7, 3)))
