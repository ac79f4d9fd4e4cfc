"""What a DICOM file's display shutter covers is not seen, decides nothing, and is said."""

import numpy as np
import pytest

from cxr import read_radiograph

pytest.importorskip("pydicom", reason="needs the extra dicom")
from tests.cxr.reading.dicom_files import content, dataset, stored

ROWS, COLUMNS = np.indices((150, 140)) + 1  # DICOM counts from 1
RECTANGLE = {
    "ShutterShape": "RECTANGULAR",
    **{"ShutterLeftVerticalEdge": 11, "ShutterRightVerticalEdge": 120},
    **{"ShutterUpperHorizontalEdge": 21, "ShutterLowerHorizontalEdge": 140},
}
INSIDE = (ROWS >= 21) & (ROWS <= 140) & (COLUMNS >= 11) & (COLUMNS <= 120)
CIRCLE = {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [75, 70], "RadiusOfCircularShutter": 60}
IN_CIRCLE = (ROWS - 75) ** 2 + (COLUMNS - 70) ** 2 <= 60**2
TRIANGLE = {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [1, 1, 1, 140, 150, 1]}


def shown(**tags):
    return read_radiograph(content(dataset(**tags)))


@pytest.mark.parametrize(("tags", "inside"), [(RECTANGLE, INSIDE), (CIRCLE, IN_CIRCLE)], ids=["rectangle", "circle"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("grey", [None, 0, 65535, 32768])
def test_what_lies_outside_has_the_shutter_s_brightness(tags, inside, photometric, grey):
    given = {} if grey is None else {"ShutterPresentationValue": grey}
    picture = shown(**tags, **given, PhotometricInterpretation=photometric)
    plain = shown(PhotometricInterpretation=photometric)
    np.testing.assert_array_equal(picture.grey[inside], plain.grey[inside])
    np.testing.assert_allclose(picture.grey[~inside], (grey or 0) / 65535, atol=1e-6)
    assert f"display shutter covers {(~inside).mean():.0%} of the picture" in " ".join(picture.notes)
    assert not picture.warnings


def test_a_polygon_hides_what_lies_beyond_its_sides():
    picture = shown(**TRIANGLE)
    assert not picture.grey[100:, 100:].any()
    np.testing.assert_array_equal(picture.grey[2:60, 2:60], shown().grey[2:60, 2:60])


def test_two_shapes_leave_what_both_leave():
    both = shown(**(RECTANGLE | CIRCLE | {"ShutterShape": ["RECTANGULAR", "CIRCULAR"]}))
    np.testing.assert_array_equal(both.grey > 0, (shown().grey > 0) & INSIDE & IN_CIRCLE)


def test_a_covered_margin_decides_no_brightness():
    """Without a window, the range is that of the pixels: the margin is sixteen times as bright as all others."""
    pixels = np.where(INSIDE, stored(12), 65535).astype(np.uint16)
    picture = read_radiograph(content(dataset(pixels, bits=16, **RECTANGLE)))
    inner = stored(12)[INSIDE].astype(float)
    expected = (inner - inner.min()) / (inner.max() - inner.min())
    np.testing.assert_allclose(picture.grey[INSIDE], expected, atol=1e-4)
    assert not picture.grey[~INSIDE].any()


UNUSABLE = [
    RECTANGLE | {"ShutterRightVerticalEdge": 5},
    RECTANGLE | {"ShutterLeftVerticalEdge": 100, "ShutterUpperHorizontalEdge": 130},  # 1 % would stay visible
    CIRCLE | {"RadiusOfCircularShutter": 0},
    CIRCLE | {"CenterOfCircularShutter": [75]},
    CIRCLE | {"CenterOfCircularShutter": [9000, 9000]},
    TRIANGLE | {"VerticesOfThePolygonalShutter": [1, 1, 1, 140]},
    {"ShutterShape": "BITMAP"},
    {"ShutterShape": "RECTANGULAR"},
]


@pytest.mark.parametrize("tags", UNUSABLE, ids=lambda tags: str(list(tags.values())))
def test_a_shutter_that_can_not_be_is_ignored_and_named(tags):
    picture = shown(**tags)
    np.testing.assert_array_equal(picture.grey, shown().grey)
    assert picture.warnings == ("The file's display shutter can't be used and was ignored.",)


def test_a_shutter_beyond_the_picture_covers_nothing_and_says_nothing():
    picture = shown(**(RECTANGLE | {"ShutterLeftVerticalEdge": 0, "ShutterRightVerticalEdge": 999,
                                    "ShutterUpperHorizontalEdge": 0, "ShutterLowerHorizontalEdge": 999}))  # fmt: skip
    np.testing.assert_array_equal(picture.grey, shown().grey)
    assert picture.notes == shown().notes
