"""The weighted area against scikit-learn's, and against pairs counted by hand."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cxr.evaluation.auc import RankedScores, auc_with_interval, draws_as_weights


@pytest.mark.parametrize("decimals", [0, 3])  # with many ties, and with none
def test_it_is_scikit_learn_s(decimals):
    rng = np.random.default_rng(0)
    truth, weights = (rng.random(200) < 0.3).astype(float), rng.random(200)
    scores = np.round(rng.standard_normal(200) + truth, decimals)
    found = RankedScores(truth, scores).auc(weights)
    assert found == pytest.approx(roc_auc_score(truth, scores, sample_weight=weights))


def test_pairs_are_of_one_stratum():
    # fold 1: 2 > 1, right. Fold 2: 10 < 12, wrong. Across folds, 10 > 1 would count as right.
    truth, scores, folds = np.array([1, 0, 1, 0]), np.array([2, 1, 10, 12.0]), np.array([1, 1, 2, 2])
    assert RankedScores(truth, scores, folds).auc(np.ones(4)) == pytest.approx(1 / 2)
    assert RankedScores(truth, scores).auc(np.ones(4)) == pytest.approx(2 / 4)
    # the wrong pair counts three times: 1 / (1 + 3)
    assert RankedScores(truth, scores, folds).auc(np.array([1, 1, 1, 3])) == pytest.approx(1 / 4)


def test_rows_that_are_not_known_and_one_sided_labels_count_nothing():
    assert RankedScores(np.array([1, 0, np.nan]), np.array([2, 1, 0.0])).auc(np.ones(3)) == 1
    assert RankedScores(np.array([1, 1.0]), np.array([2, 1.0])).auc(np.ones(2)) is None
    assert RankedScores(np.array([np.nan]), np.array([2.0])).auc(np.ones(1)) is None
    assert RankedScores(np.array([1, 0.0]), np.array([2, 1.0])).auc(np.array([1, 0])) is None


def test_copies_of_a_patient_s_picture_do_not_narrow_the_interval():
    rng = np.random.default_rng(2)
    truth = (rng.random(60) < 0.4).astype(float)
    scores = rng.standard_normal(60) + truth
    found = []
    for copies in (1, 5):
        patients = [str(at // copies) for at in range(60 * copies)]
        ranked = RankedScores(np.repeat(truth, copies), np.repeat(scores, copies))
        found.append(auc_with_interval(ranked, np.ones(60 * copies), draws_as_weights(patients)))
    assert found[0] == pytest.approx(found[1], abs=1e-9)
    middle, low, high = found[0]
    assert low < middle < high
