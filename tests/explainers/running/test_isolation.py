"""Plugins in processes of their own: the same maps, and nothing that hangs or crashes takes the host along."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from explainers import Registry, compare
from explainers.running import children
from explainers.running.comparison import Failed, Finished, Progressed
from explainers.running.isolation import Isolation

PLUGIN = '''
import os, sys, time
from typing import Annotated
import numpy as np
from explainers import Explainer, Range, hookimpl


class Everything(Explainer):
    """Asks all that there is to ask.

    Options:
        times: how often
    """

    name, title, unit = "everything", "Everything", "logit"

    def explain(self, context, finding, *, times: Annotated[int, Range(1, 3)] = 1):
        print("not among the answers")
        layer = list(context.layers)[-1]
        activations = context.activations(layer)
        gradient = context.layer_gradient(layer, finding)
        place = context.labels.index(finding)
        total = times * (activations * gradient).sum(-1)
        context.progress(0.5, "half", total)
        forward = context.forward(np.stack([context.input, context.input * 0]))[:, place]
        inner = context.forward_from(layer, activations[None])[0, place]
        occluded = context.occluded(np.array([[0, 0, 8, 8]]), 0.0)[0, place]
        through = context.input_gradient(finding)
        context.note(forward=forward, inner=float(inner), occluded=float(occluded), drawn=float(context.rng.random()),
                     gradient=through, logit=float(context.logits[place]), process=os.getpid())
        return total


class Hangs(Everything):
    name = "hangs"

    def explain(self, context, finding):
        time.sleep(600)


class Crashes(Everything):
    name = "crashes"

    def explain(self, context, finding):
        os._exit(3)


class Leaves(Everything):
    name = "leaves"

    def explain(self, context, finding):
        sys.exit(4)


class ReturnsNothing(Everything):
    name = "returns_nothing"

    def explain(self, context, finding):
        context.input.sum()


class Raises(Everything):
    name = "raises"

    def explain(self, context, finding):
        raise KeyError("its own fault")


class AsksWrongly(Everything):
    name = "asks_wrongly"

    def explain(self, context, finding):
        return context.layer_gradient("no_such_layer", finding)


class Together(Explainer):
    """All findings at once."""

    name, title, unit = "together", "Together", "place"

    def explain(self, context, finding):
        return self.explain_findings(context, [finding])[0]

    def explain_findings(self, context, findings):
        return np.stack([np.full((2, 2), context.labels.index(each)) for each in findings])


@hookimpl
def cxr_lens_explainers():
    return [Everything, Hangs, Crashes, Raises, AsksWrongly, Together, Leaves, ReturnsNothing]
'''


@pytest.fixture
def file(tmp_path):
    (tmp_path / "stranger.py").write_text(PLUGIN)
    return str(tmp_path / "stranger.py")


@pytest.fixture
def run(predictor, phantom, file):
    def run(name, limit, **given):
        registry = Registry.standard([file], isolation=limit and Isolation(limit))
        assert registry.failures == ()
        return list(compare(predictor, phantom, "Effusion", [name], registry=registry, **given))

    return run


def test_the_map_the_notes_and_the_passes_are_those_of_a_run_at_home(run):
    options = {"everything": {"times": 2}}
    run("everything", None)  # what is remembered from pass to pass is there for both
    at_home, away = (run("everything", limit, options=options) for limit in (None, 60))
    assert isinstance(away[-1], Finished), away[-1]
    home, other = at_home[-1].explanation, away[-1].explanation
    np.testing.assert_allclose(other.map, home.map, rtol=1e-6)
    assert other.passes == home.passes
    assert other.options == home.options == {"times": 2}
    assert other.notes["process"] != home.notes["process"] == os.getpid()
    for name in ("inner", "occluded", "drawn", "logit"):
        assert other.notes[name] == pytest.approx(home.notes[name], abs=1e-6)
    for name in ("forward", "gradient"):
        np.testing.assert_allclose(other.notes[name], home.notes[name], atol=1e-6)
    assert [event.text for event in away if isinstance(event, Progressed)] == ["half"]


def test_what_hangs_is_ended_after_its_limit(run):
    begin = time.monotonic()
    failed = run("hangs", 0.2)[-1]
    assert isinstance(failed, Failed)
    assert "took longer than 0.2 s and was ended" in failed.reason
    assert time.monotonic() - begin < 60


def test_what_hangs_is_ended_at_once_when_the_run_is_cancelled(run):
    begin = time.monotonic()
    failed = run("hangs", 300, cancelled=lambda: time.monotonic() - begin > 0.3)[-1]
    assert failed.code == "CANCELLED"
    assert time.monotonic() - begin < 60


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("crashes", "ended without an answer, with exit status 3"),
        ("leaves", "It raised SystemExit: 4"),
        ("raises", "KeyError"),
        ("asks_wrongly", "no_such_layer"),
        ("returns_nothing", "explain returned nothing (None). Is a `return` missing?"),
    ],
)
def test_crashes_and_errors_have_their_reason(run, name, words):
    failed = run(name, 60)[-1]
    assert isinstance(failed, Failed)
    assert words in failed.reason


def test_a_process_that_ends_before_it_reads_its_task_is_named_as_such(run, tmp_path, monkeypatch):
    """The task is larger than a pipe holds, so that sending it fails; that must not hide why the process ended."""
    program = tmp_path / "ends"
    program.write_text("#!/bin/sh\nexit 7\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    failed = run("everything", 60)[-1]
    assert failed.reason == "Its process ended without an answer, with exit status 7."


@pytest.mark.skipif(os.name != "posix", reason="processes are found in /proc")
def test_a_process_that_is_becoming_another_program_is_found_once_it_is(tmp_path, monkeypatch):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "environ").write_bytes(b"")
    (tmp_path / "7" / "exe").symlink_to("/bin/true")
    ended = []
    monkeypatch.setattr(children, "PROCESSES", tmp_path)
    monkeypatch.setattr(children.os, "kill", lambda *given: ended.append(given))
    monkeypatch.setattr(children.time, "sleep", lambda _: (tmp_path / "7" / "environ").write_bytes(b"A=1\0RUN=x\0"))
    children.end_processes_with("RUN", "x")
    assert ended == [(7, signal.SIGKILL)]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted in /proc")
@pytest.mark.parametrize("name", [pytest.param("everything", marks=pytest.mark.slow), "crashes"])
def test_no_pipe_stays_open(run, name):
    run(name, 60)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        run(name, 60)
    assert len(os.listdir("/proc/self/fd")) == before


def test_all_findings_at_once_work_there_too(run, predictor):
    done = run("together", 60)[-1]
    assert (done.explanation.map == predictor.labels.index("Effusion")).all()


def test_built_ins_stay_at_home_and_options_are_the_plugins_own(file):
    registry = Registry.standard([file], isolation=Isolation(5))
    plain = Registry.standard([file])
    assert registry.explainers["grad_cam"] is plain.explainers["grad_cam"]
    here, there = registry.explainers["everything"], plain.explainers["everything"]
    assert here is not there
    assert [each.name for each in here.options()] == ["times"]
    assert here.options() == there.options()
    assert here.summary() == there.summary()
