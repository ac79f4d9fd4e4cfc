"""Measures run through the same stream as explainers: failures, cancelling, closing, time limits."""

import threading

import numpy as np
import pytest

from explainers import Explainer, Measure, Measured, Registry, compare, hookimpl, measure
from explainers.errors import OptionError
from explainers.running.isolation import Isolation
from explainers.running.measuring import MeasureDone, Measuring


class Ones(Explainer):
    """Ones."""

    name, title, unit = "ones", "Ones", "mark"

    def explain(self, context, finding):
        return np.ones((2, 2))


class Mean(Measure):
    """The mean of the map."""

    name, title = "mean", "Mean"

    def measure(self, subject):
        subject.progress(0.5, "half")
        return Measured(float(subject.explanation.map.mean()), "The mean of the map.")


class Leaves(Mean):
    name = "leaves"

    def measure(self, subject):
        raise SystemExit(3)


class ReturnsNothing(Mean):
    name = "returns_nothing"

    def measure(self, subject):
        super().measure(subject)


class ReturnsANumber(Mean):
    name = "returns_a_number"

    def measure(self, subject):
        return 1.0


class Endless(Mean):
    name = "endless"
    ended = threading.Event()

    def measure(self, subject):
        try:
            while True:
                subject.progress(0.1, "still")
        finally:
            self.ended.set()


class ExplainsForever(Endless):
    """Asks the explainer again and again, and says nothing meanwhile."""

    name = "explains_forever"

    def measure(self, subject):
        try:
            while True:
                subject.context.check_cancelled()
        finally:
            self.ended.set()


class Plugin:
    @hookimpl
    def cxr_lens_explainers(self):
        return [Ones]

    @hookimpl
    def cxr_lens_measures(self):
        return [Mean, Leaves, ReturnsNothing, ReturnsANumber, Endless, ExplainsForever]


def registry_of(**settings):
    made = Registry(**settings)
    made.register(Plugin())
    assert made.failures == ()
    return made


@pytest.fixture(scope="module")
def registry():
    return registry_of()


@pytest.fixture(scope="module")
def explanation(tiny, phantom, registry):
    return list(compare(tiny, phantom, "Effusion", ["ones"], registry=registry))[-1].explanation


@pytest.fixture
def run(tiny, phantom, registry, explanation):
    """measure() on the tiny network: its iterator."""
    return lambda *names, registry=registry, **more: measure(
        tiny, phantom, [explanation], names, registry=registry, **more
    )


def test_events_come_in_the_order_in_which_things_happen(run):
    begun, half, done = run("mean")
    assert (begun, half) == (Measuring("ones", "mean"), Measuring("ones", "mean", 0.5, "half"))
    assert (done.explainer, done.measure, done.measured.value) == ("ones", "mean", 1.0)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("leaves", "It raised SystemExit: 3"),
        ("returns_nothing", "measure returned nothing (None). Is a `return` missing?"),
        ("returns_a_number", "measure returned float. Return Measured(value, sentence)."),
    ],
)
def test_whatever_a_measure_does_is_its_own_failure(run, name, reason):
    failed, done = [event for event in run(name, "mean") if isinstance(event, MeasureDone)]
    assert (failed.code, failed.reason) == ("EXPLAINER", reason)
    assert done.measured.value == 1.0


@pytest.mark.parametrize("measure", [Endless, ExplainsForever])
def test_a_cancelled_measure_ends_and_the_rest_is_not_begun(run, measure):
    measure.ended.clear()
    asked = iter([False] * 5)
    events = list(run(measure.name, "mean", cancelled=lambda: next(asked, True)))
    assert measure.ended.is_set()
    ends = [(event.measure, event.code) for event in events if isinstance(event, MeasureDone)]
    assert ends == [(measure.name, "CANCELLED"), ("mean", "CANCELLED")]


@pytest.mark.parametrize("leave", [lambda events: events.close(), lambda events: None], ids=["closed", "dropped"])
def test_a_measure_does_not_outlive_its_caller(run, leave):
    Endless.ended.clear()
    events = run("endless")
    next(events), next(events)
    leave(events)
    del events
    assert Endless.ended.wait(60)


def test_a_plugins_measure_has_the_registrys_time_limit(run):
    Endless.ended.clear()
    *_, failed = (
        event
        for event in run("endless", registry=registry_of(isolation=Isolation(0.05)))
        if isinstance(event, MeasureDone)
    )
    assert failed.reason == "It took longer than 0.05 seconds and was given up."
    assert Endless.ended.wait(60)


def test_an_explanation_of_an_explainer_that_is_gone_is_refused(tiny, phantom, explanation):
    with pytest.raises(OptionError, match="no explainer 'ones'"):
        measure(tiny, phantom, [explanation], [], registry=Registry())
