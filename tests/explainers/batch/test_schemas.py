"""The tables' schemas are documented as they are."""

import re
from pathlib import Path

import numpy as np
import pytest

from explainers.batch.schemas import TABLES, VERSION, table_of

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "batch.md").read_text()


@pytest.mark.parametrize("name", TABLES)
def test_the_page_lists_every_column_with_its_type(name):
    (section,) = re.findall(rf"^### {name}\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    listed = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, re.MULTILINE)
    assert listed == [(field.name, str(field.type)) for field in TABLES[name]]


def test_the_page_names_the_version():
    assert f"## Tables, version {VERSION}\n" in PAGE


@pytest.mark.parametrize("name", TABLES)
def test_a_table_may_be_empty_and_what_a_row_lacks_is_null(name):
    assert table_of(name, []).schema == TABLES[name]
    (row,) = table_of(name, [{"image": "a"}]).to_pylist()
    assert row.pop("image") == "a"
    assert set(row.values()) == {None}


def test_maps_of_any_size_follow_each_other():
    maps = [np.arange(6.0).reshape(2, 3), None, np.ones((1, 1))]
    table = table_of("maps", [{"cells": cells} for cells in maps])
    assert table["cells"].to_pylist() == [[0, 1, 2, 3, 4, 5], None, [1]]
