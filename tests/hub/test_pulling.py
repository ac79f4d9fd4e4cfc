"""Checkpoints from the Hub, and everything that goes wrong on the way; then it is right again."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
from huggingface_hub import constants

import hub
from hub import download, presets
from hub.errors import CheckpointError, SourceError
from hub.files import sha256_of
from hub.pins import Pins
from hub.presets import Preset, read_presets

FIRST, SECOND = "a" * 40, "b" * 40
WEIGHTS = "model.safetensors"
STARTER = Path(hub.__file__).parent / "starter"


def without_sha256(**changes) -> bytes:
    """The starter's configuration, its weights' hash left out."""
    config = json.loads((STARTER / "config.json").read_text())
    del config["weights"]["sha256"]
    return json.dumps(config | changes).encode()


def requests(asked: list[str]) -> list[str]:
    """Method and last part of what was asked for."""
    return [f"{each.split()[0]} {each.rsplit('/', 1)[-1]}" for each in asked]


def test_a_repository_is_pulled_once_and_its_pinned_commit_asks_for_nothing(fake_hub):
    fake_hub.put("org/net")
    resolved = hub.resolve("org/net")
    assert (resolved.revision, resolved.shown, resolved.name) == (FIRST, "org/net", "starter")
    assert sha256_of(resolved.directory / WEIGHTS) == resolved.sha256
    assert "GET model.safetensors" in requests(fake_hub.asked())
    assert hub.resolve("org/net").directory == resolved.directory
    assert fake_hub.asked() == ["GET /api/models/org/net"]
    assert hub.resolve(f"org/net@{FIRST}").directory == resolved.directory
    assert fake_hub.asked() == []


def test_a_branch_follows_its_commits(fake_hub):
    fake_hub.put("org/net")
    hub.resolve("org/net")
    fake_hub.put("org/net", commit=SECOND)
    assert hub.resolve("org/net@main").revision == SECOND
    assert hub.resolve(f"org/net@{FIRST}").revision == FIRST


def test_the_original_s_repository_is_read_as_it_is(fake_hub):
    fake_hub.put("org/old", {"pretrained_model.h5": b"weights", "labels.json": b'["Mass"]', "notes.txt": b"?"})
    resolved = hub.resolve("org/old")
    assert (resolved.name, resolved.config["labels"]) == ("old", ["Mass"])
    assert sorted(file.name for file in resolved.directory.iterdir()) == ["labels.json", "pretrained_model.h5"]


@pytest.mark.parametrize(
    ("prepare", "source", "words"),
    [
        (None, "org/none", ["no repository org/none", "HF_TOKEN"]),
        ("PRIVATE", "org/net", ["no repository org/net", "HF_TOKEN"]),
        ("GATED", "org/net", ["gated", "HF_TOKEN"]),
        (None, "org/net@v9", ["no revision 'v9'"]),
        (None, f"org/net@{SECOND}", ["no revision"]),
        (None, "org/empty", ["org/empty holds no checkpoint", "config.json"]),
    ],
)
def test_what_the_hub_does_not_have_or_give_is_told(fake_hub, prepare, source, words):
    fake_hub.put("org/net")
    fake_hub.put("org/empty", {"README.md": b"nothing"})
    if prepare:
        (fake_hub.folder / "models/org/net" / prepare).touch()
    with pytest.raises((SourceError, CheckpointError)) as caught:
        hub.resolve(source)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_token_opens_what_is_private(fake_hub, monkeypatch):
    fake_hub.put("org/net")
    (fake_hub.folder / "models/org/net/PRIVATE").touch()
    monkeypatch.setenv("HF_TOKEN", "good")
    assert hub.resolve("org/net").revision == FIRST


@pytest.mark.parametrize("status", [500, 429, 403])
@pytest.mark.parametrize("part", ["GET /api/models/org/net", WEIGHTS])
def test_a_refusal_is_told_at_once_and_the_next_attempt_succeeds(fake_hub, status, part):
    fake_hub.put("org/net")
    fake_hub.faults({"part": part, "kind": "status", "status": status})
    with pytest.raises(SourceError, match=str(status)):
        hub.resolve("org/net")
    assert hub.resolve("org/net").revision == FIRST


def test_a_connection_cut_in_mid_file_is_taken_up_where_it_broke(fake_hub):
    fake_hub.put("org/net")
    fake_hub.faults({"part": f"GET /org/net/resolve/{FIRST}/{WEIGHTS}", "kind": "cut"})
    resolved = hub.resolve("org/net")
    assert sha256_of(resolved.directory / WEIGHTS) == resolved.sha256
    assert requests(fake_hub.asked()).count("GET model.safetensors") == 2


def test_wrong_bytes_are_deleted_and_the_next_attempt_succeeds(fake_hub):
    fake_hub.put("org/net")
    fake_hub.faults({"part": f"GET /org/net/resolve/{FIRST}/{WEIGHTS}", "kind": "wrong"})
    with pytest.raises(CheckpointError, match=r"sha256.*config\.json states.*deleted and not loaded"):
        hub.resolve("org/net")
    assert hub.resolve("org/net").revision == FIRST


def test_without_a_stated_hash_the_hub_s_own_counts(fake_hub):
    fake_hub.put("org/net", {"config.json": without_sha256(), WEIGHTS: (STARTER / WEIGHTS).read_bytes()})
    fake_hub.faults({"part": f"GET /org/net/resolve/{FIRST}/{WEIGHTS}", "kind": "wrong"})
    with pytest.raises(CheckpointError, match="the Hub states"):
        hub.resolve("org/net")
    assert hub.resolve("org/net").revision == FIRST


def test_what_was_first_pulled_is_what_must_be_there_ever_after(fake_hub):
    small = b"x" * 100  # too small for the Hub to state a sha256
    fake_hub.put("org/net", {"config.json": without_sha256(), WEIGHTS: small})
    file = hub.resolve("org/net").directory / WEIGHTS
    file.resolve().write_bytes(b"y" * 100)
    with pytest.raises(CheckpointError, match="when it was first pulled"):
        hub.resolve(f"org/net@{FIRST}")
    assert not file.exists()
    assert hub.resolve(f"org/net@{FIRST}").directory == file.parent
    assert file.read_bytes() == small


def test_a_damaged_record_of_hashes_is_not_taken_for_none(fake_hub):
    fake_hub.put("org/net")
    hub.resolve("org/net")
    (Path(constants.HF_HUB_CACHE) / "cxr-lens-pins.json").write_text("{")
    with pytest.raises(CheckpointError, match="record of trusted files"):
        hub.resolve("org/net")
    kept = hub.resolve("org/net", fallback=True)
    assert kept.source == "starter"
    assert "record of trusted files" in kept.notes[0]


def test_the_record_is_written_only_when_something_is_new(fake_hub, monkeypatch):
    fake_hub.put("org/net")
    hub.resolve("org/net")
    monkeypatch.setattr(Pins, "_add", lambda *given: pytest.fail("it was written"))
    assert hub.resolve("org/net").revision == FIRST


def test_a_cache_that_can_not_be_written_to_is_used_without_a_record(fake_hub, monkeypatch, caplog):
    def refused(*given):
        raise PermissionError("read-only")

    fake_hub.put("org/net")
    monkeypatch.setattr(Pins, "_add", refused)
    assert hub.resolve("org/net").revision == FIRST
    assert "can't be recorded" in caplog.text


def test_silence_counts_as_unreachable_after_the_deadline(fake_hub, monkeypatch):
    fake_hub.put("org/net")
    monkeypatch.setattr(download, "DEADLINE_S", 0.3)
    fake_hub.faults({"part": "/api/models", "kind": "slow", "seconds": 20})
    with pytest.raises(SourceError, match="could not be reached"):
        hub.resolve("org/net")


def test_a_slow_hub_is_waited_for_and_progress_is_told(fake_hub):
    fake_hub.put("org/net")
    fake_hub.faults({"part": f"GET /org/net/resolve/{FIRST}/{WEIGHTS}", "kind": "slow", "seconds": 0.001})
    told = []
    hub.resolve("org/net", progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 1


def test_a_full_disk_is_told_before_anything_is_downloaded(fake_hub, monkeypatch):
    fake_hub.put("org/net")
    usage = type("Usage", (), {"free": 70 << 20})
    monkeypatch.setattr(download.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(SourceError, match=r"no room for model\.safetensors: 13 MB are needed and 70 MB are free"):
        hub.resolve("org/net")


def test_a_file_of_absurd_size_is_not_downloaded(fake_hub, monkeypatch):
    fake_hub.put("org/net")
    monkeypatch.setattr(download, "FILE_LIMIT_BYTES", 1000)
    with pytest.raises(SourceError, match="at most 1000"):
        hub.resolve("org/net")
    assert "GET model.safetensors" not in requests(fake_hub.asked())


def test_without_the_hub_the_last_good_copy_is_used_and_then_the_starter(fake_hub, monkeypatch):
    fake_hub.put("org/net")
    directory = hub.resolve("org/net").directory
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(SourceError, match="could not be reached"):
        hub.resolve("org/net")
    kept = hub.resolve("org/net", fallback=True)
    assert (kept.directory, kept.revision, kept.shown) == (directory, FIRST, "org/net")
    assert "the copy in the cache is in use. The Hugging Face Hub could not be reached" in kept.notes[0]
    starter = hub.resolve("org/other", fallback=True)
    assert starter.source == "starter"
    assert "the packaged starter is in use" in starter.notes[0]


def test_offline_by_the_environment_is_honoured(fake_hub, monkeypatch):
    fake_hub.put("org/net")
    hub.resolve("org/net")
    fake_hub.asked()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(SourceError, match="could not be reached"):
        hub.resolve("org/net")
    assert hub.resolve(f"org/net@{FIRST}").revision == FIRST
    assert fake_hub.asked() == []


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
    assert "GET config.json" not in requests(fake_hub.asked())
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


def test_two_processes_at_once_leave_one_good_copy(fake_hub):
    fake_hub.put("org/net")
    fake_hub.faults({"part": f"GET /org/net/resolve/{FIRST}/{WEIGHTS}", "kind": "slow", "seconds": 0.003, "times": 9})
    pulls = [fake_hub.command("pull", "org/net") for _ in range(2)]
    for pull in pulls:
        out, error = pull.communicate(timeout=120)
        assert pull.returncode == 0, error
        assert f"commit {FIRST}" in out
    blobs = [sha256_of(file) for file in (fake_hub.home / "hub/models--org--net/blobs").iterdir()]
    config = json.loads((STARTER / "config.json").read_text())
    # the weights, and the output layers beside them, once each and whole
    assert blobs.count(config["weights"]["sha256"]) == blobs.count(config["bootstrap"]["sha256"]) == 1


def test_a_pull_that_is_killed_costs_nothing_and_the_next_completes(fake_hub):
    fake_hub.put("org/other")
    other = hub.resolve("org/other")
    fake_hub.put("org/net")
    fake_hub.faults({"part": f"GET /org/net/resolve/{FIRST}/{WEIGHTS}", "kind": "slow", "seconds": 0.2})
    pull = fake_hub.command("pull", "org/net")
    while not any("GET" in each and WEIGHTS in each and "org/net" in each for each in fake_hub.asked()):
        time.sleep(0.05)
        assert pull.poll() is None
    os.kill(pull.pid, signal.SIGKILL)
    pull.communicate()
    assert sha256_of(hub.resolve("org/net").directory / WEIGHTS) == other.sha256
    assert hub.resolve(f"org/other@{FIRST}").directory == other.directory
    assert Pins().commit("models/org/other@main") == FIRST
