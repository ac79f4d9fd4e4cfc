"""Probabilities from logits."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from cxr.checkpoint import Calibration
from cxr.evaluation.calibration import fit_calibrations, level, logistic


def drawn(rows: int, slope: float, intercept: float, seed: int = 0):
    rng = np.random.default_rng(seed)
    logit = 1.5 * rng.standard_normal(rows) + 1
    return (rng.random(rows) < 1 / (1 + np.exp(-(slope * logit + intercept)))).astype(np.float32), logit


def names(count: int) -> list[str]:
    return [str(at) for at in range(count)]


def test_without_a_penalty_it_is_logistic_regression():
    truth, logit = drawn(500, 0.8, -2)
    theirs = LogisticRegression(C=np.inf, tol=1e-10).fit(logit[:, None], truth)
    ours = logistic(truth == 1, logit, slope=1, weight=0)
    assert ours == pytest.approx((theirs.coef_[0, 0], theirs.intercept_[0]), abs=1e-5)


def test_probabilities_are_as_frequent_as_they_say():
    truth, logit = drawn(4000, 0.6, -1.5)
    patients = [str(at // 2) for at in range(4000)]
    (fitted,) = fit_calibrations(truth[:, None], logit[:, None], ["Mass"], patients).values()
    calibration = Calibration(fitted.a, fitted.b, fitted.prevalence)
    probability = np.array([calibration.probability(value) for value in logit])
    assert probability.mean() == pytest.approx(truth.mean(), abs=1e-6)
    assert fitted.a == pytest.approx(0.6, abs=0.08)
    assert fitted.positives == truth.sum()
    assert fitted.patients == len({patient for patient, label in zip(patients, truth, strict=True) if label})


def test_a_slope_that_rests_on_few_positives_is_drawn_to_the_others():
    many, its_logit = drawn(3000, 1.0, 0)
    rng = np.random.default_rng(2)
    rare = np.zeros(3000, np.float32)
    rare[:4] = 1
    steep = rng.standard_normal(3000) + 4 * rare  # four positives with high logits: a slope far above 1 by itself
    alone, _ = logistic(rare == 1, steep, slope=1, weight=0)
    fitted = fit_calibrations(
        np.stack([many, rare], 1), np.stack([its_logit, steep], 1), ["Mass", "Hernia"], names(3000)
    )
    assert alone > 2
    assert 1 < fitted["Hernia"].a < alone - 0.5
    assert fitted["Mass"].a == pytest.approx(1, abs=0.1)


def test_a_score_that_is_no_higher_with_the_finding_is_not_made_a_probability():
    truth, logit = drawn(500, 1.0, 0)
    labels, logits = np.stack([truth, truth], 1), np.stack([logit, -logit], 1)
    assert list(fit_calibrations(labels, logits, ["Mass", "Pneumonia"], names(500))) == ["Mass"]


def test_a_finding_of_one_kind_has_no_calibration():
    labels = np.stack([np.zeros(50), np.tile([0, 1], 25)], 1)
    fitted = fit_calibrations(labels, np.random.default_rng(0).standard_normal((50, 2)), ["Hernia", "Mass"], names(50))
    assert list(fitted) == ["Mass"]


def test_logits_far_apart_do_not_upset_it():
    truth = np.tile([0, 1], 50)
    slope, intercept = logistic(truth == 1, np.where(truth, 50.0, -50.0), slope=1, weight=10)
    assert np.isfinite([slope, intercept]).all()
    assert slope > 0


def test_rows_that_count_twice_are_rows_that_are_there_twice():
    truth, logit = drawn(200, 0.8, -1)
    times = np.random.default_rng(1).integers(0, 3, 200)
    twice = np.repeat(truth == 1, times), np.repeat(logit, times)
    assert logistic(truth == 1, logit, slope=1, weight=3, times=times) == pytest.approx(
        logistic(*twice, slope=1, weight=3)
    )
    assert level(truth == 1, logit, times) == pytest.approx(level(*twice))


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_the_level_makes_the_mean_probability_the_share_of_positives(share):
    logit = np.random.default_rng(0).standard_normal(1000) * 20
    truth = np.arange(1000) < 1000 * share
    assert (1 / (1 + np.exp(-(logit + level(truth, logit))))).mean() == pytest.approx(share, abs=1e-6)
