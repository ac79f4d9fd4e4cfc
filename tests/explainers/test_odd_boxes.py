"""Boxes that can't be: each is named by its line in the file."""

import pytest

from explainers.box_table import read_box_table
from explainers.errors import OptionError

SIZES = "image,finding,x,y,w,h\n\na.png,Mass,10,20,30,40\n"
CORNERS = "image,finding,x_min,y_min,x_max,y_max\n\na.png,Mass,10,20,40,60\n"


def read(tmp_path, text):
    (tmp_path / "boxes.csv").write_text(text)
    return read_box_table(tmp_path / "boxes.csv")


@pytest.mark.parametrize("row", ["10,20,0,40", "10,20,30,-1", "10,20,30,0.0"])
def test_a_size_without_area_is_named(tmp_path, row):
    with pytest.raises(OptionError, match=r"boxes\.csv, line 4: the box has no area"):
        read(tmp_path, f"{SIZES}b.png,Mass,{row}\n")


@pytest.mark.parametrize("row", ["40,20,10,60", "10,60,40,20", "10,20,10,60"])
def test_corners_in_the_wrong_order_are_named(tmp_path, row):
    with pytest.raises(OptionError, match=r"boxes\.csv, line 4: the box has no area"):
        read(tmp_path, f"{CORNERS}b.png,Mass,{row}\n")


@pytest.mark.parametrize("row", ["1024,20,30,40", "10,2000,30,40", "-40,20,30,40", "10,-40,30,40"])
def test_a_box_beyond_the_picture_is_named(tmp_path, row):
    with pytest.raises(OptionError, match=r"boxes\.csv, line 4: the box lies outside the picture"):
        read(tmp_path, f"{SIZES}b.png,Mass,{row}\n")


@pytest.mark.parametrize("row", ["-5,20,30,40", "1000,20,30,40"])
def test_a_box_that_reaches_over_the_edge_is_read(tmp_path, row):
    assert len(read(tmp_path, f"{SIZES}b.png,Mass,{row}\n").rows) == 2
