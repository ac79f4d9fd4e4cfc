"""Several explainers on one radiograph: events in order, each explainer by itself."""

import logging
from pathlib import Path

import numpy as np
import pytest

from cxr import read_radiograph
from cxr.errors import FindingError
from explainers import Registry, compare
from explainers.errors import OptionError
from explainers.running.comparison import Failed, Finished, Progressed, Started
from explainers.running.map_cache import CachedMaps, MapCache
from tests.explainers.running.comparison_plugins import Endless, Plugin, Together

PLUGINS = Path(__file__).parents[2] / "plugins"


@pytest.fixture(scope="module")
def registry():
    made = Registry.standard()
    made.register(Plugin())
    assert made.failures == ()
    return made


@pytest.fixture(scope="module")
def radiograph():
    return read_radiograph(np.random.default_rng(3).random((64, 64)))


@pytest.fixture
def run(tiny, radiograph, registry):
    """compare() on the tiny network: a list of its events."""
    return lambda *names, finding="Effusion", **more: list(
        compare(tiny, radiograph, finding, names, registry=registry, **more)
    )


def kinds(events) -> list[str]:
    return [f"{type(event).__name__} {event.explainer}" for event in events]


def test_events_come_in_the_order_in_which_things_happen(run):
    assert kinds(run("ones", "noise")) == [
        "Started ones", "Progressed ones", "Finished ones", "Started noise", "Finished noise",
    ]  # fmt: skip


def test_an_explanation_carries_all_that_is_needed_to_get_it_again(run, tiny, radiograph):
    explanation = run("ones", options={"ones": {"rows": 3}}, seed=5)[-1].explanation
    assert explanation.map.tolist() == [[1, 1]] * 3
    assert (explanation.finding, explanation.explainer, explanation.title) == ("Effusion", "ones", "Ones")
    assert (explanation.unit, explanation.signed, explanation.control, explanation.seed) == ("mark", False, False, 5)
    assert explanation.options == {"rows": 3}
    assert explanation.passes == {"forward": 1, "backward": 0}
    assert explanation.notes == {"rows": 3}
    assert explanation.model == tiny.identity
    assert explanation.input_digest == tiny.prepare(radiograph).digest
    assert explanation.seconds > 0
    assert {"cxr-lens", "tensorflow", "numpy"} <= set(explanation.versions)
    assert explanation.on_input().shape == (32, 32)
    assert explanation.on_image().shape == (64, 64)


def test_progress_carries_words_and_a_partial_map(run):
    (told,) = [event for event in run("ones") if isinstance(event, Progressed)]
    assert (told.fraction, told.text, told.preview.tolist()) == (0.5, "half", [[0]])


def test_whatever_one_does_the_others_go_on(run, caplog):
    with caplog.at_level(logging.ERROR):
        events = run("raises", "not_finite", "too_few", "ones")
    failures = {event.explainer: event for event in events if isinstance(event, Failed)}
    assert {failure.code for failure in failures.values()} == {"EXPLAINER"}
    assert failures["raises"].reason == "It raised ZeroDivisionError: in plugin.py"
    assert "4 values of 4" in failures["not_finite"].reason
    assert "(1, 1, 1); (2, y, x)" in failures["too_few"].reason
    assert isinstance(events[-1], Finished)
    assert "ZeroDivisionError: in /home/somebody/plugin.py" in caplog.text


@pytest.mark.parametrize(
    ("name", "words"), [("leaves", "SystemExit"), ("interrupted", "KeyboardInterrupt"), ("raises", "ZeroDivisionError")]
)
def test_whatever_an_explainer_raises_is_its_own_failure(run, name, words):
    *_, failed, _, _, done = run(name, "ones")
    assert (failed.explainer, failed.code) == (name, "EXPLAINER")
    assert failed.reason.startswith(f"It raised {words}")
    assert isinstance(done, Finished)


def test_a_forgotten_return_is_named_as_such(run):
    assert run("returns_nothing")[-1].reason == "explain returned nothing (None). Is a `return` missing?"
    together = run("returns_nothing_together")[-1].reason
    assert together == "explain_findings returned nothing (None). Is a `return` missing?"


def test_writing_to_the_input_is_named_as_such(run):
    assert "context.input.copy()" in run("writes")[-1].reason


def test_a_map_from_the_cache_says_so_and_what_it_took_to_compute(run):
    cache = MapCache()
    first = run("together", cache=cache)[-1].explanation
    second = run("together", finding="Nodule", cache=cache)[-1].explanation
    assert (first.cached, second.cached) == (False, True)
    assert (second.seconds, second.passes) == (first.seconds, first.passes)
    assert second.record()["cached"] is True


def test_the_record_holds_the_values_that_took_effect(run):
    explanation = run("limits", options={"limits": {"rows": 9, "sign": "absolute"}})[-1].explanation
    assert explanation.options == {"rows": 4, "sign": "absolute"}
    assert (explanation.signed, explanation.stochastic) == (False, True)
    assert explanation.map.shape == (4, 1)


def test_five_bad_plugins_cost_a_comparison_nothing(tiny, radiograph):
    registry = Registry.standard(map(str, sorted(PLUGINS.glob("*.py"))))
    names = registry.defaults
    assert names == ["grad_cam", "occlusion", "saliency", "left_half", "not_finite", "raises"]
    # a patch of 32 covers the whole of the tiny network's input
    events = list(compare(tiny, radiograph, "Nodule", names, options={"occlusion": {"patch": 16}}, registry=registry))
    assert [event.explainer for event in events if isinstance(event, Finished)] == names[:4]
    failed = {event.explainer: event.reason for event in events if isinstance(event, Failed)}
    assert failed == {
        "not_finite": "The map holds 1 values of 4 that are not finite (NaN or infinite).",
        "raises": "It raised ValueError: <b>no</b> file weights.bin",
    }
    left_out = {failure.plugin: failure.reason for failure in registry.failures}
    assert list(left_out) == ["no_import.py", "taken_name.py", "wrong_signature.py"]
    assert "a_package_that_nobody_has" in left_out["no_import.py"]
    assert "'grad_cam' is taken by built-in" in left_out["taken_name.py"]
    assert "explain(self, picture, model)" in left_out["wrong_signature.py"]
    assert not any("/" in reason for reason in left_out.values())


def test_a_run_is_cancelled_in_mid_step_and_the_rest_is_not_begun(run):
    Endless.ended.clear()
    asked = iter([False] * 5)  # five steps, then it is cancelled
    events = run("endless", "ones", cancelled=lambda: next(asked, True))
    assert kinds(events)[:2] == ["Started endless", "Progressed endless"]
    assert [(event.explainer, event.code) for event in events if isinstance(event, Failed)] == [
        ("endless", "CANCELLED"),
        ("ones", "CANCELLED"),
    ]
    assert "Started ones" not in kinds(events)
    assert Endless.ended.is_set()


def test_closing_the_stream_ends_what_runs(tiny, radiograph, registry):
    Endless.ended.clear()
    stream = compare(tiny, radiograph, "Effusion", ["endless"], registry=registry)
    assert isinstance(next(stream), Started)
    assert isinstance(next(stream), Progressed)
    stream.close()
    assert Endless.ended.wait(10)


def test_random_explainers_repeat_with_their_seed_whatever_else_runs(run):
    def noise(*names: str, seed: int) -> list:
        return next(e for e in run(*names, seed=seed) if getattr(e, "explanation", None) and e.explainer == "noise")

    alone, beside, other = noise("noise", seed=1), noise("ones", "noise", seed=1), noise("noise", seed=2)
    assert np.array_equal(alone.explanation.map, beside.explanation.map)
    assert not np.array_equal(alone.explanation.map, other.explanation.map)


def test_another_finding_of_the_same_picture_comes_from_the_cache(run):
    cache, before = MapCache(), Together.calls
    effusion = run("together", cache=cache)[-1].explanation
    nodule = run("together", finding="Nodule", cache=cache)[-1].explanation
    assert (effusion.map.item(), nodule.map.item()) == (0, 1)
    assert Together.calls == before + 1
    run("together", cache=cache, seed=1)
    assert Together.calls == before + 2


def test_the_cache_lets_go_what_was_used_longest_ago():
    cache = MapCache(size=2)
    for key in ("a", "b", "c"):
        cache.put((key,), CachedMaps(np.zeros(1), {}, {}, 0.0))
        cache.get(("b",))
    assert cache.get(("a",)) is None
    assert cache.get(("b",)) is not None


def test_each_explainer_runs_once_however_often_it_is_named(run):
    assert kinds(run("noise", "noise")) == ["Started noise", "Finished noise"]


def test_no_finding_means_the_one_farthest_above_its_threshold(run, tiny, radiograph):
    expected = tiny.predict(radiograph).default_finding()
    assert run("noise", finding="")[-1].explanation.finding == expected


@pytest.mark.parametrize(
    ("names", "arguments", "error", "words"),
    [
        (["gradcam"], {}, OptionError, "'grad_cam'"),
        (["ones"], {"finding": "Efusion"}, FindingError, "Effusion"),
        (["ones"], {"finding": "Edema"}, FindingError, "Effusion"),
        (["ones"], {"options": {"ones": {"row": 1}}}, OptionError, "'rows'"),
        (["ones"], {"options": {"ones": {"rows": "x"}}}, OptionError, "whole number"),
        (["ones"], {"options": {"noise": {}}}, OptionError, "not compared"),
        (["ones"], {"options": {"ones": 3}}, OptionError, "form"),
        (["ones"], {"seed": -1}, OptionError, "whole number from 0, not -1"),
        (["ones"], {"seed": 1.5}, OptionError, "not 1.5"),
        (["ones"], {"seed": True}, OptionError, "not True"),
    ],
)
def test_a_wrong_wish_is_refused_before_anything_runs(tiny, radiograph, registry, names, arguments, error, words):
    arguments = {"finding": "Effusion", **arguments}
    with pytest.raises(error, match=words):
        compare(tiny, radiograph, explainers=names, registry=registry, **arguments)


def test_twelve_lines_make_an_explainer(tiny, radiograph, tmp_path):
    """Input times gradient of a network without hidden kinks there: its values sum to the logit minus its bias."""
    file = tmp_path / "mine.py"
    file.write_text('''\
from explainers import Explainer, hookimpl

class InputTimesGradient(Explainer):
    """Gradient of the logit times the input."""
    name, title, unit = "input_times_gradient", "Input × gradient", "logit"

    def explain(self, context, finding):
        return (context.input * context.input_gradient(finding)).sum(-1)

@hookimpl
def cxr_lens_explainers():
    return [InputTimesGradient]
''')
    registry = Registry.standard([str(file)])
    (*_, last) = compare(tiny, radiograph, "Effusion", ["input_times_gradient"], registry=registry)
    logit = tiny.forward(tiny.prepare(radiograph).array[None])[0, 0]
    assert last.explanation.map.sum() == pytest.approx(logit - 0.5, abs=1e-4)


def test_the_requested_finding_is_the_one_that_is_previewed(tiny, phantom, registry):
    cache = MapCache()
    events = list(compare(tiny, phantom, "Nodule", ["previewing"], registry=registry, cache=cache))
    previews = [event.preview for event in events if isinstance(event, Progressed)]
    assert [preview.tolist() for preview in previews] == [[[1.0]]]
    assert events[-1].explanation.map.tolist() == [[1.0]]
    (*_, other) = compare(tiny, phantom, "Effusion", ["previewing"], registry=registry, cache=cache)
    assert other.explanation.map.tolist() == [[0.0]]  # from the cache, under its own name
