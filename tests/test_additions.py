"""What a new explainer, measure, panel, endpoint or preset touches: one place each, from which everything finds it.

A new panel is in `explainers/page/test_panel_folders.py`.
"""

import explainers.builtin
import explainers.measures
from explainers.__main__ import main as explainers_command
from explainers.page.api.endpoints import Endpoints, public
from explainers.page.api.registration import parameters
from explainers.page.concurrency import LIGHT
from explainers.page.head import head
from explainers.page.layout import page, panels_of
from explainers.page.scripts_route import Scripts
from explainers.registry import BUILTIN, Registry
from hub import presets
from hub.__main__ import main as hub_command
from hub.sources import on_hub

EXPLAINER = """
from explainers import Explainer, hookimpl


class InputTimesGradient(Explainer):
    \"\"\"Gradient of the logit times the input. Source: Shrikumar et al. 2016.\"\"\"

    name, title, unit = "input_times_gradient", "Input × gradient", "logit"

    def explain(self, context, finding, *, share: float = 0.5):
        return (context.input * context.input_gradient(finding)).sum(-1)


@hookimpl
def cxr_lens_explainers():
    return [InputTimesGradient]
"""

MEASURE = """
from explainers import Measure, Measured, hookimpl


class Spread(Measure):
    \"\"\"Standard deviation of the map's values.\"\"\"

    name, title = "spread", "Spread"

    def measure(self, subject):
        value = float(subject.explanation.map.std())
        return Measured(value, f"The map's values spread by {value:.2g}.")


@hookimpl
def cxr_lens_measures():
    return [Spread]
"""

PRESET = """
[another]
title = "Another network"
repo = "org/another"
file = "model.safetensors"
layout = "torchvision"
labels = ["Mass"]
input = { rule = "imagenet" }
"""


def document_head(state) -> str:
    """What the page's scripts are given, its explainers and measures among it."""
    panels = panels_of(state)
    page(state, panels)
    return head(state, panels, Scripts(panels))


def test_an_explainer_is_one_file(tmp_path, monkeypatch, loading_state, capsys):
    (tmp_path / "input_times_gradient.py").write_text(EXPLAINER)
    monkeypatch.setattr(explainers.builtin, "__path__", [*explainers.builtin.__path__, str(tmp_path)])
    loading_state.registry = Registry.standard()
    assert loading_state.registry.origins["input_times_gradient"] == BUILTIN
    assert explainers_command(["list"]) == 0
    listed = capsys.readouterr().out
    assert "input_times_gradient  Input × gradient (logit; built-in)" in listed
    assert "--option input_times_gradient.share=0.5" in listed
    answer = Endpoints(loading_state).explainers()
    (described,) = [each for each in answer["explainers"] if each["name"] == "input_times_gradient"]
    assert described["options"]["properties"]["share"]["default"] == 0.5
    assert "Input × gradient" in document_head(loading_state)


def test_a_measure_is_one_file(tmp_path, monkeypatch, loading_state):
    (tmp_path / "spread.py").write_text(MEASURE)
    monkeypatch.setattr(explainers.measures, "__path__", [*explainers.measures.__path__, str(tmp_path)])
    loading_state.registry = Registry.standard()
    assert not loading_state.registry.failures
    answer = Endpoints(loading_state).explainers()
    assert "spread" in {each["name"] for each in answer["measures"]}
    assert "Standard deviation of the map's values." in document_head(loading_state)


def test_an_endpoint_is_one_method(monkeypatch, loading_state):
    @public(LIGHT)
    def labels(self, model: str = "") -> dict:
        """Names of the findings.

        Args:
            model: Name of the network.
        """
        return {}

    monkeypatch.setattr(Endpoints, "labels", labels, raising=False)
    assert parameters()["labels"] == {"model": ""}
    (parameter,) = page(loading_state).get_api_info()["named_endpoints"]["/labels"]["parameters"]
    assert parameter["parameter_name"] == "model"
    assert parameter["parameter_default"] == ""
    assert parameter["python_type"]["description"] == "Name of the network."


def test_a_preset_is_one_entry(tmp_path, monkeypatch, capsys):
    file = tmp_path / "presets.toml"
    file.write_text(presets.PRESETS_FILE.read_text() + PRESET)
    monkeypatch.setattr(presets, "PRESETS_FILE", file)
    assert hub_command(["presets"]) == 0
    assert "another" in capsys.readouterr().out
    repository, preset = on_hub("another", presets.read_presets())
    assert (repository.name, preset.title) == ("org/another", "Another network")
