"""A checkpoint's configuration with types."""

import math

import pytest

from cxr.checkpoint import Calibration, CheckpointConfig, Threshold
from hub.errors import CheckpointError

RAW = {"labels": ["Mass", "", "Lung Lesion", "Effusion"], "input": {"rule": "samplewise"}}


def configured(**fields) -> CheckpointConfig:
    return CheckpointConfig.from_raw(RAW | fields, name="mine")


def test_findings_keep_the_place_of_their_output():
    assert configured().findings == {"Mass": 0, "Lung Lesion": 2, "Effusion": 3}


@pytest.mark.parametrize("spelling", ["Pleural Effusion", "pleural_effusion", "PleuralEffusion"])
def test_an_output_under_another_spelling_is_the_finding(spelling):
    found = configured(labels=["Mass", spelling], thresholds={spelling: {"score": 0.25}},
                       calibration={spelling: {"a": 1, "b": 0, "prevalence": 0.1}})  # fmt: skip
    assert found.findings == {"Mass": 0, "Effusion": 1}
    assert found.labels == ("Mass", "Effusion")
    assert set(found.thresholds) == set(found.calibration) == {"Effusion"}


def test_every_output_is_a_finding_unless_it_is_marked():
    found = configured(labels=["Mass", "Lung Opacity", {"name": "No Finding", "ignored": True}, "Cat"])
    assert found.findings == {"Mass": 0, "Lung Opacity": 1, "Cat": 3}


def test_a_finding_is_described_by_the_file_or_where_it_is_nihs_by_us():
    found = configured(labels=["Mass", "Cat", "Dog"], descriptions={"Cat": "An animal.", "Mass": "A shadow."})
    assert [found.describe(name) for name in found.findings] == ["A shadow.", "An animal.", ""]
    assert configured().describe("Effusion") == "Fluid between the lung and the chest wall."


def test_the_unit_says_what_of_a_softmax_is_explained():
    assert configured().unit == "logit"
    assert configured(activation="softmax").unit == "logit against the other classes"
    assert configured(activation="softmax", explained="logit").unit == "logit of the class"


def test_a_threshold_carries_how_it_was_chosen():
    given = {"Mass": {"score": 0.25, "rule": "youden", "provisional": True, "interval": [0.2, 0.3]}}
    assert configured(thresholds=given).thresholds == {"Mass": Threshold(0.25, "youden", True, (0.2, 0.3))}


def test_a_threshold_of_a_view_stands_for_that_view_alone():
    found = configured(thresholds={"Mass": {"score": 0.25, "views": {"ap": {"score": 0.5}}}}).thresholds["Mass"]
    assert [found.of_view(view).score for view in ("AP", " ap", "PA", "")] == [0.5, 0.5, 0.25, 0.25]
    with pytest.raises(CheckpointError, match="views"):
        configured(thresholds={"Mass": {"score": 0.25, "views": [0.5]}})


@pytest.mark.parametrize("score", [None, "0.5", float("nan"), 1.5, -0.1, True])
def test_a_threshold_that_is_no_score_is_refused(score):
    with pytest.raises(CheckpointError, match="Mass"):
        configured(thresholds={"Mass": {"score": score}})


@pytest.mark.parametrize("prevalence", [0, 1, -0.1, None, "x"])
def test_a_calibration_needs_a_prevalence_between_0_and_1(prevalence):
    with pytest.raises(CheckpointError, match="Mass"):
        configured(calibration={"Mass": {"a": 1, "b": 0, "prevalence": prevalence}})


def test_a_probability_is_the_logistic_of_the_scaled_logit_and_the_prior_odds():
    # a·z + b = 2·0.5 − 1 = 0, so the odds are those of the prevalence: 0.2 / 0.8
    assert Calibration(2, -1, 0.2).probability(0.5) == pytest.approx(0.2)
    # one more: odds times e, 0.25·e / (1 + 0.25·e)
    assert Calibration(2, -1, 0.2).probability(1.0) == pytest.approx(0.25 * math.e / (1 + 0.25 * math.e))


@pytest.mark.parametrize(("logit", "limit"), [(-1e6, 0), (1e6, 1)])
def test_extreme_logits_do_not_overflow(logit, limit):
    assert Calibration(1, 0, 0.5).probability(logit) == limit


@pytest.mark.parametrize("numbers", [{"a": 1e308, "b": 0}, {"a": 1, "b": -1e9}])
def test_a_calibration_whose_ratios_would_be_infinite_is_refused(numbers):
    with pytest.raises(CheckpointError, match="which no fit gives"):
        configured(calibration={"Mass": {"prevalence": 0.1, **numbers}})
