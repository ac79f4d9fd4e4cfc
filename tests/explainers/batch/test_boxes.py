"""Measures of place, with boxes from a table: those of a single measurement, several boxes as one target."""

from dataclasses import replace
from pathlib import Path

import pytest

from cxr.reading.radiograph import read_radiograph
from explainers import compare, measure
from explainers.__main__ import main
from explainers.batch.on_ray import _item
from explainers.batch.sources import read_source
from explainers.box_table import read_box_table
from explainers.errors import OptionError

TABLE = """image,finding,x,y,w,h
00000002_000,Nodule,0,0,32,16
00000002_000,Nodule,32,32,16,16
00000003_000.png,Effusion,8,8,16,24
"""


@pytest.fixture
def boxed(dataset, tmp_path):
    """(the dataset's radiographs with three boxes, the table)."""
    (tmp_path / "boxes.csv").write_text(TABLE)
    rows = read_box_table(tmp_path / "boxes.csv", side=64).rows
    return read_source(str(dataset / "images"), boxes=rows), tmp_path / "boxes.csv"


def test_a_measure_of_place_has_the_boxes_of_its_finding(plan, boxed, carried_out, tiny, table):
    source, _ = boxed
    plan = replace(plan, explainers=("grad_cam",), measures=("localisation",), findings=("boxed",), boxes="digest")
    carried_out(plan, source)
    rows = {(row["image"], row["finding"]): row for row in table(plan.out, "measures").to_pylist()}
    image, finding = "00000002_000.png", "Nodule"
    assert set(rows) == {(image, finding), ("00000003_000.png", "Effusion")}
    radiograph = read_radiograph(Path(source.root) / image)
    *_, event = compare(tiny, radiograph, finding, ["grad_cam"])
    together = {"box": (0, 0, 16, 32), "more_boxes": [(32, 32, 16, 16)]}
    *_, done = measure(tiny, radiograph, [event.explanation], ["localisation"], **together)
    *_, one = measure(tiny, radiograph, [event.explanation], ["localisation"], box=(0, 0, 16, 32))
    assert rows[image, finding]["value"] == pytest.approx(done.measured.value, abs=1e-6)
    assert rows[image, finding]["sentence"] == done.measured.sentence
    # (16·32 + 16·16) of 64·64
    assert done.measured.figures["area"] == pytest.approx(0.1875)
    assert one.measured.figures["area"] == pytest.approx(0.125)


def test_a_radiograph_s_boxes_reach_a_worker_elsewhere(boxed):
    import json
    from dataclasses import asdict

    for item in boxed[0].items:
        assert _item(json.loads(json.dumps(asdict(item)))) == item


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--findings", "boxed"], "--findings boxed needs --boxes"),
        (["--boxes", "TABLE"], "--boxes needs --measures"),
        (["--boxes", "TABLE", "--findings", "boxed", "--box-side", "0"], "--box-side is 0"),
        (["--boxes", "OTHER", "--findings", "boxed"], "on none of these radiographs"),
    ],
)
def test_what_does_not_fit_is_said(boxed, dataset, tmp_path, capsys, words, said):
    (tmp_path / "other.csv").write_text("image,finding,x,y,w,h\nelsewhere.png,Mass,1,1,1,1\n")
    files = {"TABLE": str(boxed[1]), "OTHER": str(tmp_path / "other.csv")}
    line = ["batch", "--images", str(dataset / "images"), "--explainers", "grad_cam", "--out", str(tmp_path / "out")]
    assert main([*line, *(files.get(word, word) for word in words)]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out" / "scores").exists()


def test_another_table_of_boxes_is_another_run(plan, boxed, carried_out):
    from cxr.errors import FolderError

    plan = replace(plan, explainers=("grad_cam",), measures=("localisation",), findings=("boxed",), boxes="one")
    carried_out(plan, boxed[0])
    with pytest.raises(FolderError, match="differs in boxes"):
        carried_out(replace(plan, boxes="other"), boxed[0])


def test_a_table_that_is_none_is_refused(tmp_path):
    (tmp_path / "boxes.csv").write_text("image,finding,x,y,w\na,Mass,1,2,3\n")
    with pytest.raises(OptionError, match=r"boxes\.csv has no column 'h'"):
        read_box_table(tmp_path / "boxes.csv")
