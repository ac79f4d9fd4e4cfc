"""Mistakes of measures that look right: each is found, by the check that is meant for it."""

from typing import ClassVar

import numpy as np
import pytest

from explainers import Measure, Measured, NotMeasurable, check_measure
from explainers.box_scores import sample_with_box


class FirstFinding(Measure):
    """Reads the first finding's logit, whichever was explained."""

    name, title, unit, better = "first_finding", "First finding", "logit", "higher"

    def measure(self, subject):
        values, network_input = subject.explanation.on_input(), subject.context.input
        hot = (values >= np.quantile(values, 0.9))[..., None]
        covered = np.where(hot, network_input.mean(), network_input).astype(np.float32)
        fall = float(subject.context.logits[0] - subject.context.forward(covered[None])[0, 0])
        return Measured(fall, f"Covering the hottest tenth lowers the logit by {fall:.2f}.")


class MinMax(Measure):
    """Scales the map to 0 … 1 first, so that a map below zero is as good as the true one."""

    name, title, unit, bounds, better = "min_max", "Min-max", "share", (0, 1), "higher"
    expected_failures: ClassVar = {}

    def measure(self, subject):
        if subject.box is None:
            raise NotMeasurable("There is no box.")
        values, inside = sample_with_box(subject.explanation.on_image(), subject.box)
        values = (values - values.min()) / max(np.ptp(values), 1e-9)
        share = float(values[inside].sum() / max(values.sum(), 1e-9))
        return Measured(share, f"{share:.0%} of the map lies in the box.")


@pytest.mark.parametrize(
    ("mistake", "words"), [(FirstFinding, "Measure the explained finding"), (MinMax, "the same map below zero")]
)
def test_a_measures_mistake_is_found_and_named(mistake, words):
    (result,) = check_measure(mistake, ["planted"]).results
    assert result.outcome == "failed", result
    assert words in result.sentence


class InLogitsCalledShare(Measure):
    """The map's sum, under the unit of a share."""

    name, title, unit = "in_logits", "In logits", "share"

    def measure(self, subject):
        return Measured(float(subject.explanation.map.sum()), "The cells sum to that.")


class Unbounded(InLogitsCalledShare):
    """Divides by a sum in which both signs cancel."""

    bounds = (0, 1)

    def measure(self, subject):
        values = subject.explanation.map
        return Measured(float(values.max() / max(values.sum(), 1e-9)), "The largest cell has that share.")


class OneFrameForAnother(Measure):
    """Looks for the radiograph's box in the network's input."""

    name, title, unit, better, needs_box = "one_frame", "One frame", "share", "higher", True

    def measure(self, subject):
        values = np.maximum(subject.explanation.on_input(), 0)
        top, left, height, width = (int(each) for each in subject.box)
        inside = values[top : top + height, left : left + width].sum()
        return Measured(float(inside / max(values.sum(), 1e-9)), "That share of the map lies in the box.")


@pytest.mark.parametrize(
    ("mistake", "check", "words"),
    [
        (InLogitsCalledShare, "unit", "divided by what is as large"),
        (Unbounded, "extremes", "not within (0, 1)"),
        (OneFrameForAnother, "crop", "Compare in one frame"),
    ],
)
def test_a_measures_mistake_is_found_by_its_check(mistake, check, words):
    (result,) = check_measure(mistake, [check]).results
    assert result.outcome == "failed", result
    assert words in result.sentence
