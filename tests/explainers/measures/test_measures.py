"""Built-in measures but for removal and boxes, and what every measure declares."""

import numpy as np
import pytest

from explainers import Explainer, Measure, Measured, Registry
from explainers.contract.measure import check_measure_class
from tests.explainers.measures.planted_maps import explanations

BUILTIN = [
    "completeness", "finding_sensitivity", "head_stability", "localisation", "relevance_gain", "stability",
    "verified", "verified_grid", "weight_sensitivity",
]  # fmt: skip


def test_an_edge_detector_and_an_explainer_that_ignores_the_network_are_called_insensitive(measured):
    class IgnoresNetwork(Explainer):
        name, title, unit = "ignores_network", "t", "grey"

        def explain(self, context, finding):
            return np.abs(context.input).sum(-1)

    for explainer in ("edges", IgnoresNetwork, "random_map"):
        found = measured("weight_sensitivity", explainer).measured
        assert (found.value, found.verdict) == (1.0, "insensitive")


def test_of_an_explainer_that_hangs_on_the_network_insensitivity_is_not_shown(measured):
    found = measured("weight_sensitivity", "saliency").measured
    assert found.verdict == "insensitivity not shown"
    assert found.value < 0.5
    assert found.figures["null_95"] < 1
    assert len(found.figures["networks"]) == 3


@pytest.mark.slow  # by default, tests/cxr/engine/test_inner_layers.py measures the norms of a random network
def test_a_real_network_drawn_anew_answers_otherwise_and_is_alive(predictor, phantom):
    stranger = predictor.randomised(0)
    prepared = predictor.prepare(phantom).array[None]
    logits = stranger.forward(prepared)
    assert np.abs(logits - predictor.forward(prepared)).max() > 0.05
    assert np.isfinite(logits).all()
    assert stranger.labels == predictor.labels
    # activations neither vanish nor explode: norms fit their inputs
    values = stranger.activations(prepared, "relu")
    assert 0.1 < values.std() < 10
    assert predictor.randomised(0) is stranger


def test_an_explainer_that_shows_the_same_whatever_is_asked_is_called_so(measured):
    for name in ("edges", "eigen_cam"):
        found = measured("finding_sensitivity", name).measured
        assert found.verdict == "not specific"
        assert found.value == 1.0
    assert measured("finding_sensitivity", "saliency").measured.verdict != "not specific"


def test_evidence_for_one_and_against_another_finding_is_told_apart(measured):
    # Effusion's logit falls as Mass's rises: the maps are each other's negative
    figures = measured("finding_sensitivity", "saliency").measured.figures["others"]
    assert figures["Effusion"] == pytest.approx(-1, abs=1e-3)


def test_a_stable_map_is_called_stable_and_noise_is_not(measured):
    class Hash(Explainer):
        name, title, unit = "hash", "t", "mark"

        def explain(self, context, finding):
            seed = abs(hash(context.input.tobytes()))
            return np.random.default_rng(seed).normal(size=(14, 14))

    assert measured("stability", "centred_gaussian").measured.value > 0.95
    assert measured("stability", "grad_cam", options={"layer": "relu"}).measured.value > 0.5
    assert abs(measured("stability", Hash).measured.value) < 0.4


def test_the_exact_map_adds_up_and_others_promise_nothing(measured):
    exact = measured("completeness", "grad_cam", options={"layer": "relu"}).measured
    assert exact.value == pytest.approx(0, abs=1e-5)
    nothing = measured("completeness", "saliency")
    assert nothing.measured is None
    assert nothing.code == "NOT_MEASURABLE"
    assert "guarantees no sum" in nothing.reason


def test_heads_that_disagree_unsettle_a_cell(predictor, phantom):
    from explainers import compare, measure

    registry = Registry.standard()
    *_, done = compare(
        predictor, phantom, "Effusion", ["grad_cam"], options={"grad_cam": {"layer": "relu"}}, registry=registry
    )
    explanation = done.explanation
    *_, found = measure(predictor, phantom, [explanation], ["head_stability"], registry=registry)
    unsettled = found.measured.arrays["unsettled"]
    activations = predictor.activations(predictor.prepare(phantom).array[None], "relu")[0]
    kernels = predictor.heads.kernels[:, :, predictor.column("Effusion")]
    for place in [(0, 0), (3, 3), (6, 2)]:
        signs = np.sign([activations[place] @ kernel for kernel in kernels])
        assert unsettled[place] == (abs(signs.sum()) < 0.9 * len(signs))
    total = np.abs(explanation.map)
    assert found.measured.value == pytest.approx(total[~unsettled].sum() / total.sum(), rel=1e-5)


def test_measures_come_through_the_hook_and_declare_their_bounds():
    registry = Registry.standard()
    assert list(registry.measures) == BUILTIN
    assert all(each.summary() and each.title for each in registry.measures.values())


@pytest.mark.parametrize("name", BUILTIN)
def test_values_stay_within_the_declared_bounds(measured, disc_picture, name):
    least, most = Registry.standard().measures[name].bounds
    for explainer in ("grad_cam", "edges", "random_map"):
        done = measured(name, explainer, box=disc_picture[1])
        if done.measured is not None:
            assert least is None or done.measured.value >= least
            assert most is None or done.measured.value <= most + 1e-9
            assert done.measured.sentence.endswith(".")


@pytest.mark.parametrize("name", [name for name in BUILTIN if name != "localisation"])
def test_a_result_has_a_verdict_and_says_what_to_compare_its_figure_with(measured, name):
    for explainer in ("grad_cam", "random_map"):
        found = measured(name, explainer).measured
        assert found is None or (found.verdict and found.compared_with)


def test_a_measure_that_fails_is_reported_and_the_others_go_on(planted, disc_picture):
    from explainers import hookimpl, measure
    from explainers.running.measuring import MeasureDone

    class Raises(Measure):
        name, title = "raises", "Raises"

        def measure(self, subject):
            raise KeyError("nothing")

    class Counts(Measure):
        name, title = "counts", "Counts"

        def measure(self, subject):
            return Measured(float(subject.explanation.map.size), "So many cells.")

    class Plugin:
        @hookimpl
        def cxr_lens_measures(self):
            return [Raises, Counts, int]

    registry = Registry.standard()
    registry.register(Plugin(), name="mine")
    assert [failure.reason for failure in registry.failures] == ["The hook returned type, not a subclass of Measure."]
    (explanation,) = explanations(planted, disc_picture[0], "grad_cam")
    events = measure(planted, disc_picture[0], [explanation], ["raises", "counts"], registry=registry)
    done = [event for event in events if isinstance(event, MeasureDone)]
    assert [event.code for event in done] == ["EXPLAINER", ""]
    assert done[1].measured.value == 96


def test_what_keeps_no_contract_is_left_out():
    from explainers.errors import PluginError

    class NoName(Measure):
        title = "t"

        def measure(self, subject):
            return None

    class NoMeasure(Measure):
        name, title = "no_measure", "t"

    for wrong in (NoName, NoMeasure, 3):
        with pytest.raises(PluginError):
            check_measure_class(wrong)
