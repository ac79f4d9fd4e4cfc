"""The registry: where explainers come from, which are taken, and what is said of the others."""

import re
import sys
import threading
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from explainers import Explainer, Registry, hookimpl
from explainers import registry as module
from explainers.errors import OptionError

PLUGINS = Path(__file__).parents[1] / "plugins"
DEFAULTS = ["grad_cam", "occlusion", "saliency"]
OFFERED = [
    "attention_relevance", "expected_gradients", "grad_cam_plus_plus", "integrated_gradients", "layer_cam", "rise",
    "smoothgrad",
]  # fmt: skip
CONTROLS = ["average_map", "centred_gaussian", "edges", "eigen_cam", "random_map"]
BUILTIN = [*DEFAULTS, *OFFERED, *CONTROLS]


def plugin(tmp_path, text: str, name: str = "plugin.py") -> str:
    (tmp_path / name).write_text(text)
    return str(tmp_path / name)


def explainer(name: str, *, title: str = "Mine") -> str:
    """The source of a plugin with one explainer of that name."""
    return f'''
from explainers import Explainer, hookimpl

class Mine(Explainer):
    """Ones."""
    name, title, unit = {name!r}, {title!r}, "logit"
    def explain(self, context, finding):
        return [[1.0]]

@hookimpl
def cxr_lens_explainers():
    return [Mine]
'''


def test_the_built_ins_come_first_and_through_the_hook():
    registry = Registry.standard()
    assert list(registry.explainers) == BUILTIN
    assert set(registry.origins.values()) == {"built-in"}
    assert registry.failures == ()
    assert registry.defaults == DEFAULTS
    assert Registry().explainers == {}


def test_one_file_is_enough(tmp_path):
    registry = Registry.standard([plugin(tmp_path, explainer("mine"))])
    assert list(registry.explainers) == [*BUILTIN, "mine"]
    assert registry.origins["mine"] == "plugin.py"


def test_a_module_is_found_by_its_dotted_name(tmp_path, monkeypatch):
    (tmp_path / "a_package").mkdir()
    plugin(tmp_path, "", "a_package/__init__.py")
    plugin(tmp_path, explainer("mine"), "a_package/maps.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = Registry.standard(["a_package.maps"])
    assert registry.origins["mine"] == "a_package.maps"
    del sys.modules["a_package.maps"], sys.modules["a_package"]


def test_the_same_plugin_twice_counts_once(tmp_path):
    file = plugin(tmp_path, explainer("mine"))
    registry = Registry.standard([file, file])
    assert list(registry.explainers).count("mine") == 1
    assert registry.failures == ()


def test_installed_packages_announce_theirs_by_an_entry_point(tmp_path, monkeypatch):
    plugin(tmp_path, explainer("installed"), "an_installed_one.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [
        EntryPoint("good", "an_installed_one", "cxr_lens"),
        EntryPoint("bad", "a_package_that_nobody_has", "cxr_lens"),
    ]
    monkeypatch.setattr(module, "entry_points", lambda group: points if group == "cxr_lens" else [])
    registry = Registry.standard()
    assert registry.origins["installed"] == "good"
    assert [failure.plugin for failure in registry.failures] == ["bad"]
    del sys.modules["an_installed_one"]


def test_built_ins_win_a_name_and_the_first_among_the_others(tmp_path):
    first = plugin(tmp_path, explainer("mine", title="First"), "first.py")
    second = plugin(tmp_path, explainer("mine", title="Second"), "second.py")
    registry = Registry.standard([first, second, str(PLUGINS / "taken_name.py")])
    assert registry.explainers["mine"].title == "First"
    assert registry.explainers["grad_cam"].title == "Grad-CAM"
    reasons = {failure.plugin: failure.reason for failure in registry.failures}
    assert "'mine' is taken by first.py" in reasons["second.py"]
    assert "'grad_cam' is taken by built-in" in reasons["taken_name.py"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import nothing_like_this", ["can't be imported", "nothing_like_this", "line 1"]),
        ("x = 1 +", ["can't be imported", "SyntaxError", "line 1"]),
        ("raise RuntimeError('/home/somebody/x.bin')", ["RuntimeError: x.bin"]),
        ("raise SystemExit(3)", ["SystemExit"]),
        ("raise GeneratorExit", ["can't be imported", "GeneratorExit"]),
        ("from asyncio import CancelledError\nraise CancelledError", ["can't be imported", "CancelledError"]),
        ("x = 1", ["defines no hook", "@hookimpl"]),
        (
            "from explainers import hookimpl\n@hookimpl\ndef cxr_lens_explainer():\n    return []",
            ["must be cxr_lens_explainers() or", "cxr_lens_explainer"],
        ),
        (
            "from explainers import hookimpl\n@hookimpl\ndef cxr_lens_explainers(context):\n    return []",
            ["must be cxr_lens_explainers() or", "without arguments"],
        ),
        ("from explainers import hookimpl\n@hookimpl\ndef cxr_lens_explainers():\n    return 7", ["return a list"]),
        ("from explainers import hookimpl\n@hookimpl\ndef cxr_lens_explainers():\n    1/0", ["ZeroDivisionError"]),
        ("from explainers import hookimpl\n@hookimpl\ndef cxr_lens_explainers():\n    return [7]", ["int"]),
        (
            "from explainers import hookimpl\n@hookimpl\ndef cxr_lens_explainers():\n    [7]",
            ["return a list of classes"],
        ),
        (
            "from explainers import hookimpl\n@hookimpl\ndef cxr_lens_explainers():\n    raise SystemExit",
            ["SystemExit"],
        ),
        (
            "from explainers import hookimpl\n@hookimpl\ndef cxr_lens_explainers():\n    raise GeneratorExit",
            ["GeneratorExit"],
        ),
        (
            "from __future__ import annotations\nimport numpy as np\n"
            + explainer("mine").replace("finding):", "finding) -> np.ndaray:"),
            ["annotation can't be read", "ndaray"],
        ),
        (
            explainer("mine").replace("finding):", "finding, *, weights: str = '/home/somebody/x.bin'):"),
            ["'weights' has the type str", "x.bin"],
        ),
    ],
)
def test_a_bad_plugin_is_reported_and_harms_nothing(tmp_path, text, words):
    registry = Registry.standard([plugin(tmp_path, text), plugin(tmp_path, explainer("good"), "good.py")])
    assert list(registry.explainers) == [*BUILTIN, "good"]
    (failure,) = registry.failures
    assert failure.plugin == "plugin.py"
    assert all(word in failure.reason for word in words), failure.reason
    assert str(tmp_path) not in failure.reason
    assert "/home" not in failure.reason


def test_one_bad_class_does_not_cost_the_good_one_beside_it(tmp_path):
    text = explainer("good").replace("return [Mine]", "return [7, Mine]")
    registry = Registry.standard([plugin(tmp_path, text)])
    assert "good" in registry.explainers
    assert len(registry.failures) == 1


def test_a_file_that_is_not_there_is_reported():
    registry = Registry.standard(["/no/such/folder/mine.py"])
    (failure,) = registry.failures
    assert (failure.plugin, failure.reason.split(".")[0]) == ("mine.py", "There is no such file")


@pytest.mark.parametrize(
    ("wanted", "shown", "words"),
    [
        ("{folder}/notes.txt", "notes.txt", "not a Python file"),
        ("{folder}", "{name}", "no such file"),
        ("~nobody-of-that-name/mine.py", "mine.py", "no such file"),
        ("no_such_module", "no_such_module", "No module named 'no_such_module'."),
        ("", "", "can't be imported"),
    ],
)
def test_what_is_no_plugin_is_reported_without_its_folders(tmp_path, wanted, shown, words):
    (tmp_path / "notes.txt").write_text("x = 1")
    registry = Registry.standard([wanted.format(folder=tmp_path), plugin(tmp_path, explainer("good"), "good.py")])
    (failure,) = registry.failures
    assert failure.plugin == shown.format(name=tmp_path.name)
    assert words in failure.reason
    assert not re.search(r"/|<frozen|importlib", failure.reason)
    assert "good" in registry.explainers


def test_an_object_can_be_registered_as_a_plugin():
    class Mine(Explainer):
        """Ones."""

        name, title, unit = "mine", "Mine", "logit"

        def explain(self, context, finding):
            return [[1.0]]

    class Plugin:
        @hookimpl
        def cxr_lens_explainers(self):
            return [Mine]

    registry = Registry()
    registry.register(Plugin())
    assert registry.explainers == {"mine": Mine}
    assert registry.origins["mine"] == "Plugin"


def test_an_unknown_name_is_refused_with_the_closest():
    with pytest.raises(OptionError, match=r"'gradcam'.*Did you mean 'grad_cam'"):
        Registry.standard().find(["saliency", "gradcam"])


def test_plugins_with_dataclasses_and_postponed_annotations_work(tmp_path):
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n" + explainer("mine").replace(
        "class Mine", "@dataclass\nclass Size:\n    rows: int = 1\n\nclass Mine"
    ).replace("finding):", "finding, *, rows: int = 2):")
    registry = Registry.standard([plugin(tmp_path, text)])
    assert registry.failures == ()
    assert registry.explainers["mine"].options()[0].kind == "int"


@pytest.mark.parametrize("text", ["raise KeyboardInterrupt", "{hook}    raise KeyboardInterrupt"])
def test_ctrl_c_while_plugins_load_is_the_users_own(tmp_path, text):
    hook = "from explainers import hookimpl\n@hookimpl\ndef cxr_lens_explainers():\n"
    with pytest.raises(KeyboardInterrupt):
        Registry().load(plugin(tmp_path, text.format(hook=hook)))


def test_a_registry_can_be_read_while_it_changes(tmp_path):
    """Whoever reads it while a plugin is reloaded sees the plugin as it was or as it is, and never without it."""
    file = plugin(tmp_path, explainer("mine"))
    registry, ended, seen = Registry.standard([file]), threading.Event(), []

    def read():
        while not ended.is_set():
            now = registry.snapshot()
            seen.append("mine" in now.explainers and set(now.origins) == set(now.explainers))
            seen.append("mine" in list(registry.explainers) and registry.find(["mine"])[0].name == "mine")

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        assert registry.reload(file) == ()
    ended.set()
    for thread in threads:
        thread.join()
    assert seen
    assert all(seen)


def test_a_snapshot_does_not_change(tmp_path):
    registry = Registry()
    before, explainers = registry.snapshot(), registry.explainers
    registry.load(plugin(tmp_path, explainer("mine")))
    assert before.explainers == explainers == {}
    assert list(registry.snapshot().explainers) == ["mine"]


def test_the_removal_test_is_found_by_both_names():
    registry = Registry.standard()
    assert registry.find_measures(["removal"]) == registry.find_measures(["relevance_gain"])
    assert registry.measures["relevance_gain"].title == "Removal test"
