"""Checkpoints pulled from the Hub, and the record of what was pulled."""

from pathlib import Path

import pytest
from huggingface_hub import constants

import hub
from hub.errors import CheckpointError, SourceError
from hub.files import sha256_of
from hub.pins import Pins
from tests.hub.starter_files import FIRST, SECOND, WEIGHTS, without_sha256


def test_a_repository_is_pulled_once_and_its_pinned_commit_asks_for_nothing(fake_hub):
    fake_hub.put("org/net")
    resolved = hub.resolve("org/net")
    assert (resolved.revision, resolved.shown, resolved.name) == (FIRST, "org/net", "starter")
    assert sha256_of(resolved.directory / WEIGHTS) == resolved.sha256
    assert "GET model.safetensors" in fake_hub.requests()
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
