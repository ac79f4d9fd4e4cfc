"""Operating points."""

import numpy as np
import pytest

from cxr.errors import LabelError
from cxr.evaluation.thresholds import operating_point


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
    point = operating_point(labels.astype(float), scores, patients(150), sensitivity=0.75)
    assert point.score == pytest.approx(0.3)
    assert point.sensitivity == pytest.approx(0.75)
    assert point.rule == "sensitivity 0.75"
    with pytest.raises(LabelError, match=r"1\.5 can't be asked for"):
        operating_point(labels.astype(float), scores, patients(150), sensitivity=1.5)


def test_few_positives_make_a_point_provisional_and_its_figures_honest():
    # scores that say nothing: chosen and measured on the same rows they would look better than chance
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
