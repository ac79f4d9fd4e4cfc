"""python -m hub, as an operator runs it."""

import json
import shutil

import pytest

import hub
from hub.__main__ import main
from tests.hub.starter_files import STARTER


def test_presets_are_listed_with_what_is_known_of_them(capsys):
    assert main(["presets"]) == 0
    out = capsys.readouterr().out
    assert "medmae  Medical-MAE" in out
    assert "mean AUC 0.812 reported on official NIH test patients" in out
    assert "Can't be used yet: its commit and hash have not been recorded yet." in out
    assert main(["presets", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["course"]["final_relu"] is True


def test_verify_names_what_it_checked(capsys):
    assert main(["verify", "starter"]) == 0
    out = capsys.readouterr().out
    assert "as stated" in out
    assert "606 arrays, with the names and shapes of a DenseNet-121 of 14 outputs" in out


def test_verify_refuses_a_checkpoint_whose_labels_do_not_fit(tmp_path, capsys):
    folder = shutil.copytree(STARTER, tmp_path / "mine")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"labels": ["Mass"]}))
    assert main(["verify", str(folder)]) == 1
    assert "14 outputs; the checkpoint lists 1 labels" in capsys.readouterr().err


def test_what_is_pushed_can_be_pulled(fake_hub, tmp_path, monkeypatch, capsys):
    folder = shutil.copytree(STARTER, tmp_path / "mine")
    monkeypatch.setenv("HF_TOKEN", "good")
    assert main(["push", str(folder), "org/new", "--private"]) == 0
    assert "/org/new/commit/" in capsys.readouterr().out
    commits = [each for each in fake_hub.asked() if "/commit/" in each]
    assert len(commits) == 1
    assert main(["pull", "org/new"]) == 0
    assert "starter: " in capsys.readouterr().out
    pulled = hub.resolve("org/new").directory
    assert all(
        (pulled / name).read_bytes() == (folder / name).read_bytes() for name in ("config.json", "model.safetensors")
    )
    assert (fake_hub.folder / "models/org/new" / pulled.name / "README.md").is_file()


def test_push_sends_nothing_that_verify_refuses(fake_hub, tmp_path, monkeypatch, capsys):
    folder = shutil.copytree(STARTER, tmp_path / "mine")
    with (folder / "model.safetensors").open("ab") as stream:
        stream.write(b"more")
    monkeypatch.setenv("HF_TOKEN", "good")
    assert main(["push", str(folder), "org/new"]) == 1
    assert "sha256" in capsys.readouterr().err
    assert fake_hub.asked() == []


def test_push_without_the_right_to_write_is_told(fake_hub, tmp_path, capsys):
    fake_hub.put("org/new")
    assert main(["push", str(shutil.copytree(STARTER, tmp_path / "mine")), "org/new"]) == 1
    assert "HF_TOKEN" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["push", str(STARTER), "new"], "ORG/NAME"),
        (["pull", "nowhere"], "medmae"),
        (["verify", "dannynet"], "can't be used yet"),
    ],
)
def test_a_wrong_word_ends_with_a_sentence(capsys, arguments, words):
    assert main(arguments) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["push", "nowhere", "org/new"], "There is no folder 'nowhere'"),
        (["presets", "--presets", "nowhere.toml"], "There is no file 'nowhere.toml'"),
    ],
)
def test_a_path_that_is_not_there_is_a_usage_error(capsys, arguments, words):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_a_folder_without_a_checkpoint_is_not_pushed(capsys, tmp_path):
    assert main(["push", str(tmp_path), "org/new"]) == 1
    assert "has no config.json" in capsys.readouterr().err
