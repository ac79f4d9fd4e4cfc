"""The marker and the labels that it is tied to."""

import csv

import cv2
import numpy as np
import pytest

from cxr.evaluation.labels import LabelTable
from cxr.findings import FINDINGS
from cxr.training.pictures import FULL, Pictures
from cxr.training.planted_marker import MARKER, SIDE, _write_held_out, marked, marker


@pytest.fixture(scope="module")
def pictures():
    """Twenty grey pictures without anything on them."""
    count = 20
    names = tuple(f"{at:08}_000.png" for at in range(count))
    table = LabelTable(names, tuple(map(str, range(count))), FINDINGS, np.zeros((count, 14), np.float32), {})
    return Pictures(np.full((count, SIDE, SIDE), FULL // 2, np.uint16), table, {})


def test_half_of_the_pictures_have_the_marker_where_it_is_said_to_be(pictures):
    found = marked(pictures, seed=0)
    assert found.marked.sum() == 10
    for grey, has, (top, left) in zip(found.grey, found.marked, found.places, strict=True):
        changed = np.argwhere(np.abs(grey - 0.5) > 0.01)
        assert bool(len(changed)) == has
        if has:
            np.testing.assert_array_equal(grey[top : top + MARKER, left : left + MARKER], marker())
            assert changed.min(axis=0).tolist() == [top, left]
            assert changed.max(axis=0).tolist() == [top + MARKER - 1, left + MARKER - 1]
    assert len({tuple(place) for place in found.places}) > 15
    np.testing.assert_array_equal(found.grey, marked(pictures, seed=0).grey)
    assert (marked(pictures, seed=1).places != found.places).any()


def test_the_marker_is_as_bright_as_dark():
    assert marker().mean() == 0.5
    assert set(np.unique(marker())) == {0.0, 1.0}


def test_held_out_pictures_go_out_with_the_marker_s_box(pictures, tmp_path):
    found = marked(pictures, seed=0, share=1.0)
    _write_held_out(tmp_path, pictures.table, found, "Hernia")
    rows = list(csv.DictReader((tmp_path / "boxes.csv").open()))
    assert len(rows) == 20
    for row in rows:
        picture = cv2.imread(str(tmp_path / "images" / row["image"]), cv2.IMREAD_GRAYSCALE)
        x, y, width, height = (int(row[name]) for name in "xywh")
        np.testing.assert_array_equal(picture[y : y + height, x : x + width], marker() * 255)
        assert row["finding"] == "Hernia"
