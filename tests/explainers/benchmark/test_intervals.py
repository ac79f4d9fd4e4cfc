"""Means over findings with intervals that hold for few patients too."""

import numpy as np
import pytest

from explainers.benchmark.intervals import Sampled, draws_with_every_finding


def sampled(values, kinds=None, patients=None, *, bounds=(0.0, 1.0), count=500, seed=0) -> Sampled:
    kinds = kinds or ["Mass"] * len(values)
    patients = patients or [str(at) for at in range(len(values))]
    return Sampled(np.array(values, float), kinds, patients, bounds=bounds, count=count, seed=seed)


def test_a_share_of_few_hits_has_the_exact_interval():
    # 2 of 20, by published tables of the exact binomial interval
    assert sampled([1] * 2 + [0] * 18).interval() == pytest.approx((0.0123, 0.3170), abs=1e-4)
    assert sampled([0] * 8).interval() == pytest.approx((0, 0.3694), abs=1e-4)  # 1 − .025^(1/8)


def test_a_mean_over_findings_is_known_as_well_as_its_rarest_finding_allows():
    kinds = ["Mass"] * 2 + ["Nodule"] * 8
    # 2² / (1/2 + 1/8)
    assert sampled([0] * 10, kinds).patients == pytest.approx(6.4)
    assert sampled([0] * 10, kinds).interval()[1] == pytest.approx(1 - 0.025 ** (1 / 6.4), abs=1e-4)


def test_values_that_are_all_equal_leave_room_for_others():
    low, high = sampled([0.3] * 20).interval()
    unseen = 1 - 0.025 ** (1 / 20)
    assert (low, high) == pytest.approx((0.3 - 0.3 * unseen, 0.3 + 0.7 * unseen))


def test_every_draw_holds_every_finding_and_as_many_patients():
    kinds = ["Mass"] * 30 + ["Nodule"] * 2 + ["Hernia"]
    drawn = draws_with_every_finding(tuple(map(str, range(33))), tuple(kinds), 200, 0)
    assert (drawn.sum(axis=1) == 33).all()
    for kind in set(kinds):
        assert (drawn[:, np.array(kinds) == kind].sum(axis=1) > 0).all()


def test_all_rows_of_a_patient_are_drawn_together():
    patients, kinds = ("a", "a", "b", "c"), ("Mass", "Nodule", "Mass", "Nodule")
    drawn = draws_with_every_finding(patients, kinds, 100, 0)
    np.testing.assert_array_equal(drawn[:, 0], drawn[:, 1])


TRUTHS = {
    "overlaps of a few": (lambda rng: rng.beta(0.6, 6, 12), 0.6 / 6.6, (0.0, 1.0)),
    "overlaps of some": (lambda rng: rng.beta(0.6, 6, 24), 0.6 / 6.6, (0.0, 1.0)),
    "overlaps of many": (lambda rng: rng.beta(0.6, 6, 80), 0.6 / 6.6, (0.0, 1.0)),
    "rare hits of a few": (lambda rng: rng.random(12) < 0.1, 0.1, (0.0, 1.0)),
    "rare hits of many": (lambda rng: rng.random(100) < 0.01, 0.01, (0.0, 1.0)),
    "gains of eight": (lambda rng: rng.normal(0.3, 1, 8), 0.3, None),
    "differences of hits": (lambda rng: rng.choice([-1, 0, 1], 20, p=[0.1, 0.6, 0.3]), 0.2, (-1.0, 1.0)),
}


@pytest.mark.parametrize("name", TRUTHS)
def test_intervals_hold_the_truth_as_often_as_they_say(name):
    draw, truth, bounds = TRUTHS[name]
    rng, held = np.random.default_rng(0), 0
    for at in range(120):
        values = draw(rng)
        low, high = sampled(values, [str(row % 2) for row in range(len(values))], bounds=bounds, seed=at).interval()
        held += low <= truth <= high
    # of 120 times .95 is 114; .9 is what chance leaves of it
    assert held >= 0.9 * 120


def test_of_two_patients_it_is_student_s_with_one_degree_of_freedom():
    # values .2 and .6: mean .4, standard error .2, t of 12.706
    assert sampled([0.2, 0.6], bounds=None).interval() == pytest.approx(
        (0.4 - 0.2 * 12.706, 0.4 + 0.2 * 12.706), abs=1e-3
    )
    assert sampled([0.2, 0.6]).interval() == (0, 1)


def test_a_difference_of_shares_that_few_patients_make_is_exact():
    # of 12, one is missed that was hit: 1 of 12 lower, none higher; by tables .0021 to .3848, and 0 to .2646
    low, high = sampled([-1] + [0] * 11, bounds=(-1.0, 1.0)).interval()
    assert (low, high) == pytest.approx((-0.3848, 0.2646 - 0.0021), abs=1e-3)


def test_with_two_patients_of_each_finding_it_is_wider_than_a_standard_error_either_way():
    values = [0.1, 0.3, 0.2, 0.6]
    low, high = sampled(values, ["Mass", "Mass", "Nodule", "Nodule"], bounds=None).interval()
    error = np.sqrt((0.1**2 + 0.2**2) / 4)  # of the mean of two means, each of half the difference's size
    assert high - low > 2 * error
    assert low < 0.3 < high


def test_p_of_zero_by_changing_signs():
    # of 2⁵ ways to sign five ones, two are as far from zero: p = 1/16
    assert sampled([1] * 5, bounds=(-1.0, 1.0), count=20000).p_of_zero() == pytest.approx(1 / 16, abs=0.01)
    assert sampled([0] * 5, bounds=(-1.0, 1.0)).p_of_zero() == 1


def test_p_of_zero_of_many_is_small_where_all_differ_one_way():
    assert sampled([0.5, 1.0] * 40, bounds=(-1.0, 1.0), count=1000).p_of_zero() < 0.01
    assert sampled([-1.0, 1.0] * 40, bounds=(-1.0, 1.0), count=1000).p_of_zero() > 0.5
