"""Plugins' files that change while they are watched."""

import os

import numpy as np
import pytest

from explainers import Registry, compare
from explainers.plugin_watcher import PluginWatcher
from explainers.running.map_cache import MapCache

SOURCE = '''
import numpy as np
from explainers import Explainer, Measure, Measured, hookimpl

class Mine(Explainer):
    """Shows a number."""
    name, title, unit = "mine", "Mine", "mark"
    def explain(self, context, finding{options}):
        return self.explain_findings(context, [finding])[0]
    def explain_findings(self, context, findings):
        return np.full((len(findings), 2, 2), {value})

class Spread(Measure):
    """Nothing much."""
    name, title = "{measure}", "Spread"
    def measure(self, subject):
        return Measured(1.0, "It is one.")

@hookimpl
def cxr_lens_explainers():
    return [Mine]

@hookimpl
def cxr_lens_measures():
    return [Spread]
'''


@pytest.fixture
def watched(tmp_path):
    """(file, save(**changes), registry, watch, what was on_reload)."""
    file, on_reload, saved = tmp_path / "mine.py", [], []

    def save(text="", *, value=1.0, measure="spread", options=""):
        file.write_text(text or SOURCE.format(value=value, measure=measure, options=options))
        saved.append(1)
        os.utime(file, ns=(len(saved) * 10**9, len(saved) * 10**9))  # a clock that is too coarse must not hide a change

    save()
    registry = Registry.standard([str(file)])
    watch = PluginWatcher(registry, [str(file), "a.module"], lambda name, left_out: on_reload.append((name, left_out)))
    return file, save, registry, watch, on_reload


def test_a_saved_file_is_loaded_anew_and_nothing_else(watched, predictor, phantom):
    file, save, registry, watch, on_reload = watched
    cache = MapCache()

    def shown():
        *_, done = compare(predictor, phantom, "Effusion", ["mine"], registry=registry, cache=cache)
        return done.explanation.map

    np.testing.assert_array_equal(shown(), 1.0)
    assert watch.look() == []
    save(value=2.0, measure="other")
    assert watch.look() == [str(file)]
    assert on_reload == [("mine.py", "")]
    np.testing.assert_array_equal(shown(), 2.0)  # and not what the memory holds of the old one
    assert "other" in registry.measures
    assert "spread" not in registry.measures
    assert watch.look() == []
    assert list(registry.explainers)[-1] == "mine"


def test_a_mistake_is_told_and_the_last_good_one_stays(watched):
    file, save, registry, watch, on_reload = watched
    save("def broken(:\n")
    watch.look()
    ((name, reason),) = on_reload
    assert name == "mine.py"
    assert "SyntaxError" in reason
    assert "mine" in registry.explainers
    assert [failure.plugin for failure in registry.failures] == ["mine.py"]
    file.unlink()  # as some editors do while they save
    assert watch.look() == []
    save(value=3.0)
    watch.look()
    assert registry.failures == ()
    assert on_reload[-1] == ("mine.py", "")


def test_a_file_that_was_broken_at_first_is_taken_in_once_it_is_right(tmp_path):
    file, on_reload = tmp_path / "mine.py", []
    file.write_text("import nothing_of_that_name\n")
    os.utime(file, ns=(0, 0))
    registry = Registry.standard([str(file)])
    assert len(registry.failures) == 1
    watch = PluginWatcher(registry, [str(file)], lambda *what: on_reload.append(what))
    file.write_text(SOURCE.format(value=1.0, measure="spread", options=""))
    watch.look()
    assert on_reload == [("mine.py", "")]
    assert "mine" in registry.explainers
    assert registry.failures == ()
