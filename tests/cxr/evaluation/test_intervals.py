"""Intervals of shares and of their quotients."""

import numpy as np
import pytest

from cxr.evaluation.auc import draws_as_weights
from cxr.evaluation.intervals import clopper_pearson, ratio_by_patient, share_by_patient


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        (0, 10, 0, 0.3085),  # 1 - .025^(1/10)
        (10, 10, 0.6915, 1),  # .025^(1/10)
        (5, 10, 0.1871, 0.8129),  # published tables of the exact binomial interval
        (1, 20, 0.0013, 0.2487),
        (0, 0, 0, 1),
    ],
)
def test_the_exact_interval_is_that_of_published_tables(hits, trials, low, high):
    assert clopper_pearson(hits, trials) == pytest.approx((low, high), abs=1e-4)


def share(found, of, patients):
    return share_by_patient(np.array(found, bool), np.array(of, bool), patients, draws_as_weights(patients))


@pytest.mark.parametrize("found", [False, True])
def test_a_share_of_none_or_all_has_an_interval_with_width(found):
    value, low, high = share([found] * 30, [True] * 30, [str(at) for at in range(30)])
    assert value == found
    # 1 - .025^(1/30)
    assert (low, high) == pytest.approx((0.8843, 1) if found else (0, 0.1157), abs=1e-4)


def test_pictures_of_one_patient_count_as_one_trial():
    patients = [str(at // 10) for at in range(50)]
    assert share([False] * 50, [True] * 50, patients)[1:] == pytest.approx((0, 0.5218), abs=1e-4)  # 1 - .025^(1/5)


def test_with_many_patients_it_is_the_bootstrap_s():
    patients = [str(at) for at in range(400)]
    value, low, high = share([at % 4 == 0 for at in range(400)], [True] * 400, patients)
    assert value == 0.25
    assert (low, high) == pytest.approx((0.2075, 0.2925), abs=0.01)  # .25 ± 1.96 · √(.25 · .75 / 400)


def test_without_rows_there_is_no_share():
    assert share([True] * 3, [False] * 3, list("abc")) is None


def test_a_ratio_of_shares():
    # 30 of 40 with the finding are in the fifth, and 20 of 160 without it: .75 / .125 = 6
    of = np.arange(200) < 40
    found = np.isin(np.arange(200), [*range(30), *range(40, 60)])
    patients = [str(at) for at in range(200)]
    value, low, high = ratio_by_patient(found, of, ~of, patients, draws_as_weights(patients))
    assert value == pytest.approx(6)
    assert low < 6 < high
    # the logarithm's standard error is √(1/30 − 1/40 + 1/20 − 1/160) = .228 (Katz 1978)
    assert np.log([low, high]) == pytest.approx(np.log(6) + np.array([-1.96, 1.96]) * 0.228, abs=0.1)


def test_a_ratio_of_nothing_has_an_upper_limit():
    of = np.arange(100) < 12
    patients = [str(at) for at in range(100)]
    found = np.arange(100) >= 78  # none of 12, 22 of 88
    value, low, high = ratio_by_patient(found, of, ~of, patients, draws_as_weights(patients))
    assert (value, low) == (0, 0)
    # 1 − .025^(1/12) = .2646, over a share of about .25, whose interval reaches down to about .16
    assert 1 < high < 2


def test_a_ratio_to_nothing_is_left_out():
    of = np.arange(10) < 5
    assert ratio_by_patient(of, of, ~of, list("abcdefghij"), draws_as_weights(list("abcdefghij"))) is None
