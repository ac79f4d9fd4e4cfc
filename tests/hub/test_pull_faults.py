"""What goes wrong while a checkpoint is pulled. The next attempt succeeds."""

import json
import os
import signal
import time

import pytest

import hub
from hub import download
from hub.errors import CheckpointError, SourceError
from hub.files import sha256_of
from hub.pins import Pins
from tests.hub.starter_files import FIRST, STARTER, WEIGHTS, without_sha256


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
    assert fake_hub.requests().count("GET model.safetensors") == 2


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
    assert "GET model.safetensors" not in fake_hub.requests()


@pytest.mark.slow
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
