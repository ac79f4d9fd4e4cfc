"""Presets: packaged ones, those of operators, and the repositories that they name."""

import json

import pytest

import hub
from hub import presets
from hub.errors import CheckpointError, SourceError
from hub.presets import Preset, read_presets
from tests.hub.starter_files import FIRST, SECOND, STARTER, WEIGHTS


@pytest.fixture
def preset() -> Preset:
    """A preset whose file is the starter's, under a path of its own in a Space."""
    config = json.loads((STARTER / "config.json").read_text())
    return Preset(
        name="mine",
        repo="org/space",
        repo_type="space",
        file="nets/weights.safetensors",
        layout="keras",
        labels=tuple(config["labels"]),
        input={"rule": "samplewise", "size": 224, "detail": 128},
    )


def test_a_preset_without_a_commit_keeps_the_first_that_it_got(fake_hub, preset):
    content = (STARTER / WEIGHTS).read_bytes()
    fake_hub.put("org/space", {preset.file: content, "config.json": b"not looked at"}, kind="spaces")
    known = {"mine": preset}
    resolved = hub.resolve("mine", presets=known)
    assert (resolved.name, resolved.shown, resolved.revision) == ("mine", "mine", FIRST)
    assert "GET config.json" not in fake_hub.requests()
    fake_hub.put("org/space", {preset.file: b"something else"}, commit=SECOND, kind="spaces")
    assert hub.resolve("mine", presets=known).revision == FIRST
    assert fake_hub.asked() == []


def test_a_preset_s_hash_refuses_another_file(fake_hub, preset):
    fake_hub.put("org/space", {preset.file: b"x" * 20_000}, kind="spaces")
    stated = Preset(**{**vars(preset), "sha256": "0" * 64})
    with pytest.raises(CheckpointError, match="which the preset states"):
        hub.resolve("mine", presets={"mine": stated})


def test_the_packaged_presets_are_whole():
    known = read_presets()
    assert {name for name, preset in known.items() if preset.disabled} == {"xrv-nih", "dannynet"}
    for preset in known.values():
        assert len(preset.config()["labels"]) in (14, 18)
        assert preset.disabled or preset.sha256
        assert preset.license
    assert known["medmae"].config()["input"]["mean"] == [0.5056] * 3
    assert known["chexnet-keras"].config()["final_relu"] is False
    assert known["xrv-all"].config()["thresholds"]["Hernia"]["score"] == 0.042889766


def test_a_disabled_preset_says_why():
    with pytest.raises(SourceError, match="'dannynet' can't be used yet: its commit"):
        hub.resolve("dannynet")
    assert "can't be used yet" in hub.resolve("dannynet", fallback=True).notes[0]


GOOD = """
[mine]
repo = "org/net"
file = "model.safetensors"
layout = "torchvision"
labels = ["Mass"]
input = { rule = "imagenet" }
"""


def test_operators_add_their_own(tmp_path):
    (tmp_path / "own.toml").write_text(GOOD)
    assert list(read_presets(tmp_path / "own.toml"))[-1] == "mine"
    assert "mine" not in read_presets()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("repo =", "repos ="), "'repos'"),
        (("org/net", "net"), "org/name"),
        (('file = "model', 'file = "../model'), "outside"),
        (("[mine]", "[starter]"), "not a valid name"),
        (('["Mass"]', "[]"), "labels"),
        (('["Mass"]', "7"), "labels"),
        (("layout =", "revision = 'main'\nlayout ="), "not a full commit"),
        (("layout =", "size = -1\nlayout ="), "number"),
        (("layout =", "sha256 = 'abc'\nlayout ="), "sha256"),
        (("layout =", "repo_type = 'dataset'\nlayout ="), "repo_type"),
        (("[mine]", "[mine"), "can't be read"),
    ],
)
def test_a_preset_that_can_not_be_is_refused_by_file_and_name(tmp_path, change, words):
    (tmp_path / "own.toml").write_text(GOOD.replace(*change))
    with pytest.raises(SourceError, match=r"own\.toml") as caught:
        read_presets(tmp_path / "own.toml")
    assert words in str(caught.value)


def test_packaged_presets_file_is_the_one_beside_the_module():
    assert presets.PRESETS_FILE.is_file()
