"""The checkpoints that come with the package: named everywhere, complete, and small."""

import json
from pathlib import Path

import pytest

import hub
from cxr import Predictor
from hub import resolve
from hub.__main__ import main
from hub.directory import PACKAGED
from hub.errors import SourceError
from hub.files import sha256_of

FOLDER = Path(hub.__file__).parent


@pytest.mark.parametrize("name", PACKAGED)
def test_its_name_alone_finds_it_whatever_the_working_folder_has(name, tmp_path, monkeypatch):
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    found = resolve(name)
    assert (found.name, found.source, found.shown, found.directory) == (name, name, name, FOLDER / name)


@pytest.mark.parametrize("name", PACKAGED)
def test_it_has_figures_operating_points_and_their_check(name):
    config = json.loads((FOLDER / name / "config.json").read_text())
    assert config["weights"]["sha256"] == sha256_of(FOLDER / name / config["weights"]["file"])
    assert set(config["thresholds"]) == set(config["calibration"]) == set(config["labels"])
    assert config["witness"]["part"] == config["metrics"]["part"] == "test"
    assert config["license"] == "apache-2.0"
    card = (FOLDER / name / "README.md").read_text()
    for value in config["metrics"]["mean_auc"]:
        assert f"{value:.3f}" in card


@pytest.mark.parametrize("name", PACKAGED)
def test_it_is_listed(name, capsys):
    assert main(["presets"]) == 0
    out = capsys.readouterr().out
    assert f"{name}  packaged" in out
    assert main(["presets", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)[name]
    assert f"mean AUC {listed['mean_auc'][0]:.3f}" in out
    assert listed["packaged"] is True


def test_a_name_that_is_nearly_one_is_corrected():
    with pytest.raises(SourceError, match="lite0"):
        resolve("lite")


def test_the_second_network_is_small():
    assert sum(file.stat().st_size for file in (FOLDER / "lite0").iterdir()) < 10e6


@pytest.mark.slow
def test_the_second_network_is_of_another_family(phantom):
    predictor = Predictor.load("lite0")
    assert set(predictor.labels) == set(Predictor.load("starter").labels)
    assert predictor.target_layer == "top_activation"
    assert "block5a_dwconv" in predictor.layers
    scores = predictor.predict(phantom).findings
    assert [each.finding for each in scores] == list(predictor.labels)
