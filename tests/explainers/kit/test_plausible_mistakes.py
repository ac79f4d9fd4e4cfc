"""Mistakes that look right: each is found, by the check that is meant for it, in words that name it."""

from collections.abc import Mapping
from typing import Annotated, Literal

import cv2
import numpy as np
import pytest

from explainers import Explainer, Layer, Range, check_explainer
from explainers.builtin.grad_cam import GradCam
from explainers.builtin.occlusion import Occlusion, _Windows
from explainers.builtin.smoothgrad import SmoothGrad
from explainers.noisy_gradients import noisy_gradient


class FindingsByPosition(GradCam):
    """Maps in the network's order, whatever was asked for."""

    def explain_findings(self, context, findings, *, layer: str = "relu"):
        return super().explain_findings(context, [each for each in context.labels if each in findings], layer=layer)


class OverlapsSummed(Occlusion):
    """Falls of overlapping windows are added, not averaged."""

    def explain_findings(self, context, findings, **options):
        windows = _Windows.over(context.input.shape[:2], options["patch"], options["stride"])
        counts = np.outer(windows.rows.sum(axis=1), windows.columns.sum(axis=1))
        return super().explain_findings(context, findings, **options) * counts


class LastWindowMissing(Occlusion):
    """The last rows and columns are covered by no window."""

    def explain_findings(self, context, findings, **options):
        maps = super().explain_findings(context, findings, **{**options, "patch": 16, "stride": 8}).copy()
        maps[:, -1:], maps[:, :, -1:] = 0, 0
        return maps


class GradientCalledLogit(Explainer):
    """A gradient that was never multiplied by a difference of inputs."""

    name, title, unit = "gradient_called_logit", "Gradient", "logit"

    def explain(self, context, finding):
        return context.input_gradient(finding).sum(-1)


class ProductCalledGradient(GradientCalledLogit):
    """Input times gradient under the unit of a gradient."""

    unit = "logit per input unit"

    def explain(self, context, finding):
        return (context.input * context.input_gradient(finding)).sum(-1)


class HashSeed(Explainer):
    """Random numbers from a hash that differs from process to process."""

    name, title, unit, stochastic = "hash_seed", "Hash seed", "logit per input unit", True

    def explain(self, context, finding):
        rng = np.random.default_rng([context.seed, abs(hash(finding))])
        noise = rng.normal(scale=0.5, size=(4, *context.input.shape[:2], 1))
        return context.input_gradient(finding, (context.input + noise).astype(np.float32)).sum((0, -1)) / 4


class OptionClipped(SmoothGrad):
    """Offers more copies than it uses."""

    def explain(self, context, finding, *, samples: Annotated[int, Range(8, 64)] = 8):
        return noisy_gradient(context, finding, samples=min(samples, 16), noise=0.15)

    @classmethod
    def is_signed(cls, options: Mapping) -> bool:
        return True


class ChangesWeights(Explainer):
    """Sets the output layer's bias to zero and leaves it so."""

    name, title, unit = "changes_weights", "Changes weights", "logit"

    def explain(self, context, finding):
        output = context._predictor._model.layers[-1]
        kernel, bias = output.get_weights()
        output.set_weights([kernel, 0 * bias])
        return (context.input * context.input_gradient(finding)).sum(-1)


@pytest.mark.parametrize(
    ("mistake", "check", "words"),
    [
        (FindingsByPosition, "batch", "in the order of the findings that were asked for"),
        (OverlapsSummed, "frame", "divide sums over overlapping windows"),
        (LastWindowMissing, "frame", "up to its last row and column"),
        (GradientCalledLogit, "unit", "A gradient is a logit per input unit"),
        (ProductCalledGradient, "unit", "does not halve"),
        (HashSeed, "provenance", "hash()"),
        (OptionClipped, "options", "the same map at 36 and at 64"),
        (ChangesWeights, "purity", "changes the network's weights"),
    ],
)
def test_a_mistake_is_found_and_named(mistake, check, words):
    (result,) = check_explainer(mistake, [check]).results
    assert result.outcome == "failed", result
    assert words in result.sentence


def test_an_explainer_that_changes_weights_is_found_whatever_ran_before_and_harms_no_other():
    """The first check changes the network; the fault is still found, and the next explainer gets a network as built."""
    report = check_explainer(ChangesWeights, ["shape", "purity"])
    assert [result.outcome for result in report.results] == ["failed", "failed"]
    assert check_explainer(GradCam, ["unit", "determinism"]).passed


def test_a_limit_that_is_declared_is_no_mistake():
    class Declared(OptionClipped):
        @classmethod
        def options_in_effect(cls, options, input_size):
            return {**options, "samples": min(options["samples"], 16)}

    assert check_explainer(Declared, ["options"]).passed


class CornersAligned(GradCam):
    """Enlarged with its corners aligned, so that maps lie up to half a cell off."""

    def explain(self, context, finding, *, layer: Annotated[str, Layer()] = "relu"):
        values, (height, width) = super().explain(context, finding, layer=layer), context.input.shape[:2]
        across, down = np.meshgrid(
            np.linspace(0, values.shape[1] - 1, width), np.linspace(0, values.shape[0] - 1, height)
        )
        return cv2.remap(values, across.astype(np.float32), down.astype(np.float32), cv2.INTER_LINEAR)

    explain_findings = Explainer.explain_findings


def test_a_map_with_its_corners_aligned_is_found_and_named():
    (result,) = check_explainer(CornersAligned, ["frame"]).results
    assert "corners aligned" in result.sentence


def test_a_report_that_all_is_done_at_the_first_step_is_found():
    class Early(SmoothGrad):
        """Multiplies where it should divide."""

        def explain(self, context, finding, *, samples: Annotated[int, Range(8, 64)] = 24):
            context.progress(1.0)
            return noisy_gradient(context, finding, samples=samples, noise=0.15)

        @classmethod
        def is_signed(cls, options: Mapping) -> bool:
            return True

    (result,) = check_explainer(Early, ["progress"]).results
    assert "says that all is done after" in result.sentence or "backwards" in result.sentence


def test_two_choices_with_one_map_are_found_and_named():
    class OneForAnother(GradCam):
        """Takes "both" for "rows"."""

        explain_findings = Explainer.explain_findings

        def explain(self, context, finding, *, kept: Literal["all", "rows", "both"] = "all"):
            values = super().explain(context, finding, layer="relu")
            return values if kept == "all" else values * (np.arange(len(values)) % 2)[:, None]

    (result,) = check_explainer(OneForAnother, ["options"]).results
    assert "the same map at rows and at both" in result.sentence


def test_a_promise_that_holds_only_where_brightness_does_not_count_is_found():
    class FromGrey(Explainer):
        """The logit less that of a grey input, though its map is the difference to a bright one."""

        name, title, unit = "from_grey", "From grey", "logit"

        def explain(self, context, finding):
            place, shape = context.labels.index(finding), context.input.shape
            grey, bright = context.forward(np.stack([np.full(shape, level, np.float32) for level in (0, 3)]))[:, place]
            context.promise_sum(finding, float(context.logits[place] - grey))
            return np.full(shape[:2], (context.logits[place] - bright) / np.prod(shape[:2]))

    (result,) = check_explainer(FromGrey, ["sums"]).results
    assert "The cells sum to" in result.sentence


def test_changed_weights_fail_every_check_that_runs_the_explainer():
    report = check_explainer(ChangesWeights, ["shape", "dtype", "progress"])
    assert {result.outcome for result in report.results} == {"failed"}
    assert all("changes the network's weights" in result.sentence for result in report.results)


def test_a_constant_added_to_other_findings_must_change_nothing():
    class Softmax(GradCam):
        """Weighs by the share of the finding among all."""

        explain_findings = Explainer.explain_findings

        def explain(self, context, finding, *, layer: Annotated[str, Layer()] = "relu"):
            share = np.exp(context.logits - context.logits.max())
            share = share[context.labels.index(finding)] / share.sum()
            return super().explain(context, finding, layer=layer) * float(share)

    (result,) = check_explainer(Softmax, ["unit"]).results
    assert "logits of the other findings" in result.sentence
