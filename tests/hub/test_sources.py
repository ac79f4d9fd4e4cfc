"""What a source string stands for, and what is said when nothing stands there."""

import json
import shutil
from pathlib import Path

import pytest

import hub
from hub.errors import CheckpointError, SourceError
from hub.sources import STARTER_DIRECTORY, configuration_of


@pytest.fixture
def folder(tmp_path):
    """A native directory of its own: the starter's files."""
    return shutil.copytree(STARTER_DIRECTORY, tmp_path / "mine")


def changed(folder, **fields):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | fields))
    return folder


def test_the_starter_is_packaged_and_its_weights_are_what_its_config_says():
    resolved = hub.resolve("starter")
    assert resolved.directory == STARTER_DIRECTORY
    assert (resolved.name, resolved.shown, resolved.revision) == ("starter", "starter", None)
    assert resolved.sha256 == resolved.config["weights"]["sha256"]
    assert resolved.notes == ()


def test_a_folder_is_taken_and_shown_by_its_name_alone(folder):
    resolved = hub.resolve(str(folder))
    assert resolved.directory == folder
    assert resolved.shown == "mine"
    assert hub.resolve(f"{folder}/.").shown == "mine"


@pytest.mark.parametrize("name", ["mine", "starter", "medmae"])
def test_a_path_is_a_folder_whatever_it_is_called(folder, tmp_path, monkeypatch, name):
    shutil.copytree(folder, tmp_path / "elsewhere" / name)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert hub.resolve(Path(name)).directory == tmp_path / "elsewhere" / name
    with pytest.raises(SourceError):
        hub.resolve(Path("org/name"))


def test_home_is_spelled_with_a_tilde(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    assert hub.resolve("~/mine").directory == folder


def test_a_folder_called_like_a_repository_comes_first(folder, tmp_path, monkeypatch):
    shutil.copytree(folder, tmp_path / "org" / "name")
    monkeypatch.chdir(tmp_path)
    assert hub.resolve("org/name").revision is None


@pytest.mark.parametrize("source", ["nowhere", "./nowhere/at/all", "/no/such/folder", "a/b/c", "org/name@", "@main"])
def test_a_name_of_nothing_is_refused_with_the_forms_there_are(source):
    with pytest.raises(SourceError) as caught:
        hub.resolve(source)
    assert repr(source) in str(caught.value)
    assert "'org/name[@revision]'" in str(caught.value)


@pytest.mark.parametrize("source", ["", None, 7])
def test_something_must_be_named(source):
    with pytest.raises(SourceError, match="No checkpoint was named"):
        hub.resolve(source)


def test_a_file_is_no_source(folder):
    with pytest.raises(SourceError):
        hub.resolve(str(folder / "config.json"))


def test_a_folder_without_a_checkpoint_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError, match=r"'empty' holds no checkpoint.*config\.json"):
        hub.resolve(str(tmp_path / "empty"))


def test_missing_weights_are_named(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"'model\.safetensors' are missing"):
        hub.resolve(str(folder))


def test_one_altered_byte_is_noticed(folder):
    with (folder / "model.safetensors").open("r+b") as stream:
        stream.seek(1_000_000)
        byte = stream.read(1)
        stream.seek(1_000_000)
        stream.write(bytes([byte[0] ^ 1]))
    with pytest.raises(CheckpointError, match="sha256"):
        hub.resolve(str(folder))


def test_a_checkpoint_without_a_name_is_called_like_its_folder(folder):
    config = json.loads((folder / "config.json").read_text())
    del config["name"]
    (folder / "config.json").write_text(json.dumps(config))
    assert hub.resolve(str(folder)).name == "mine"


def test_with_a_fallback_the_starter_takes_the_place_and_says_why(folder, tmp_path):
    for source, why in ((str(tmp_path / "nowhere"), "no checkpoint"), (str(changed(folder, format=2)), "'format'")):
        resolved = hub.resolve(source, fallback=True)
        assert (resolved.source, resolved.directory) == ("starter", STARTER_DIRECTORY)
        (note,) = resolved.notes
        assert "the packaged starter is in use" in note
        assert why in note
        assert resolved.fallback
        assert resolved.requested == source


@pytest.mark.parametrize("source", ["~nosuchuser/folder", "a\0b", "x" * 5000, "/" + "x" * 5000])
def test_a_path_that_can_not_be_one_is_no_checkpoint(source):
    with pytest.raises(SourceError, match="There is no checkpoint"):
        hub.resolve(source)


def test_a_fall_back_does_not_advise_what_it_does(tmp_path, caplog):
    hub.resolve(str(tmp_path / "nowhere"), fallback=True)
    assert "the packaged starter is in use" in caplog.text
    assert "use 'starter'" not in caplog.text


def test_what_was_asked_for_is_not_replaced_where_it_is_there(folder):
    resolved = hub.resolve(str(folder), fallback=True)
    assert not resolved.fallback
    assert resolved.requested == ""


def test_the_original_s_folder_has_its_own_rule(fixture_folder):
    resolved = hub.resolve(str(fixture_folder / "keras2"))
    assert resolved.config["input"] == {"rule": "original", "size": 224}
    assert resolved.config["weights"]["layout"] == "keras2"


LAYOUT = {
    "layout": "torchvision",
    "prefix": "net.",
    "labels": ["Mass", ""],
    "input": {"rule": "imagenet"},
    "epsilon": 1e-5,
}


def test_foreign_weights_are_described_beside_them(tmp_path):
    folder = tmp_path / "foreign"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "layout.json").write_text(json.dumps(LAYOUT | {"comment": "not looked at"}))
    resolved = hub.resolve(str(folder))
    assert resolved.name == "foreign"
    assert resolved.config["labels"] == ["Mass", ""]
    assert resolved.config["weights"] == {
        "file": "model.safetensors", "layout": "torchvision", "prefix": "net.", "epsilon": 1e-5,
    }  # fmt: skip
    (folder / "layout.json").write_text(json.dumps(LAYOUT | {"labels": []}))
    with pytest.raises(CheckpointError, match="labels"):
        hub.resolve(str(folder))


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4" * 64 + b"\nsize 28291584\n"


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
@pytest.mark.parametrize("digest", [True, False])
def test_a_git_lfs_pointer_is_called_so_with_the_command(folder, name, digest):
    if not digest:
        config = json.loads((folder / "config.json").read_text())
        changed(folder, weights={key: value for key, value in config["weights"].items() if key != "sha256"})
    (folder / name).write_bytes(POINTER)
    with pytest.raises(CheckpointError, match=f"{name} is a Git LFS pointer.*git lfs pull"):
        hub.resolve(str(folder))


@pytest.mark.parametrize("name", ["pretrained_model.h5", "model.safetensors", "model.pt", "model.keras"])
def test_a_git_lfs_pointer_in_a_foreign_folder_is_called_so(tmp_path, name):
    (tmp_path / name).write_bytes(POINTER)
    layout = {"file": name, "layout": "torchvision", "labels": ["Mass"], "input": {"rule": "original"}}
    if name != "pretrained_model.h5":
        (tmp_path / "layout.json").write_text(json.dumps(layout))
    with pytest.raises(CheckpointError, match="Git LFS pointer"):
        hub.resolve(str(tmp_path))


@pytest.mark.parametrize("field", ["bootstrap", "average_maps", "benchmark"])
def test_a_git_lfs_pointer_beside_the_weights_is_called_so(folder, field):
    from cxr.checkpoint import read_checkpoint

    (folder / "beside.bin").write_bytes(POINTER)
    with pytest.raises(CheckpointError, match="Git LFS pointer"):
        read_checkpoint(hub.resolve(str(changed(folder, **{field: {"file": "beside.bin", "sha256": "0" * 64}}))))


@pytest.mark.parametrize("source", ["mine.py", "folder/mine.py", "mine.py:name"])
def test_a_plugins_file_is_no_checkpoint_and_what_runs_it_is_said(source):
    with pytest.raises(SourceError, match=r"is a plugin's file.*commands of `python -m explainers`"):
        hub.resolve(source)


def test_a_checkpoint_is_not_described_by_the_caller(folder):
    for source in ("starter", str(folder), "medmae"):
        with pytest.raises(SourceError, match="describes itself"):
            hub.resolve(source, stated={"labels": ["A"]})


def test_a_configuration_is_read_without_weights(folder, tmp_path):
    (folder / "model.safetensors").unlink()
    assert len(configuration_of(str(folder))["labels"]) == 14
    assert configuration_of("org/name") is None
    (tmp_path / "mine.keras").write_bytes(b"not opened")
    assert configuration_of(str(tmp_path / "mine.keras")) is None
    assert configuration_of(str(tmp_path / "mine.keras"), stated={"labels": ["A"]})["labels"] == ["A"]
