"""Whatever a plugin does, its call gets an answer, and nobody else's service changes: isolated or not."""

import json
import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from explainers import Registry, compare
from explainers.running.comparison import Failed, Finished
from explainers.running.isolation import Isolation
from explainers.running.printed import MOST_CHARACTERS, limit_streams
from explainers.running.stream import MOST_GIVEN_UP

PLUGIN = Path(__file__).with_name("misdeeds.py")

LIMIT_S = 0.3
"""For those that never end by themselves."""

PRINTING_S = 1.0
"""Time enough to print more than is shown."""

AMPLE_S = 120.0

RAISES = {
    "system_exit": ("EXPLAINER", "It raised SystemExit"),
    "keyboard_interrupt": ("EXPLAINER", "It raised KeyboardInterrupt"),
    "generator_exit": ("EXPLAINER", "It raised GeneratorExit"),
    "other": ("EXPLAINER", "It raised Other: of its own"),
    "unprintable": ("EXPLAINER", "Unprintable: its message can't be printed"),
}
NOTES = {
    "note_object": ("EXPLAINER", "The note 'thing' is neither"),
    "note_nan": ("EXPLAINER", "The note 'thing' is neither"),
    "note_nested_nan": ("EXPLAINER", "The note 'thing' is neither"),
    "note_itself": ("EXPLAINER", "The note 'thing' is neither"),
    "note_surrogate": ("EXPLAINER", "The note 'thing' is neither"),
    "note_huge": ("EXPLAINER", "The note 'thing' is neither"),
    "note_array_of_objects": ("EXPLAINER", "is an array of type object"),
}
ENDLESS = dict.fromkeys(("loops", "sleeps", "prints_for_ever"), ("TOO_SLOW", f"took longer than {LIMIT_S} s"))
HARMLESS = ("changes_environment", "writes_into_arrays", "leaves_children", "forks_into_ours", "note_float32")

linux = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="processes are found in /proc")


@pytest.fixture(params=["isolated", "in this process"])
def isolated(request):
    return request.param == "isolated"


@pytest.fixture
def run(predictor, phantom, isolated, capsys, monkeypatch):
    """The last event of an explainer of the plugin, with the streams of a server, which cut what plugins print."""
    registries = {}
    limited = []

    def run(name, limit_s=AMPLE_S):
        if not limited:  # not earlier: pytest sets the streams again between a fixture and its test
            limited.extend(monkeypatch.setattr(sys, each, getattr(sys, each)) for each in ("stdout", "stderr"))
            limit_streams()
        if limit_s not in registries:
            isolation = Isolation(limit_s, memory_mb=1024) if isolated else None
            registries[limit_s] = Registry.standard([str(PLUGIN)], isolation=isolation)
            assert registries[limit_s].failures == ()
        limits = {} if isolated else {"limit_s": limit_s}
        end = list(compare(predictor, phantom, "Effusion", [name], registry=registries[limit_s], **limits))[-1]
        if name == "prints_for_ever":
            end_all()  # before pytest closes the streams that it writes to
        return end

    yield run
    end_all()


def end_all():
    """Let the plugin's endless runs in this process end."""
    for name, module in list(sys.modules.items()):
        if name.startswith("cxr_lens_plugin_misdeeds"):
            module.ENDED.set()
            del sys.modules[name]
    for thread in threading.enumerate():
        if thread.name == "prints_for_ever":
            thread.join()


@pytest.fixture
def others(predictor, phantom, run):
    """What others get: their scores, the environment, and another explainer's map, as a function."""

    def found(explained=True):
        done = run("good") if explained else None
        assert not explained or isinstance(done, Finished), done
        logits = predictor.forward(predictor.prepare(phantom).array[None])
        cached = predictor.forward_with(predictor.prepare(phantom).array[None], predictor.target_layer)
        environment = np.array([f"{name}={value}" for name, value in sorted(os.environ.items())])
        same = {"logits": logits, "cached": cached[0], "activations": cached[1], "environment": environment}
        return same | ({"map": done.explanation.map} if explained else {})

    return found


@pytest.mark.parametrize(
    ("isolated", "failing"),
    [
        pytest.param(True, RAISES, id="raises, isolated"),
        pytest.param(False, RAISES, id="raises"),
        pytest.param(True, NOTES, marks=pytest.mark.slow, id="notes, isolated"),
        pytest.param(False, NOTES, id="notes"),
        pytest.param(True, ENDLESS, id="endless, isolated"),
        pytest.param(False, ENDLESS, id="endless"),
    ],
)
@linux
def test_a_plugin_that_fails_has_its_reason_and_changes_nobodys_service(run, others, failing):
    before, wrong = others(), {}
    for misdeed, (code, words) in failing.items():
        end = run(misdeed, LIMIT_S if failing is ENDLESS else AMPLE_S)
        if not (isinstance(end, Failed) and end.code == code and words in end.reason):
            wrong[misdeed] = end
    assert not wrong
    assert differences(before, others()) == []


@linux
def test_a_harmless_misdeed_gives_a_map_and_changes_nobodys_service(run, others):
    before, wrong = others(), {}
    for misdeed in HARMLESS:
        end = run(misdeed)
        if not isinstance(end, Finished):
            wrong[misdeed] = end
            continue
        json.dumps(end.explanation.record(), allow_nan=False)
        if changed := differences(before, others(explained=False)):
            wrong[misdeed] = changed
    assert not wrong
    assert differences(before, others()) == []
    assert not running_with("MARKER-CHILD")


def differences(before: dict, after: dict) -> list[str]:
    """Names of what is not the same as before."""
    return [name for name, value in after.items() if not np.array_equal(before[name], value)]


def test_numbers_of_numpy_in_a_note_are_pythons(run):
    notes = run("note_float32").explanation.notes
    assert json.dumps(notes["thing"]) == '{"a": [0.5], "b": 3}'


@pytest.mark.parametrize("isolated", [True])
@pytest.mark.parametrize(("misdeed", "words"), [("eats_memory", "MemoryError"), ("exits", "with exit status 3")])
@linux
def test_memory_and_an_end_of_the_process_are_held_by_isolation(run, others, misdeed, words):
    before = others()
    end = run(misdeed)
    assert (end.code, words in end.reason) == ("EXPLAINER", True), end
    np.testing.assert_array_equal(others()["map"], before["map"])


def test_what_is_printed_is_cut(run, capsys):
    assert run("prints_for_ever", PRINTING_S).code == "TOO_SLOW"
    printed = "".join(capsys.readouterr())
    assert "MARKER-PRINTED" in printed
    assert printed.count("which was left out") == 1
    assert len(printed) < 2 * MOST_CHARACTERS


def test_a_name_whose_runs_do_not_end_is_no_longer_run(run, isolated):
    """Each run in this process that is given up leaves a thread behind; there must not be any number of them."""
    reasons = [run("sleeps", 0.05).reason for _ in range(MOST_GIVEN_UP + 1)]
    assert ("have not ended" in reasons[-1]) == (not isolated)
    assert "took longer" in reasons[0]


def running_with(word: str) -> list[str]:
    """Command lines of processes with a word in them."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = place.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if word in line:
            found.append(line)
    return found
