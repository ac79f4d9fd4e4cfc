"""Weights of the loss from prevalence."""

import json

import numpy as np
import pytest

from cxr.__main__ import main
from cxr.errors import LabelError
from cxr.evaluation.labels import read_labels
from cxr.findings import COURSE_ORDER
from cxr.training.class_weights import class_weights, read_class_weights, without_positives


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "labels.csv"
    file.write_text("image,patient,Mass,Edema,Hernia\na,1,1,0,0\nb,2,1,,0\nc,3,0,1,0\nd,4,0,-1,0\n")
    return read_labels(file, findings=("Mass", "Edema", "Hernia"))


def test_a_weight_is_the_other_kind_s_prevalence_among_known_labels(table):
    weights = class_weights(table)
    assert weights.pos_weights == (0.5, 0.5, 1.0)  # Mass 2 of 4; Edema 1 of 2, two unknown; Hernia 0 of 4
    assert weights.neg_weights == (0.5, 0.5, 0.0)
    assert weights.rows == 4
    assert without_positives(table) == ["Hernia"]


def test_a_finding_that_is_known_nowhere_is_refused(table):
    table.values[:, 1] = np.nan
    with pytest.raises(LabelError, match="no known label of Edema"):
        class_weights(table)


def test_evened_weights_give_every_finding_the_same_total():
    from cxr.training.class_weights import ClassWeights

    rare = ClassWeights(("Mass", "Edema"), (0.9, 0.99), (0.1, 0.01)).evened(1.0)
    for positive, negative, prevalence in zip(rare.pos_weights, rare.neg_weights, (0.1, 0.01), strict=True):
        assert positive * prevalence + negative * (1 - prevalence) == pytest.approx(1)


def test_a_file_without_labels_is_in_the_course_s_order(tmp_path):
    file = tmp_path / "train_config.json"
    numbers = [at / 100 for at in range(14)]
    file.write_text(json.dumps({"pos_weights": numbers, "neg_weights": numbers[::-1]}))
    weights = read_class_weights(file, labels=("Consolidation", COURSE_ORDER[0]))
    assert weights.pos_weights == (0.13, 0.0)
    assert weights.neg_weights == (0.0, 0.13)


@pytest.mark.parametrize("text", ["{}", "[1]", "no JSON", '{"labels": ["Mass"], "pos_weights": [1]}'])
def test_other_files_are_refused(tmp_path, text):
    file = tmp_path / "train_config.json"
    file.write_text(text)
    with pytest.raises(LabelError, match=r"train_config\.json"):
        read_class_weights(file, labels=("Mass",))


def test_the_course_s_table_gives_the_course_s_weights_exactly(shared, tmp_path, capsys):
    made = tmp_path / "train_config.json"
    labels = shared / "nih" / "course-train-small.csv"
    assert main(["class-weights", str(labels), "--order", "course", "-o", str(made)]) == 0
    theirs = json.loads((shared / "nih" / "course-train_config.json").read_text())
    ours = json.loads(made.read_text())
    assert ours["pos_weights"] == theirs["pos_weights"]
    assert ours["neg_weights"] == theirs["neg_weights"]
    assert ours["labels"] == list(COURSE_ORDER)
    assert ours["rows"] == 1000


def test_the_command_warns_of_a_finding_without_positives(tmp_path, capsys):
    file = tmp_path / "labels.csv"
    file.write_text("image,patient,Mass,Edema\na,1,1,0\nb,2,0,0\n")
    assert main(["class-weights", str(file), "--order", "Mass,Edema", "-o", str(tmp_path / "w.json")]) == 0
    assert "Edema has no positive among 2 rows" in capsys.readouterr().err
