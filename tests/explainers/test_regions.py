"""Regions of a map: where it is hottest, in pixels of the radiograph, never without what is known beforehand."""

import json

import numpy as np
import pytest

from cxr.frame import Frame
from explainers.__main__ import main
from explainers.errors import OptionError
from explainers.regions import regions_of, whole_cells

WHOLE = Frame((700, 700), (224, 224), (0.0, 0.0, 700.0, 700.0))
CROPPED = Frame((500, 900), (224, 224), (0.0, 200.0, 500.0, 500.0))


def spots(*places, shape=(7, 7)):
    values = np.zeros(shape, np.float32)
    for (row, column), height in places:
        values[row, column] = height
    return values


def test_one_hot_cell_gives_one_region_around_its_middle():
    (region,) = regions_of(spots(((2, 3), 1.0)), WHOLE, 0.02)
    top, left, height, width = region.box
    # cell (2, 3) of 7 covers 200 to 300 down and 300 to 400 across
    assert abs(top + height / 2 - 250) < 2
    assert abs(left + width / 2 - 350) < 2
    assert region.area == pytest.approx(0.02, rel=0.05)


def test_regions_come_largest_first_and_their_masses_add_to_less_than_one():
    found = regions_of(spots(((1, 1), 1.0), ((5, 4), 1.0), ((5, 5), 1.0)), WHOLE, 0.05)
    assert [each.area for each in found] == sorted((each.area for each in found), reverse=True)
    assert found[0].box[0] > 350
    assert 0 < sum(each.mass for each in found) <= 1


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2, 0.5])
@pytest.mark.parametrize("frame", [WHOLE, CROPPED])
def test_a_region_has_the_share_that_was_asked_for_where_the_map_is_smooth(share, frame):
    values = np.add.outer(np.arange(8.0), np.arange(8.0)).astype(np.float32) + 1
    assert sum(each.area for each in regions_of(values, frame, share)) == pytest.approx(share, rel=0.1, abs=0.002)


def test_a_region_lies_within_what_the_network_saw():
    for each in regions_of(spots(((0, 0), 1.0), ((6, 6), 1.0)), CROPPED, 0.1):
        assert each.box[1] >= 200
        assert each.box[1] + each.box[3] <= 700


@pytest.mark.parametrize("values", [np.zeros((7, 7)), -np.ones((7, 7))])
def test_a_map_without_anything_positive_has_no_region(values):
    assert regions_of(values.astype(np.float32), WHOLE, 0.05) == ()


@pytest.mark.parametrize("share", [0, -1, 0.0001, 0.6, 1, float("nan")])
def test_a_share_out_of_range_is_refused(share):
    with pytest.raises(OptionError, match="share of a region"):
        regions_of(spots(((2, 3), 1.0)), WHOLE, share)


def test_the_box_of_whole_cells_holds_the_region_and_ends_at_cells():
    (region,) = regions_of(spots(((2, 3), 1.0)), WHOLE, 0.02)
    top, left, height, width = whole_cells(region, WHOLE, (7, 7))
    assert top <= region.box[0]
    assert top + height >= region.box[0] + region.box[2]
    assert all(edge % 100 == pytest.approx(0) for edge in (top, left, height, width))


def test_an_outline_is_that_of_its_box():
    (region,) = regions_of(spots(((2, 3), 1.0)), WHOLE, 0.05)
    rows, columns = zip(*region.outline, strict=True)
    top, left, height, width = region.box
    assert (min(rows), max(rows)) == (top + 0.5, top + height - 0.5)
    assert (min(columns), max(columns)) == (left + 0.5, left + width - 0.5)


def test_the_command_writes_regions_beside_the_guess_only_when_asked(tmp_path, capsys):
    import cv2

    from cxr.phantom import phantom

    picture = phantom(seed=1, size=256, effusion=True).radiograph
    cv2.imwrite(str(tmp_path / "chest.png"), np.rint(picture.grey * 255).astype(np.uint8))
    words = ["explain", str(tmp_path / "chest.png"), "--finding", "Effusion", "--explainer", "grad_cam"]
    assert main([*words, "--out", str(tmp_path / "plain")]) == 0
    assert not list((tmp_path / "plain").glob("*regions*"))
    assert main([*words, "--out", str(tmp_path / "with"), "--regions", "0.05"]) == 0
    record = json.loads((tmp_path / "with" / "grad_cam.regions.json").read_text())
    assert record["regions"]
    assert record["guess"]
    assert "no detection" in record["notice"]
    assert {"outline", "box", "area", "mass", "whole_cells"} <= record["regions"][0].keys()
    assert main([*words, "--out", str(tmp_path / "wrong"), "--regions", "2"]) != 0
    assert "share of a region" in capsys.readouterr().err
