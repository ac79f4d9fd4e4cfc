"""Figures of a recipe from the networks of its folds."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cxr.__main__ import main
from cxr.errors import LabelError
from cxr.evaluation.cross_validation import OutOfFold, cross_validated, markdown
from cxr.evaluation.labels import LabelTable
from cxr.evaluation.splits import fold_of
from cxr.findings import FINDINGS
from cxr.training.soft_labels import SoftLabels, write_soft_labels


def out_of_fold(name="net", shift=0.0, strength=1.5) -> OutOfFold:
    """300 pictures of 150 patients in three folds: a Mass in 60, an Edema in 60, a Hernia in 4; `shift` by fold."""
    rng = np.random.default_rng(4)
    labels = np.zeros((300, 3), np.float32)
    labels[:60, 0] = labels[40:100, 1] = labels[100:104, 2] = 1
    patients = tuple(str(at // 2) for at in range(300))
    folds = fold_of(patients, 3)
    logits = rng.standard_normal((300, 3)) + strength * labels + shift * folds[:, None]
    images = tuple(f"{at}.png" for at in range(300))
    return OutOfFold(name, LabelTable(images, patients, ("Mass", "Edema", "Hernia"), labels, {}), logits, folds)


def test_a_finding_of_few_patients_has_no_part_in_the_mean():
    figures = cross_validated([out_of_fold()])
    assert figures["mean_over"] == ["Mass", "Edema"]
    assert figures["apart"] == ["Hernia"]
    net = figures["networks"]["net"]
    assert net["findings"]["Hernia"]["positive_patients"] == 2
    assert net["mean_auc"]["weighted"][0] == pytest.approx(
        np.mean([net["findings"][name]["auc"][0] for name in ("Mass", "Edema")])
    )
    assert cross_validated([out_of_fold()], apart=("Edema",))["mean_over"] == ["Mass"]


def test_networks_of_other_scales_do_not_disturb_one_another():
    alike, shifted = (cross_validated([out_of_fold(shift=shift)])["networks"]["net"] for shift in (0.0, 9.0))
    assert shifted["mean_auc"] == alike["mean_auc"]


def test_the_share_without_a_finding_is_what_is_asked_for():
    # One fold; Mass is 2 above the healthy at 0 and level with Edema at 2: AUC 1 among the healthy, 1/2 among the sick.
    # With share s of healthy and sick half Mass, half Edema: negatives weigh s and (1 − s)/2.
    labels = np.array([[1, 0], [0, 1], [0, 0], [0, 0]] * 30, np.float32)
    logits = np.array([[2, 0], [2, 2], [0, 0], [0, 0]] * 30, np.float32)
    rows = tuple(map(str, range(120)))
    net = OutOfFold("net", LabelTable(rows, rows, ("Mass", "Edema"), labels, {}), logits, np.ones(120, int))
    for share in (0.27, 0.6):
        figures = cross_validated([net], without_finding=share)["networks"]["net"]
        expected = (share * 1 + (1 - share) / 2 * 0.5) / (share + (1 - share) / 2)
        assert figures["findings"]["Mass"]["auc"][0] == pytest.approx(expected)
    assert figures["mean_auc"]["with_a_finding"][0] == pytest.approx((0.5 + 1) / 2)


def test_another_network_is_compared_over_the_same_draws():
    figures = cross_validated([out_of_fold(), out_of_fold("same"), out_of_fold("better", strength=3.0)])
    assert figures["networks"]["same"]["difference"]["weighted"] == [0, 0, 0]
    middle, low, high = figures["networks"]["better"]["difference"]["weighted"]
    assert 0 < low < middle < high
    assert "| better |" in markdown(figures)


def test_a_patient_in_two_folds_and_other_pictures_are_refused():
    net = out_of_fold()
    with pytest.raises(LabelError, match="Patient 0 is in two folds"):
        replace(net, folds=np.arange(300))
    other = replace(net, table=replace(net.table, images=tuple(f"other {name}" for name in net.table.images)))
    with pytest.raises(LabelError, match="not measured on the same pictures"):
        cross_validated([net, other])


def test_a_patient_s_fold_is_the_same_in_every_table():
    patients = [str(at) for at in range(500)]
    folds = fold_of(patients, 5)
    assert set(folds) == {1, 2, 3, 4, 5}
    assert min(np.bincount(folds)[1:]) > 70
    assert (fold_of(patients[100:], 5) == folds[100:]).all()


@pytest.fixture
def tables(tmp_path):
    """A table of 60 phantoms' rows with parts, and pictures that are noise."""
    (tmp_path / "images").mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for at in range(60):
        Image.fromarray(rng.integers(0, 255, (64, 64), np.uint8)).save(tmp_path / "images" / f"{at}.png")
        part = ("train", "validation", "test")[at % 3]
        present = dict.fromkeys(FINDINGS, 0) | {"Effusion": at % 2, "Mass": at // 2 % 2}
        rows.append({"image": f"{at}.png", "patient": at, "part": part, **present})
    with (tmp_path / "labels.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path


def test_the_command_reads_logits_of_any_network(tables, capsys):
    used = [f"{at}.png" for at in range(60) if at % 3 != 2]
    folds = tuple(fold_of([name.split(".")[0] for name in used], 2).tolist())
    logits = np.random.default_rng(1).standard_normal((len(used), 1, len(FINDINGS)))
    write_soft_labels(tables / "net.npz", SoftLabels(tuple(used), FINDINGS, logits, folds=folds))
    given = ["cross-validate", "--labels", str(tables / "labels.csv"), "--out", str(tables / "out")]
    assert main([*given, "--logits", str(tables / "net.npz"), "--apart", "Mass"]) == 0
    figures = json.loads((tables / "out" / "cross_validation.json").read_text())
    assert figures["pictures"] == 40  # those of `test` are not looked at
    assert figures["mean_over"] == ["Effusion"]
    assert "| net |" in capsys.readouterr().out
    write_soft_labels(tables / "plain.npz", SoftLabels(tuple(used), FINDINGS, logits))
    assert main([*given, "--logits", str(tables / "plain.npz")]) == 1
    assert "which fold" in capsys.readouterr().err


def test_the_command_scores_each_patient_by_the_network_that_was_trained_without(tables, monkeypatch):
    from cxr import predictor
    from cxr.evaluation import scoring
    from cxr.evaluation.scoring import Scored

    class Net:
        """Of one fold; its logits are its fold's number."""

        def __init__(self, source):
            fold = int(source)
            self.config = type("Config", (), {"raw": {"training": {"fold": {"fold": fold, "of": 2}}}})
            self.fold = fold

    monkeypatch.setattr(predictor.Predictor, "load", Net)
    monkeypatch.setattr(scoring, "score_table", lambda nets, table, folder: [
        Scored(table, np.full((len(table), len(FINDINGS)), nets[0].fold, float), None)
    ])  # fmt: skip
    given = ["cross-validate", "--labels", str(tables / "labels.csv"), "--images", str(tables / "images")]
    given += ["--out", str(tables / "out")]
    assert main([*given, "--model", "2", "--model", "1"]) == 0
    with np.load(tables / "out" / "out_of_fold.npz") as found:
        patients = [image.split(".")[0] for image in found["images"]]
        assert len(patients) == 40
        assert (found["folds"] == fold_of(patients, 2)).all()
        assert (found["logits"][:, 0] == found["folds"]).all()


def test_checkpoints_that_are_not_one_a_fold_are_refused(tables, capsys):
    given = ["cross-validate", "--labels", str(tables / "labels.csv"), "--images", str(tables / "images")]
    assert main([*given, "--out", str(tables / "out"), "--model", "starter"]) == 1
    assert "1 checkpoints of 1 folds are needed; these are of the folds none of none" in capsys.readouterr().err
