"""Which radiographs a run is about."""

import csv
from pathlib import Path

import numpy as np
import pytest

from cxr.errors import RadiographError
from cxr.evaluation.labels import read_labels
from explainers.batch.sources import Reader, read_source
from explainers.box_table import read_box_table
from explainers.errors import OptionError


def names(source) -> list[str]:
    return [item.image for item in source.items]


@pytest.fixture
def folder(tmp_path) -> Path:
    """Files of which some are radiographs; their content is not read."""
    made = tmp_path / "chests"
    for name in ("b.png", "a.jpg", "deep/er/c.dcm", "deep/d.TIFF", "notes.txt", ".hidden.png", ".git/x.png"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(b"no picture")
    (made / "deep" / "IM0001").write_bytes(b"\0" * 128 + b"DICM")
    (made / "README").write_bytes(b"about these files")
    return made


def test_a_folder_gives_every_radiograph_below_it_in_order(folder):
    found = read_source(str(folder))
    assert names(found) == ["a.jpg", "b.png", "deep/IM0001", "deep/d.TIFF", "deep/er/c.dcm"]


@pytest.mark.parametrize("kind", ["list.txt", "table.csv", "table.parquet"])
def test_a_list_and_a_table_name_files_below_a_root(folder, tmp_path, kind):
    given = ["b.png", "er/c.dcm", "IM0001", "missing.png"]
    file = tmp_path / kind
    if kind == "list.txt":
        file.write_text("\n".join(given) + "\n\n")
    elif kind == "table.csv":
        with file.open("w", newline="") as stream:
            csv.writer(stream).writerows([("patient", "Image Index"), *(("1", name) for name in given)])
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"patient": ["1"] * 4, "path": given}), file)
    found = read_source(str(file), root=str(folder))
    # a name that is unique below the root is found there; one that is missing fails when it is read
    assert names(found) == ["b.png", "deep/er/c.dcm", "deep/IM0001", "missing.png"]


def test_the_root_of_a_table_is_its_own_folder(folder):
    (folder / "list.txt").write_text("b.png\n")
    assert names(read_source(str(folder / "list.txt"))) == ["b.png"]


def test_a_column_is_named_where_none_is_known(folder):
    (folder / "table.csv").write_text("scan,b\nb.png,1\n")
    with pytest.raises(OptionError, match="--column"):
        read_source(str(folder / "table.csv"))
    assert names(read_source(str(folder / "table.csv"), column="scan")) == ["b.png"]
    with pytest.raises(OptionError, match=r"no column 'scam'\. Did you mean 'scan'"):
        read_source(str(folder / "table.csv"), column="scam")


@pytest.mark.parametrize("name", ["../b.png", "deep/../../b.png", "/etc/passwd", "s3://bucket/b.png", "..\\b.png"])
def test_no_name_leaves_the_root(folder, tmp_path, name):
    (tmp_path / "b.png").write_bytes(b"no picture")
    (tmp_path / "list.txt").write_text(name)
    with pytest.raises(OptionError, match="outside the folder"):
        read_source(str(tmp_path / "list.txt"), root=str(folder))


def test_an_absolute_name_inside_the_root_becomes_relative(folder, tmp_path):
    (tmp_path / "list.txt").write_text(str(folder / "deep" / "d.TIFF"))
    assert names(read_source(str(tmp_path / "list.txt"), root=str(folder))) == ["deep/d.TIFF"]


def test_a_file_is_named_once_and_something_is_named(folder, tmp_path):
    (tmp_path / "list.txt").write_text("b.png\nb.png\n")
    with pytest.raises(OptionError, match=r"'b.png', 2 times"):
        read_source(str(tmp_path / "list.txt"), root=str(folder))
    (tmp_path / "empty").mkdir()
    with pytest.raises(OptionError, match="no radiographs"):
        read_source(str(tmp_path / "empty"))
    with pytest.raises(OptionError, match="no folder or table 'nothing'"):
        read_source(str(tmp_path / "nothing"))


def test_labels_and_patients_come_from_the_row_that_names_the_file(tmp_path):
    for name in ("x/00000001_000.png", "x/00000002_000.png", "y/third.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "labels.csv").write_text(
        "image,patient,Effusion,Mass\n00000001_000.png,007,1,0\nthird,9,0,\nabsent.png,3,1,1\n"
    )
    source = read_source(str(tmp_path), labels=read_labels(tmp_path / "labels.csv", missing="ignore"))
    first, second, third = source.items
    assert (first.patient, dict(first.labels)) == ("7", {"Effusion": 1.0, "Mass": 0.0})
    assert (second.patient, second.labels) == ("2", ()), "no row names it: its own name tells the patient"
    assert (third.patient, dict(third.labels)) == ("9", {"Effusion": 0.0}), "an empty cell is not known"


def test_a_store_of_objects_is_read_like_a_folder(dataset):
    import fsspec

    store = fsspec.filesystem("memory")
    picture = sorted((dataset / "images").iterdir())[0]
    store.pipe("/bucket/chests/a.png", picture.read_bytes())
    source = read_source("memory://bucket/chests")
    assert names(source) == ["a.png"]
    read = Reader(source.root)
    np.testing.assert_array_equal(read.read("a.png").grey, Reader(str(picture.parent)).read(picture.name).grey)
    with pytest.raises(RadiographError, match="no file"):
        read.read("b.png")


def test_boxes_go_to_the_radiographs_that_they_name(folder, tmp_path):
    (tmp_path / "boxes.csv").write_text(
        "image,finding,x,y,w,h,patient\n"
        "b.png,Mass,0,0,512,256,7\nc.dcm,Mass,0,0,1,1,8\nb,Mass,512,0,256,256,7\nnone.png,Mass,0,0,1,1,9\n"
        "b.png,Nodule,1,2,3,4,7\n"
    )
    found = read_source(str(folder), boxes=read_box_table(tmp_path / "boxes.csv").rows)
    boxed = {item.image: item for item in found.items if item.boxes}
    assert {name: [row.finding for row in item.boxes] for name, item in boxed.items()} == {
        "b.png": ["Mass", "Mass", "Nodule"],
        "deep/er/c.dcm": ["Mass"],
    }
    assert boxed["b.png"].boxes[0].shares((80, 80)) == (0, 0, 0.25, 0.5), "of a picture 1024 wide and high"
    assert boxed["b.png"].patient == "7"
