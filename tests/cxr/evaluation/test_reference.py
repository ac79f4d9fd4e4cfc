"""Checkpoints held against a reference picture and against labelled radiographs."""

import csv

import numpy as np
import pytest
from PIL import Image

from cxr.__main__ import main
from cxr.errors import RadiographError
from cxr.evaluation.labels import read_labels
from cxr.evaluation.reference import Figures, auc_of, check_reference, measure
from hub.errors import CheckpointError


def test_auc_is_the_share_of_pairs_in_the_right_order():
    # positives 3, 1 against negatives 2, 0: 3>2, 3>0, 1>0 of four pairs
    assert auc_of(np.array([1, 1, 0, 0]), np.array([3, 1, 2, 0])) == 0.75
    # a tie counts half: (1 + 0.5) of two pairs
    assert auc_of(np.array([1, 0, 0]), np.array([2, 2, 1])) == 0.75


def test_auc_is_scikit_learn_s():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    for _ in range(20):
        truth, scores = rng.integers(0, 2, 50), rng.integers(0, 9, 50)
        assert auc_of(truth, scores) == pytest.approx(roc_auc_score(truth, scores))


def test_unknown_labels_are_left_out_and_one_class_has_no_auc():
    assert auc_of(np.array([1, 0, np.nan]), np.array([2, 1, 9])) == 1
    assert auc_of(np.array([1, 1, np.nan]), np.array([2, 1, 9])) is None


def test_a_reported_figure_far_above_the_interval_makes_suspect():
    figures = Figures({"Mass": 0.7}, mean=0.7, low=0.66, high=0.74, images=100, patients=50)
    assert not figures.suspect(None)
    assert not figures.suspect(0.78)
    assert figures.suspect(0.80)


def test_the_starter_passes_over_the_reference_picture(predictor):
    assert "a synthetic chest gets logits from" in check_reference(predictor)


def with_output(tiny, kernel, bias):
    """The tiny network with another output layer, as a copy."""
    import keras

    from cxr.network import KerasNetwork
    from cxr.predictor import Predictor

    model = keras.models.clone_model(tiny._network._model)
    model.set_weights(tiny._network._model.get_weights())
    model.get_layer("predictions").set_weights([np.array(kernel), np.array(bias)])
    return Predictor(KerasNetwork(model), tiny.config, tiny.identity)


@pytest.mark.parametrize(
    ("bias", "words"),
    [([np.nan, 0], "no trained network"), ([1e9, 0], "no trained network"), ([2, 2], "the same logit")],
)
def test_logits_that_no_network_gives_are_refused(tiny, bias, words):
    with pytest.raises(CheckpointError, match=words):
        check_reference(with_output(tiny, np.zeros((2, 2)), bias))


@pytest.fixture
def labelled(tmp_path):
    """Six pictures of three patients, every other with an effusion and a bright quarter; Nodule is nowhere known."""
    (tmp_path / "images").mkdir()
    with (tmp_path / "labels.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["Image", "Patient", "part", "Effusion", "Nodule"])
        for number in range(6):
            effusion = number % 2
            picture = np.full((64, 64), 60 + number, np.uint8)
            picture[32:, 32:] = 200 if effusion else 61
            Image.fromarray(picture).save(tmp_path / "images" / f"{number}.png")
            table.writerow([f"{number}.png", number // 2, "test" if number < 4 else "train", effusion, ""])
    return tmp_path


def test_auc_is_measured_by_finding_and_by_patient(tiny, labelled):
    table = read_labels(labelled / "labels.csv", findings=("Effusion", "Nodule"))
    figures = measure(tiny, table, labelled / "images")
    assert set(figures.auc) == {"Effusion"}
    assert figures.mean == figures.auc["Effusion"]
    assert figures.low <= figures.mean <= figures.high
    assert (figures.images, figures.patients) == (6, 3)


def test_pictures_that_are_not_there_are_left_out(tiny, labelled, tmp_path_factory):
    (labelled / "images" / "5.png").unlink()
    table = read_labels(labelled / "labels.csv", findings=("Effusion", "Nodule"))
    assert measure(tiny, table, labelled / "images").images == 5
    with pytest.raises(RadiographError, match="None of the table's 6 pictures"):
        measure(tiny, table, tmp_path_factory.mktemp("empty"))


@pytest.fixture
def on_tiny(tiny, monkeypatch):
    from cxr.predictor import Predictor

    monkeypatch.setattr(Predictor, "load", classmethod(lambda cls, source: tiny))


def test_the_command_prints_files_pass_and_figures(on_tiny, labelled, capsys):
    words = ["--labels", str(labelled / "labels.csv"), "--images", str(labelled / "images"), "--part", "test"]
    assert main(["verify", "starter", *words]) == 0
    out = capsys.readouterr().out
    assert "606 arrays" in out
    assert "a synthetic chest gets logits" in out
    assert "4 pictures of 2 patients" in out


def test_a_figure_far_below_the_reported_one_fails(on_tiny, tiny, labelled, capsys, monkeypatch):
    monkeypatch.setitem(tiny.config.__dict__, "raw", {"reported": {"mean_auc": 1.2, "data": "somewhere"}})
    words = ["--labels", str(labelled / "labels.csv"), "--images", str(labelled / "images")]
    assert main(["verify", "starter", *words]) == 1
    said = capsys.readouterr()
    assert "reported: 1.2 on somewhere" in said.out
    assert "SUSPECT" in said.err


def test_labels_without_pictures_are_refused(capsys, tmp_path):
    (tmp_path / "a.csv").write_text("image,patient,Mass\n")
    assert main(["verify", "starter", "--labels", str(tmp_path / "a.csv")]) == 2
    assert "--labels needs --images" in capsys.readouterr().err
