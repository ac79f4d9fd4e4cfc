"""A labelled data set of synthetic chests is one that the other commands can run on."""

import csv

import numpy as np
import pytest

from cxr import read_radiograph
from cxr.__main__ import main
from cxr.evaluation.labels import read_labels
from cxr.evaluation.splits import check_disjoint, part_of
from cxr.phantom.dataset import SIGN_SETS, synthetic_pictures

COUNT = 10


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chests")
    arguments = ["phantom", "--many", str(COUNT), "--labels", str(folder / "labels.csv"), "--out", str(folder)]
    assert main([*arguments, "--size", "64"]) == 0
    return folder


def test_the_table_names_pictures_that_are_there(made):
    table = read_labels(made / "labels.csv")
    assert len(table) == COUNT
    assert all(read_radiograph(made / "images" / name).grey.shape == (64, 64) for name in table.images)
    assert set(table.columns["part"]) == {"train", "validation", "test"}


def test_no_patient_is_in_two_parts_and_no_picture_is_there_twice(made):
    table = read_labels(made / "labels.csv")
    check_disjoint({part: part_of(table, part) for part in ("train", "validation", "test")})
    pictures = {read_radiograph(made / "images" / name).grey.tobytes() for name in table.images}
    assert len(pictures) == COUNT


def test_every_part_of_sixty_four_has_positives_and_negatives_of_every_sign():
    pictures = list(synthetic_pictures(64))
    assert len({each.name for each in pictures}) == 64
    for part in ("train", "validation", "test"):
        chosen = [each.signs for each in pictures if each.part == part]
        for sign in {sign for signs in SIGN_SETS for sign in signs}:
            assert 0 < sum(sign in signs for signs in chosen) < len(chosen)


def test_boxes_are_of_the_findings_that_the_table_states(made):
    table = read_labels(made / "labels.csv")
    with (made / "boxes.csv").open() as stream:
        boxes = list(csv.DictReader(stream))
    stated = {
        (image, finding)
        for image, row in zip(table.images, table.values, strict=True)
        for finding, value in zip(table.findings, row, strict=True)
        if value == 1
    }
    assert {(box["image"], box["finding"]) for box in boxes} == stated
    for box in boxes:
        x, y, w, h = (int(box[name]) for name in "xywh")
        assert w > 0
        assert h > 0
        assert x + w <= 64
        assert y + h <= 64


def test_the_benchmark_reads_the_boxes(made):
    from cxr.findings import FINDINGS
    from explainers.benchmark.boxes import read_boxes

    assert len(read_boxes(made, labels=FINDINGS).boxes) == len((made / "boxes.csv").read_text().splitlines()) - 1


def test_an_auc_can_be_measured_on_it(made, capsys):
    arguments = ["verify", "starter", "--labels", str(made / "labels.csv"), "--images", str(made / "images")]
    assert main([*arguments, "--part", "train"]) == 0
    out = capsys.readouterr().out
    assert "mean AUC" in out
    assert "6 pictures of 3 patients" in out


@pytest.mark.parametrize(
    "arguments", [[], ["file.png", "--many", "2"], ["--many", "2"], ["--many", "2", "--labels", "l.csv"]]
)
def test_what_does_not_fit_together_is_refused(arguments, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["phantom", *arguments]) == 1
    assert "--many" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_boxes_enclose_their_sign():
    from cxr.phantom.dataset import _box

    mask = np.zeros((9, 9), bool)
    mask[2:5, 3:4] = mask[3, 1:6] = True
    assert _box(mask) == (1, 2, 5, 3)
