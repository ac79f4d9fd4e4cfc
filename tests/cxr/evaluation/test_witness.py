"""What a second part says of a calibration, on data whose slope and level are known."""

import math
from dataclasses import replace

import numpy as np
import pytest

from cxr.checkpoint import Calibration, CheckpointConfig, Threshold
from cxr.checkpoint.witness import Witness
from cxr.evaluation.labels import LabelTable
from cxr.evaluation.scoring import Scored
from cxr.evaluation.witness import witness_of
from hub.errors import CheckpointError

PREVALENCE = 0.25

pytestmark = pytest.mark.usefixtures("few_resamples")


def drawn(*, slope=1.0, level=0.0, rows=1500, pictures_each=1, seed=0) -> Scored:
    """One finding, Mass, and a calibration that states the logit itself as the ratio's logarithm.

    The true one is slope · logit + level, at a prevalence of about a quarter.
    """
    rng = np.random.default_rng(seed)
    logit = np.repeat(1.2 * rng.standard_normal(rows // pictures_each), pictures_each)
    log_odds = slope * logit + level + math.log(PREVALENCE / (1 - PREVALENCE))
    alike = np.repeat(rng.random(rows // pictures_each), pictures_each)
    labels = (alike < 1 / (1 + np.exp(-log_odds))).astype(np.float32)
    # a ratio is one to the pictures without the finding: what the regression finds is shifted by the true share
    shift = math.log(labels.mean() / (1 - labels.mean())) - math.log(PREVALENCE / (1 - PREVALENCE))
    return scored(labels, logit, Calibration(1.0, -shift, PREVALENCE), pictures_each)


def scored(labels, logit, calibration, pictures_each=1, thresholds=None) -> Scored:
    rows = len(labels)
    table = LabelTable(
        tuple(map(str, range(rows))),
        tuple(str(at // pictures_each) for at in range(rows)),
        ("Mass",),
        np.asarray(labels, np.float32)[:, None],
        {},
    )
    config = CheckpointConfig(
        "net", ("Mass",), {"rule": "samplewise"}, thresholds=thresholds or {}, calibration={"Mass": calibration}
    )
    return Scored(table, np.asarray(logit, np.float32)[:, None], config)


@pytest.mark.parametrize("slope", [0.2, 0.6, 1.0, 1.5])
def test_the_slope_is_that_of_the_data(slope):
    found = witness_of(drawn(slope=slope), part="test").findings["Mass"]
    value, low, high = found.slope
    assert value == pytest.approx(slope, abs=0.2)
    assert low < slope < high


@pytest.mark.parametrize("level", [-1.0, 0.0, 0.7])
def test_the_level_is_what_is_missing_on_average(level):
    found = witness_of(drawn(level=level), part="test").findings["Mass"]
    value, low, high = found.intercept
    assert value == pytest.approx(level, abs=0.2)
    assert low < value < high
    assert found.slope[0] == pytest.approx(1, abs=0.2)


def test_a_patient_s_copies_do_not_narrow_the_interval():
    def width(pictures_each: int) -> float:
        _, low, high = (
            witness_of(drawn(rows=300 * pictures_each, pictures_each=pictures_each), part="test").findings["Mass"].slope
        )
        return high - low

    assert width(4) == pytest.approx(width(1), rel=0.2)


def test_the_ratio_of_a_score_is_the_line_s_and_its_interval_holds_the_truth():
    found = witness_of(drawn(slope=0.5), part="test").findings["Mass"]
    for log_ratio in (-2.0, 0.0, 2.0):
        middle, low, high = found.ratio(log_ratio)
        assert low < middle < high
        assert math.log(middle) == pytest.approx(found.line[0] * log_ratio + found.line[1])
    assert found.ratio(2.0)[0] / found.ratio(0.0)[0] == pytest.approx(math.exp(1), rel=0.4)


def test_fifths_hold_the_ratios_that_were_stated_and_observed():
    # logits 0 to 99: of the highest twenty 16 have the finding, of the other eighty 4.
    # Observed: (16/20) / (4/80) = 16. Stated: σ has no part in it, exp(.02 · logit − 1) averaged over the 4 without
    logit = np.arange(100.0)
    labels = np.zeros(100)
    labels[84:] = 1
    labels[[10, 30, 50, 70]] = 1
    found = witness_of(scored(labels, logit, Calibration(0.02, -1.0, 0.2)), part="test").findings["Mass"]
    top = found.fifths[-1]
    assert (top.pictures, top.positives, top.logits) == (20, 16, (80.0, 99.0))
    assert top.ratio[0] == pytest.approx((16 / 20) / (4 / 80))
    assert top.claimed == pytest.approx(np.exp(0.02 * np.array([80, 81, 82, 83]) - 1).mean())
    assert top.share[0] == 0.8
    assert found.fifths[0].ratio[1] < found.fifths[0].ratio[0] < found.fifths[0].ratio[2]


def test_pictures_without_a_finding_are_counted_where_they_are_flagged():
    # a score of .5 is a logit of 0: 30 of the 80 healthy and 15 of the 20 sick are above it
    logit = np.r_[np.ones(30), -np.ones(50), np.ones(15), -np.ones(5)]
    labels = np.r_[np.zeros(80), np.ones(20)]
    found = witness_of(scored(labels, logit, Calibration(1, 0, 0.2), thresholds={"Mass": Threshold(0.5)}), part="test")
    assert found.flagged["Mass"][0] == found.healthy.any[0] == found.healthy.count[0] == 30 / 80
    assert (found.healthy.pictures, found.sick.pictures, found.points) == (80, 20, 1)
    assert found.sick.count[0] == 15 / 20
    # pairs: (15 · 50 + half of 15 · 30 + 5 · 50) / (20 · 80)
    assert found.sick_auc[0] == pytest.approx((15 * 50 + (15 * 30 + 5 * 50) / 2) / 1600)


def test_pictures_are_flagged_by_the_point_of_their_view_where_it_has_one():
    # logits of 0 are scores of .5: above the common point of .4, below that of AP, .6
    points = {"Mass": Threshold(0.4, views={"AP": Threshold(0.6)})}
    made = scored(np.r_[np.zeros(30), np.ones(10)], np.zeros(40), Calibration(1, 0, 0.2), thresholds=points)
    views = ("AP",) * 10 + ("PA",) * 15 + ("",) * 15
    made = replace(made, table=replace(made.table, columns={"view": views}))
    assert witness_of(made, part="test").flagged["Mass"][0] == 20 / 30
    assert made.above("Mass").sum() == 30


def test_a_finding_that_nobody_has_is_no_witness_and_no_flag_is_never_certain():
    logit = np.linspace(-3, -1, 40)
    found = witness_of(
        scored(np.zeros(40), logit, Calibration(1, 0, 0.2), thresholds={"Mass": Threshold(0.5)}), part="test"
    )
    assert not found.findings
    assert found.sick is None
    share, low, high = found.healthy.any
    assert (share, low) == (0, 0)
    assert high == pytest.approx(1 - 0.025 ** (1 / 40))


def test_a_witness_is_read_as_it_was_written():
    written = witness_of(drawn(rows=300), part="test").to_json()
    assert Witness.from_json(written).to_json() == written


@pytest.mark.parametrize(
    "wrong", [{"part": "test"}, {"findings": []}, {"flagged": {"Mass": [0.1, 0.2]}}, {"pictures": "many"}, {"sick": 3}]
)
def test_a_witness_of_another_form_is_refused_with_what_to_do(wrong):
    right = witness_of(drawn(rows=300), part="test").to_json()
    given = wrong if wrong == {"part": "test"} else right | wrong
    with pytest.raises(CheckpointError, match="witness") as refused:
        Witness.from_json(given)
    assert "--check" in refused.value.hint
