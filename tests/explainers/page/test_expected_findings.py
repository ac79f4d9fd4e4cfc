"""Which findings a page lists before its network is loaded: the network's own, or none."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from cxr.findings import FINDINGS
from explainers.page.background_network import NetworkState
from explainers.page.expected_findings import expected_findings
from explainers.page.networks import Networks
from explainers.page.panels.header import networks_value
from explainers.registry import Registry
from hub.presets import read_presets

NETWORKS = Path(__file__).parents[2] / "plugins" / "networks" / "small_networks.py"


@pytest.fixture
def keras_file(tmp_path) -> Path:
    """A file that nobody opens, with a description beside it."""
    described = {"labels": ["COVID-19", {"name": "Normal", "ignored": True}], "descriptions": {"COVID-19": "A virus."}}
    (tmp_path / "cxr-lens.json").write_text(json.dumps(described))
    file = tmp_path / "mine.keras"
    file.write_bytes(b"not opened")
    return file


@pytest.mark.parametrize("source", ["starter", "lite0", "medmae"])
def test_findings_of_packaged_networks_and_presets_are_known(source):
    found = expected_findings(source, Registry())
    assert set(found) == set(FINDINGS)
    assert found["Pleural_Thickening"]["title"] == "Pleural thickening"
    assert all(each["description"] for each in found.values())


def test_presets_of_the_operator_name_their_own():
    presets = {"mine": SimpleNamespace(config=lambda: read_presets()["medmae"].config() | {"labels": ["Scoliosis"]})}
    assert list(expected_findings("mine", Registry(), presets)) == ["Scoliosis"]


def test_a_whole_models_findings_stand_beside_it_or_on_the_command_line(keras_file):
    assert expected_findings(str(keras_file), Registry()) == {
        "COVID-19": {"title": "COVID-19", "description": "A virus."}
    }
    assert list(expected_findings(str(keras_file), Registry(), stated={"labels": ["A", "B"]})) == ["A", "B"]


def test_a_plugins_network_names_its_labels():
    found = expected_findings("scorer", Registry.standard([str(NETWORKS)]))
    assert list(found) == ["Left", "Right", "Opposite"]
    assert found["Left"]["description"] == "Bright on the left."


@pytest.mark.parametrize("description", ["", "{", '{"labels": 3}'])
def test_nothing_is_expected_of_a_model_that_names_no_findings(keras_file, description):
    (keras_file.parent / "cxr-lens.json").unlink()
    if description:
        (keras_file.parent / "cxr-lens.json").write_text(description)
    assert expected_findings(str(keras_file), Registry()) == {}


@pytest.mark.parametrize("source", ["org/name", f"{NETWORKS}:scorer", "nothing"])
def test_nothing_is_expected_of_what_is_elsewhere_or_has_to_be_run(source):
    assert expected_findings(source, Registry()) == {}


def test_the_page_is_told_the_findings_of_a_network_that_loads(keras_file):
    networks = Networks([str(keras_file), "starter"], registry=Registry())
    networks.state = lambda name="": NetworkState("loading")
    value = networks_value(SimpleNamespace(networks=networks, registry=Registry()))
    assert {name: len(each["findings"]) for name, each in value["networks"].items()} == {"mine.keras": 1, "starter": 14}
