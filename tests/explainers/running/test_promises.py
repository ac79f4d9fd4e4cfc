"""What the host says of a map whose plugin does not keep what it promises."""

import numpy as np
import pytest

from explainers import Explainer, Registry, compare, hookimpl
from explainers.running.comparison import Finished
from explainers.running.promises import broken_sum


class Right(Explainer):
    """Gradient times input, for several findings at once."""

    name, title, unit = "right", "Right", "logit"
    runs = 0

    def explain(self, context, finding):
        type(self).runs += 1
        return (context.input * context.input_gradient(finding)).sum(-1)

    def explain_findings(self, context, findings):
        return np.stack([Right.explain(self, context, finding) for finding in findings])


class ByPosition(Right):
    """Maps in the network's order, whatever was asked for."""

    name = "by_position"

    def explain_findings(self, context, findings):
        return super().explain_findings(context, context.labels)


class Promises(Explainer):
    """Promises twice what its cells sum to."""

    name, title, unit = "promises", "Promises", "logit"

    def explain(self, context, finding):
        values = (context.input * context.input_gradient(finding)).sum(-1)
        context.promise_sum(finding, 2 * float(values.sum()))
        return values


class Fails(Right):
    """Can't explain one finding alone."""

    name = "fails"

    def explain(self, context, finding):
        raise KeyError(finding)


class Plugin:
    @hookimpl
    def cxr_lens_explainers(self):
        return [Right, ByPosition, Promises, Fails]


@pytest.fixture
def warnings():
    """warnings(explainer, finding) -> what its explanation is accompanied by, on the planted network."""
    from cxr.planted_network import Disc, picture, planted

    registry, on = Registry.standard(), planted()
    registry.register(Plugin(), name="plugin")

    def run(name, finding="Mass"):
        *_, done = compare(on, picture(Disc(22.0, 66.0)), finding, [name], registry=registry)
        assert isinstance(done, Finished), done
        return done.explanation.record()["notes"].get("warnings", [])

    return run


def test_a_right_plugin_and_the_built_in_explainers_are_shown_without_a_warning(warnings):
    for name in ("right", "grad_cam", "occlusion", "integrated_gradients"):
        assert warnings(name) == []


def test_maps_of_other_findings_than_asked_for_are_said_to_be_wrong(warnings):
    (sentence,) = warnings("by_position", "Nodule")
    assert "explain and explain_findings" in sentence


def test_a_sum_that_is_not_kept_is_said(warnings):
    (sentence,) = warnings("promises")
    assert "the method promises" in sentence


def test_a_plugin_whose_explain_fails_alone_is_named_and_its_map_is_shown(warnings):
    (sentence,) = warnings("fails")
    assert "KeyError" in sentence


def test_a_class_is_examined_once(warnings):
    warnings("right")
    before = Right.runs
    warnings("right")
    # three findings are explained together, and nothing more
    assert Right.runs == before + 3


@pytest.mark.parametrize(
    ("total", "promised", "kept"),
    [(1.0, 1.0, True), (0.8, 1.0, True), (0.7, 1.0, False), (-1.0, 1.0, False), (0.04, 0.0, True), (0.06, 0.0, False)],
)
def test_a_sum_may_miss_a_quarter_of_what_is_promised(total, promised, kept):
    assert (broken_sum(np.array([[total]]), promised) == "") == kept


def test_without_a_promise_nothing_is_held():
    assert broken_sum(np.ones((3, 3)), None) == ""
