"""Operating points."""

import numpy as np
import pytest

from cxr.errors import LabelError
from cxr.evaluation import thresholds
from cxr.evaluation.thresholds import Rule, operating_point


def patients(count: int) -> list[str]:
    return [str(at) for at in range(count)]


def test_youden_s_point_lies_between_the_scores_that_it_parts():
    # six pictures, over and over: from .6 on 3 of 3 positives and 1 of 3 negatives are above: J = 2/3, the best
    labels, scores = np.tile([0, 0, 1, 0, 1, 1], 40), np.tile([0.1, 0.2, 0.6, 0.7, 0.8, 0.9], 40)
    point = operating_point(labels.astype(float), scores, patients(240))
    assert point.score == pytest.approx(0.4)  # half way between .2 and .6
    assert (point.sensitivity, point.specificity) == pytest.approx((1, 2 / 3))
    assert (point.positives, point.provisional) == (120, False)


def test_a_target_sensitivity_is_reached_with_the_highest_threshold():
    labels, scores = np.tile([0, 1, 1, 1, 1], 30), np.tile([0.1, 0.2, 0.4, 0.6, 0.8], 30)
    point = operating_point(labels.astype(float), scores, patients(150), rule=Rule(sensitivity=0.75))
    assert point.score == pytest.approx(0.3)
    assert point.sensitivity == pytest.approx(0.75)
    assert point.to_json(part="tuning")["rule"] == "sensitivity 0.75 on tuning"


def test_a_target_specificity_is_reached_with_the_lowest_threshold():
    # of the negatives at .1, .3, .5 and .7 three may not be above it: half way between .5 and .7
    labels, scores = np.tile([0, 0, 0, 0, 1], 60), np.tile([0.1, 0.3, 0.5, 0.7, 0.9], 60)
    point = operating_point(labels.astype(float), scores, patients(300), rule=Rule(specificity=0.75))
    assert point.score == pytest.approx(0.6)
    assert (point.specificity, point.sensitivity) == (0.75, 1)
    point = operating_point(labels.astype(float), scores, patients(300), rule=Rule(specificity=0.5))
    assert point.score == pytest.approx(0.4)
    assert point.to_json(part="tuning")["rule"] == "specificity 0.50 on tuning"


def test_a_specificity_of_1_is_reached_even_where_the_highest_score_is_a_negative():
    labels, scores = np.tile([0, 1, 0], 100), np.tile([0.2, 0.5, 0.8], 100)
    point = operating_point(labels.astype(float), scores, patients(300), rule=Rule(specificity=1.0))
    assert (point.score, point.specificity, point.sensitivity) == (pytest.approx(0.9), 1, 0)


@pytest.mark.parametrize(("asked", "said"), [
    ({"sensitivity": 1.5}, r"chosen by a sensitivity of 1\.5"),
    ({"specificity": 0.0}, r"chosen by a specificity of 0\.0"),
    ({"sensitivity": 0.9, "specificity": 0.9}, "by (both )?a sensitivity and a specificity"),
])  # fmt: skip
def test_a_target_that_makes_no_sense_is_refused(asked, said):
    with pytest.raises(LabelError, match=said):
        Rule(**asked)


def test_a_point_is_provisional_by_its_patients_and_not_by_their_pictures():
    labels = np.tile([0.0, 1.0], 150)
    scores = np.tile([0.2, 0.8], 150)
    of_ten = operating_point(labels, scores, [str(at % 10) for at in range(300)])
    of_all = operating_point(labels, scores, patients(300))
    assert (of_ten.positives, of_ten.patients, of_ten.provisional) == (150, 5, True)
    assert (of_all.positives, of_all.patients, of_all.provisional) == (150, 150, False)


def test_few_positives_make_a_point_provisional_and_its_figures_honest(monkeypatch):
    # scores that say nothing: chosen and measured on the same rows they would look better than chance
    monkeypatch.setattr(thresholds, "RESAMPLES", 4)  # of the interval, which is not looked at
    rng = np.random.default_rng(0)
    excess = []
    for _ in range(40):
        labels = (np.arange(120) < 12).astype(float)
        point = operating_point(labels, rng.random(120), patients(120))
        assert point.provisional
        excess.append(point.sensitivity + point.specificity - 1)
    assert abs(np.mean(excess)) < 0.1


def test_the_interval_holds_the_point_and_narrows_with_more_patients():
    rng = np.random.default_rng(1)

    def width(count: int) -> float:
        labels = (rng.random(count) < 0.5).astype(float)
        point = operating_point(labels, 0.5 + 0.1 * rng.standard_normal(count) + 0.2 * (labels - 0.5), patients(count))
        low, high = point.interval
        assert low <= point.score <= high
        return high - low

    assert width(4000) < width(250)


def test_without_positives_or_without_negatives_there_is_no_point():
    assert operating_point(np.zeros(5), np.arange(5) / 5, patients(5)) is None
    assert operating_point(np.ones(5), np.arange(5) / 5, patients(5)) is None
    assert operating_point(np.full(5, np.nan), np.arange(5) / 5, patients(5)) is None


def test_unknown_labels_are_left_out():
    labels = np.array([0, 0, 1, 1] * 60 + [np.nan] * 60)
    scores = np.array([0.1, 0.2, 0.8, 0.9] * 60 + [0.5] * 60)
    assert operating_point(labels, scores, patients(300)).score == pytest.approx(0.5)
