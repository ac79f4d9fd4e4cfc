"""Which probabilities may be shown."""

import math
import re
from dataclasses import replace

import pytest

from cxr.checkpoint import Calibration, CheckpointConfig
from cxr.checkpoint.witness import Fifth, FindingWitness, Flagged, Witness
from cxr.evaluation.claims import claim, of_healthy, of_network, withheld
from cxr.evaluation.claims_table import claims_markdown

TOP = Fifth((1.0, 2.0), 20, 8, claimed=14.5, ratio=(1.4, 1.1, 1.8), probability=0.77, share=(0.3, 0.2, 0.4))
RIGHT = FindingWitness(
    pictures=100,
    positives=40,
    patients=30,
    slope=(1.0, 0.8, 1.2),
    intercept=(0.0, -0.1, 0.1),
    line=(1.0, 0.0),
    spread=(0.01, 0.0, 0.01),
    logits=(-2.0, 2.0),
    fifths=(TOP,),
)


def config(found: FindingWitness | None = RIGHT, **witness) -> CheckpointConfig:
    checked = Witness("test", 100, 60, 1, {"Mass": found} if found else {}, {}, **witness)
    return CheckpointConfig(
        "net", ("Mass",), {"rule": "samplewise"}, calibration={"Mass": Calibration(1.0, 0.0, 0.2)}, witness=checked
    )


def test_what_is_claimed_has_the_interval_of_other_patients():
    said = claim("Mass", 1.0, config())
    # the line's standard error at 1 is √(.01 + .01) = .1414; the prevalence of .2 makes odds of a quarter
    half = 1.96 * math.sqrt(0.02)
    assert said.ratio == pytest.approx((math.e, math.exp(1 - half), math.exp(1 + half)))
    odds = [each / 4 for each in said.ratio]
    assert said.probability == pytest.approx([each / (1 + each) for each in odds])
    assert said.withheld == ""


def test_the_interval_holds_the_stated_value():
    said = claim("Mass", 2.0, config(replace(RIGHT, line=(0.75, 0.0), spread=(1e-6, 0.0, 1e-6))))
    value, low, high = said.ratio
    assert low == pytest.approx(math.exp(1.5), rel=0.02)
    assert value == high == pytest.approx(math.exp(2))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"patients": 19}, "only 19 of the other patients have Mass, and 20 are needed"),
        ({"patients": 1}, "only 1 of the other patients has Mass"),
        ({"slope": (0.3, 0.1, 0.5)}, r"30 with Mass\) the calibration slope is 0.30 \(0.10 to 0.50\) instead of 1"),
        ({"slope": (0.65, 0.2, 1.1)}, "slope is 0.65"),  # includes 1, but is far from it
        ({"slope": (0.9, -0.1, 1.9)}, "slope is 0.90"),  # may as well be 0
        ({"slope": (0.75, 0.7, 0.79)}, "slope is 0.75"),  # surely not 1
        ({"slope": (1.5, 0.9, 2.1)}, "slope is 1.50"),
        ({"intercept": (0.5, -0.1, 1.1)}, r"ratio is 1.65 \(0.90 to 3.00\) times the stated one"),
        ({"intercept": (-0.35, -0.4, -0.3)}, "ratio is 0.70"),
    ],
)
def test_a_claim_that_other_patients_contradict_is_withheld_with_figures(changed, said):
    assert re.search(said, withheld("Mass", config(replace(RIGHT, **changed))))
    found = claim("Mass", 1.0, config(replace(RIGHT, **changed)))
    assert (found.ratio, found.probability) == (None, None)
    assert found.withheld.startswith("Not calibrated: ")


@pytest.mark.parametrize("changed", [{"slope": (0.9, 0.85, 0.95)}, {"intercept": (0.1, 0.05, 0.15)}])
def test_a_small_difference_that_is_certain_is_within_the_tolerance(changed):
    assert withheld("Mass", config(replace(RIGHT, **changed))) == ""


def test_the_sentence_names_what_was_stated_of_the_highest_scores_and_what_was_observed():
    said = withheld("Mass", config(replace(RIGHT, slope=(0.2, 0.1, 0.3))))
    assert "the stated likelihood ratio is 14," in said
    assert "the observed one 1.40 (1.10 to 1.80)." in said


@pytest.mark.parametrize(("logit", "side"), [(-2.5, "low"), (2.5, "high")])
def test_of_a_score_that_no_other_patient_has_nothing_is_claimed(logit, side):
    said = claim("Mass", logit, config())
    assert said.probability is None
    assert side in said.withheld


def test_without_a_witness_or_a_calibration_nothing_is_claimed():
    unchecked = replace(config(), witness=None)
    assert "not checked on other patients" in withheld("Mass", unchecked)
    assert claim("Mass", 0.0, unchecked).probability is None
    assert "none of the other patients has Mass" in withheld("Mass", config(None))
    assert "no calibration for Mass" in withheld("Mass", replace(config(), calibration={}))


def flags(auc):
    healthy = Flagged(449, 300, any=(0.99, 0.97, 1.0), count=(6.8, 6.5, 7.1))
    return {"healthy": healthy, "sick": replace(healthy, count=(6.4, 6.0, 6.8)), "sick_auc": auc}


@pytest.mark.parametrize("auc", [(0.47, 0.44, 0.5), (0.58, 0.55, 0.6), (0.62, 0.49, 0.7)])
def test_points_that_do_not_tell_sick_from_healthy_are_said_not_to(auc):
    said = of_network(config(**flags(auc)))
    assert "do not separate radiographs with a finding from those without: 6.4 of 1" in said
    assert said in claims_markdown(config(**flags(auc)))


def test_points_that_tell_sick_from_healthy_need_no_sentence():
    assert of_network(config(**flags((0.7, 0.65, 0.75)))) == ""
    assert "99 % (97 % to 100 %) are above at least one" in of_healthy(config(**flags((0.7, 0.65, 0.75))))
    assert of_healthy(config()) == ""


def test_the_table_shows_each_claim_beside_what_was_observed_and_what_is_withheld():
    table = claims_markdown(config())
    assert "| Mass | 30 | 1.00 (0.80 to 1.20) | 0.00 (-0.10 to 0.10) |  | yes |" in table
    assert "| 14.50 | 1.40 (1.10 to 1.80) | 77.0% | 30.0% (20.0% to 40.0%) |" in table
    assert "withheld |" in claims_markdown(config(replace(RIGHT, patients=3)))
    assert "not checked on other patients" in claims_markdown(replace(config(), witness=None))


def test_nothing_is_stated_in_the_table_of_a_finding_without_a_calibration():
    table = claims_markdown(replace(config(), calibration={}))
    assert "| Mass |  |  |  |  | withheld |" in table
    assert "14.50" not in table
    assert "There is no calibration" in claims_markdown(replace(config(), calibration={}, witness=None))
