"""Tests of the maps on the screen: stored results, their order, and that nobody's maps wait behind them."""

import json
from types import ModuleType

import numpy as np
import pytest

from explainers import Measure, Measured, hookimpl, measure
from explainers.page import worked_case
from explainers.page.panel import Event
from explainers.page.panels.comparison import Comparison
from explainers.page.panels.comparison.request import CompareRequest
from explainers.page.panels.comparison.run import run_comparison
from explainers.page.panels.measures import Measures
from explainers.page.panels.measures.request import MeasureRequest
from explainers.page.panels.measures.run import run_measures
from explainers.page.panels.radiograph import RadiographPanel
from explainers.page.sample_measurements import SampleMeasurements
from explainers.page.samples import Samples
from explainers.page.sessions import Session
from explainers.registry import Registry
from explainers.running.measuring import MeasureDone


class Spread(Measure):
    """Standard deviation of the map's values."""

    name, title = "spread", "Spread"

    def measure(self, subject):
        return Measured(float(subject.explanation.map.std()), "It was measured.")


CASE = worked_case.load()


def quick_measures() -> list[str]:
    return [each.name for each in Registry.standard().measures.values() if each.quick and not each.needs_box]


def arrived(state):
    """The session of a visitor who sees the worked case, and was sent its maps."""
    list(RadiographPanel(state).arrive(Event({}, "visitor")))
    session = state.sessions.of("visitor")
    names = [each.explainer for each in CASE.explanations]
    request = CompareRequest.from_event({"run": 1, "finding": CASE.finding, "explainers": names})
    list(run_comparison(state, session, request))
    return session


def test_an_arriving_visitor_sees_the_stored_results_and_no_network_is_asked(loading_state):
    session = arrived(loading_state)
    request = MeasureRequest.from_event({"run": 1, "measures": quick_measures()})
    *_, last = run_measures(loading_state, session, request)
    assert last["done"]
    assert {panel: set(tests) for panel, tests in last["panels"].items()} == {
        each.explainer: set(quick_measures()) for each in CASE.explanations
    }
    stored = {(each.explainer, each.measure): each for each in CASE.tests}
    for panel, tests in last["panels"].items():
        for name, outcome in tests.items():
            end = stored[panel, name]
            assert outcome["state"] == ("done" if end.measured else "silent")
            if end.measured:
                assert (outcome["value"], outcome["sentence"]) == (end.measured.value, end.measured.sentence)
    marks = last["panels"]["occlusion"]["verified"]["claims"]
    assert session.map_at(marks["map"]).shape == (marks["rows"], marks["columns"])


def test_the_report_of_the_worked_case_has_the_stored_results(loading_state):
    session = arrived(loading_state)
    list(run_measures(loading_state, session, MeasureRequest.from_event({"run": 1, "measures": quick_measures()})))
    assert all(len(tests) == len(quick_measures()) for tests in session.tested.values())
    assert len(session.tested) == len(CASE.explanations)


def test_another_map_of_the_same_explainer_has_no_stored_result():
    (grad_cam,) = [each for each in CASE.explanations if each.explainer == "grad_cam"]
    (again,) = [each for each in worked_case.load().explanations if each.explainer == "grad_cam"]
    assert CASE.found(grad_cam, "verified")
    assert CASE.found(again, "verified") is None


def test_each_map_of_the_worked_case_has_a_stored_result_of_each_quick_measure():
    stored = {(each.explainer, each.measure) for each in CASE.tests}
    assert stored == {(each.explainer, name) for each in CASE.explanations for name in quick_measures()}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name == "verified" else ())
        for name in quick_measures()
        if name != "relevance_gain"  # it costs 500 passes
    ],
)
def test_the_stored_results_are_what_the_measures_find(predictor, name):
    """Whoever changes the packaged weights or a quick measure runs `python -m explainers.page worked-case`."""
    stored = {(each.explainer, each.measure): each for each in CASE.tests}
    cheap = [each for each in CASE.explanations if each.explainer != "occlusion"]  # tests of occlusion cost hundreds
    ends = [event for event in measure(predictor, CASE.radiograph, cheap, [name]) if isinstance(event, MeasureDone)]
    assert len(ends) == len(cheap)
    for fresh in ends:
        kept = stored[fresh.explainer, fresh.measure]
        assert (kept.code, kept.reason) == (fresh.code, fresh.reason)
        if fresh.measured:
            # maps are stored in 16 bits, so that a cell of nearly no claim may change its verdict
            assert kept.measured.value == pytest.approx(fresh.measured.value, abs=0.02)
            assert kept.measured.verdict == fresh.measured.verdict
            assert json.loads(json.dumps(dict(fresh.measured.figures))).keys() == kept.measured.figures.keys()
            for name, values in fresh.measured.arrays.items():
                assert np.mean(np.isclose(kept.measured.arrays[name], values, atol=0.02, equal_nan=True)) >= 0.95


def test_the_cheapest_measure_of_all_maps_comes_first(loading_state, monkeypatch):
    def counting(name, passes):
        def found(self, subject):
            return Measured(1.0, "It was measured.")

        return type(name, (Measure,), {"name": name, "title": name, "most_passes": passes, "measure": found})

    kinds = {name: counting(name, passes) for name, passes in (("dear", 500), ("cheap", 1), ("middle", 40))}
    loading_state.registry.find_measures = lambda names: [kinds[name] for name in names]
    session, asked = arrived(loading_state), []
    monkeypatch.setattr(
        "explainers.page.panels.measures.run._events",
        lambda state, session, explanation, kind, run: asked.append((kind.name, explanation.explainer)) or (),
    )
    list(run_measures(loading_state, session, MeasureRequest.from_event({"run": 1, "measures": list(kinds)})))
    explainers = [each.explainer for each in CASE.explanations]
    assert asked == [(name, each) for name in ("cheap", "middle", "dear") for each in explainers]


def test_visitors_of_one_sample_share_what_its_measures_have_in_common_and_uploads_share_nothing():
    registry, known = Registry.standard(), SampleMeasurements()
    sample = Samples().items()[0][1]
    sessions = [Session(CASE.radiograph, name=sample.title, sample=sample) for _ in range(2)]
    known.of(sessions[0], registry)["curve"] = 1
    assert known.of(sessions[1], registry) == {"curve": 1}
    uploads = [Session(CASE.radiograph, name="radiograph") for _ in range(2)]
    known.of(uploads[0], registry)["curve"] = 2
    assert known.of(uploads[1], registry) == {}
    assert known.of(uploads[0], registry) is uploads[0].measured


def test_a_reloaded_measure_finds_nothing_of_the_one_before():
    sample = Samples().items()[0][1]
    session, known = Session(CASE.radiograph, name=sample.title, sample=sample), SampleMeasurements()
    registries = [Registry.standard(), Registry.standard()]
    plugin = ModuleType("another")
    plugin.cxr_lens_measures = hookimpl(lambda: [Spread])
    registries[1].register(plugin)
    assert "spread" in registries[1].measures
    known.of(session, registries[0])["curve"] = 1
    assert known.of(session, registries[1]) == {}


def test_comparisons_and_scores_never_wait_in_the_queue_of_tests(loading_state):
    def queues(panel):
        return {each.queue.get("concurrency_id") for each in panel(loading_state).handlers if each.answers}

    assert not queues(Measures) & (queues(Comparison) | queues(RadiographPanel))
