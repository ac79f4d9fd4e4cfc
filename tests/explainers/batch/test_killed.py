"""A process that is killed loses the batch in hand at most, whatever it was doing."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cxr.phantom.dataset import write_dataset
from tests.explainers.batch.batch_words import batch_words

LIMIT_S = 240


def line(images: Path, out: Path) -> list[str]:
    return [sys.executable, "-m", "explainers", *batch_words(images, out, "top:1")]


def done(out: Path) -> int:
    return len(list((out / "scores").glob("*.parquet"))) if out.exists() else 0


def kill_after_a_part(command: list[str], out: Path, jitter: random.Random) -> None:
    """Start it and kill it at a random moment once it has written something."""
    before, deadline = done(out), time.monotonic() + LIMIT_S
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while done(out) == before and process.poll() is None and time.monotonic() < deadline:
            time.sleep(jitter.uniform(0.001, 0.05))
    finally:
        process.kill()
        process.wait()


@pytest.mark.timeout(600)
@pytest.mark.slow  # by default, tests/explainers/batch/test_resuming.py stops a run in one process
def test_a_killed_run_that_goes_on_equals_an_undisturbed_one(tmp_path, assert_same_rows):
    kills = 10
    write_dataset(tmp_path, tmp_path / "labels.csv", 2 * kills + 2, size=64)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for _ in range(kills):
        kill_after_a_part(line(tmp_path / "images", killed), killed, random.Random(kills))
    assert done(killed) < 2 * kills + 2, "it was never disturbed"
    for out in (killed, whole):
        assert subprocess.run(line(tmp_path / "images", out), timeout=LIMIT_S).returncode == 0
    assert done(killed) == 2 * kills + 2
    assert_same_rows(killed, whole)
