"""Figures of a network against hand-worked ones."""

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cxr.checkpoint import Calibration, CheckpointConfig, Threshold
from cxr.evaluation.figures import evaluate
from cxr.evaluation.labels import LabelTable
from cxr.evaluation.report import markdown, write_report
from cxr.evaluation.scoring import Scored

pytestmark = pytest.mark.usefixtures("few_resamples")


def scored(labels, logits, *, patients=None, columns=None, findings=("Mass", "Hernia"), **config) -> Scored:
    labels, logits = np.array(labels, np.float32), np.array(logits, np.float32)
    rows = len(labels)
    table = LabelTable(
        tuple(map(str, range(rows))), tuple(patients or map(str, range(rows))), findings[: labels.shape[1]], labels,
        columns or {},
    )  # fmt: skip
    return Scored(table, logits, CheckpointConfig("net", findings, {"rule": "samplewise"}, **config))


CONFIG = CheckpointConfig("net", ("Mass", "Hernia"), {"rule": "samplewise"})


def drawn(rows: int = 300, seed: int = 0):
    rng = np.random.default_rng(seed)
    labels = (rng.random((rows, 2)) < (0.3, 0.0)).astype(np.float32)
    return labels, rng.standard_normal((rows, 2)) + labels


def test_a_finding_without_positives_has_no_figures():
    figures = evaluate(scored(*drawn()))
    hernia = figures["findings"]["Hernia"]
    assert hernia["positives"] == 0
    assert [hernia[name] for name in ("auc", "average_precision", "operating_point", "calibration")] == [None] * 4
    assert "not defined" in markdown(figures, CONFIG)
    assert figures["mean"]["auc"]["findings"] == 1


def test_auc_is_scikit_learn_s_and_lies_in_its_interval():
    labels, logits = drawn()
    figures = evaluate(scored(labels, logits))
    middle, low, high = figures["findings"]["Mass"]["auc"]
    assert middle == pytest.approx(roc_auc_score(labels[:, 0], logits[:, 0]), abs=1e-9)
    assert low < middle < high
    assert figures["mean_auc"][0] == pytest.approx(middle)


def test_copies_of_a_patient_s_picture_do_not_narrow_the_interval():
    labels, logits = drawn(120)
    alone = evaluate(scored(labels, logits))["findings"]["Mass"]["auc"]
    copied = evaluate(
        scored(np.repeat(labels, 9, 0), np.repeat(logits, 9, 0), patients=[str(at // 9) for at in range(1080)])
    )["findings"]["Mass"]["auc"]
    assert copied == pytest.approx(alone, abs=1e-6)


def test_predictive_values_follow_bayes_at_the_stated_prevalence():
    # threshold .5 is logit 0: 4 of 5 positives and 1 of 5 negatives are above it.
    # At 10 %: PPV .08 / (.08 + .18), NPV .72 / (.72 + .02)
    labels, logits = [[1]] * 5 + [[0]] * 5, [[1]] * 4 + [[-1]] + [[1]] + [[-1]] * 4
    network = scored(labels, logits, findings=("Mass",), thresholds={"Mass": Threshold(0.5)})
    point = evaluate(network, prevalence={"Mass": 0.1})["findings"]["Mass"]["operating_point"]
    assert point["sensitivity"][0] == pytest.approx(0.8)
    assert point["specificity"][0] == pytest.approx(0.8)
    assert point["ppv"] == pytest.approx(0.08 / 0.26)
    assert point["npv"] == pytest.approx(0.72 / 0.74)


def test_a_calibration_that_is_right_has_slope_1_and_intercept_0():
    rng = np.random.default_rng(3)
    logits = 1.5 * rng.standard_normal((6000, 1))
    labels = (rng.random((6000, 1)) < 1 / (1 + np.exp(-logits))).astype(np.float32)
    share = float(labels.mean())
    # b takes back what the prevalence adds
    right = Calibration(1.0, -np.log(share / (1 - share)), share)
    found = evaluate(scored(labels, logits, findings=("Mass",), calibration={"Mass": right}))["findings"]["Mass"]
    assert found["calibration"]["slope"] == pytest.approx(1, abs=0.08)
    assert found["calibration"]["intercept"] == pytest.approx(0, abs=0.08)
    assert found["calibration"]["brier"] < found["calibration"]["brier_of_prevalence"]
    assert sum(each["pictures"] for each in found["calibration"]["bins"]) == 6000


def test_a_network_is_paired_with_itself_without_a_difference_and_with_a_worse_one_below():
    labels, logits = drawn()
    ours = scored(labels, logits)
    same = evaluate(ours, versus=ours)["versus"]["difference"]
    assert same["mean_auc"] == [0, 0, 0]
    assert same["Hernia"] is None
    worse = evaluate(scored(labels, 0.2 * logits + np.random.default_rng(5).standard_normal(logits.shape)), versus=ours)
    middle, low, high = worse["versus"]["difference"]["mean_auc"]
    assert low < middle < high < 0


def test_groups_are_by_sex_age_and_view_and_small_ones_say_nothing():
    labels, logits = drawn(200)
    columns = {
        "sex": tuple("FM" * 100),
        "age": ("035Y", "59") * 98 + ("", "88", "60", "75"),
        "view": ("PA",) * 196 + ("AP",) * 4,
        "part": ("test",) * 200,
    }
    groups = evaluate(scored(labels, logits, columns=columns))["groups"]
    assert set(groups) == {"sex", "age", "view", "findings"}
    assert groups["sex"]["F"]["pictures"] == 100
    assert {name: each["pictures"] for name, each in groups["age"].items()} == {
        "under 40": 98, "40 to 59": 98, "60 to 74": 1, "75 and over": 2,
    }  # fmt: skip
    assert groups["view"]["AP"]["mean_auc"] is None
    mask = np.array(columns["sex"]) == "M"
    assert groups["sex"]["M"]["mean_auc"][0] == pytest.approx(roc_auc_score(labels[mask, 0], logits[mask, 0]))


def test_a_network_that_tells_only_the_sick_from_the_healthy_is_at_chance_among_the_sick():
    rng = np.random.default_rng(7)
    labels = np.zeros((400, 2), np.float32)
    labels[:100, 0] = labels[100:200, 1] = 1
    sickness = np.where(labels.any(axis=1), 3, 0)[:, None] + rng.standard_normal((400, 1))
    figures = evaluate(scored(labels, np.repeat(sickness, 2, axis=1), findings=("Mass", "Edema")))
    assert figures["mean_auc"][0] > 0.7
    sick = figures["groups"]["findings"]["one or more"]
    assert sick["pictures"] == 200
    assert sick["mean_auc"][0] == pytest.approx(0.5, abs=1e-6)  # what one finding gains the other loses
    assert "| findings one or more | 200 (200) | 2 | 0.500" in markdown(figures, CONFIG)


def test_findings_of_few_patients_have_no_part_in_the_second_mean():
    labels, logits = drawn()
    labels[:4, 1] = 1  # four patients have a hernia
    ours = scored(labels, logits)
    worse = scored(labels, np.random.default_rng(5).standard_normal(logits.shape))
    figures = evaluate(ours, versus=worse)
    assert figures["enough_patients"]["findings"] == ["Mass"]
    assert figures["enough_patients"]["mean_auc"][0] == pytest.approx(figures["findings"]["Mass"]["auc"][0])
    difference = figures["versus"]["difference"]
    assert difference["enough_patients"] == pytest.approx(difference["Mass"])
    assert "Over the 1 findings that 10 patients or more have" in markdown(figures, CONFIG)


def test_a_difference_in_a_group_is_that_of_its_pictures_alone():
    labels, logits = drawn()
    columns = {"view": ("AP",) * 150 + ("PA",) * 150}
    better = logits.copy()
    better[:150] += 2 * labels[:150]  # among the AP views alone
    figures = evaluate(scored(labels, better, columns=columns), versus=scored(labels, logits, columns=columns))
    views = figures["versus"]["groups"]["view"]
    assert views["PA"] == [0, 0, 0]
    assert views["AP"][1] > 0
    assert figures["shortcuts"].keys() == {"view AP", "any finding"}
    text = markdown(figures, CONFIG)
    assert "| Mean, view AP | +" in text
    assert "| what each logit separates |" in text


def test_the_report_is_json_a_table_and_pictures(tmp_path):
    network = scored(*drawn(), thresholds={"Mass": Threshold(0.5)}, calibration={"Mass": Calibration(1, 0, 0.3)})
    figures = evaluate(network, versus=network)
    files = write_report(figures, network, tmp_path / "out")
    assert {file.name for file in files} >= {"evaluation.json", "evaluation.md"}
    assert json.loads(files[0].read_text())["mean_auc"] == figures["mean_auc"]
    pytest.importorskip("matplotlib")
    from PIL import Image

    sheets = [Image.open(file) for file in files if file.suffix == ".png"]
    assert len(sheets) == 3
    assert all(sheet.convert("L").getextrema() == (0, 255) for sheet in sheets)
