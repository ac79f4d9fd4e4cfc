"""On a real cluster: a head and two workers, separate processes that Ray's own command started on this machine."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cxr.phantom.dataset import write_dataset
from explainers.__main__ import main
from tests.explainers.batch.batch_words import batch_words

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'cxr-lens[ray]'")

if not Path("/proc").is_dir():
    pytest.skip("processes are found in /proc, which only Linux has", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[3]
COUNT = 16
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def command(*words: str, environment: dict[str, str]) -> None:
    tool = Path(sys.executable).with_name("ray")
    subprocess.run([tool, *words], env=environment, check=True, capture_output=True, timeout=180)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Its address. Ray's folder is short: sockets in it have names of at most 107 bytes."""
    import tempfile

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0", "RAY_TMPDIR": folder}
    store = ("--object-store-memory", "100000000", "--disable-usage-stats")
    head = ("--head", "--node-ip-address", "127.0.0.1", "--port", address.split(":")[1], "--include-dashboard", "false")
    try:
        command("start", *head, "--num-cpus", "0", "--temp-dir", folder, *store, environment=environment)
        for _ in range(2):
            command("start", "--address", address, "--num-cpus", "1", *store, environment=environment)
        yield address
    finally:
        # only those that this test started have its folder in their environment
        for process in processes_with(folder, "environ"):
            with suppress(ProcessLookupError):  # it ended with the one that started it
                os.kill(process, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def processes_with(words: str, where: str = "cmdline") -> list[int]:
    """Processes with these words in their command line or environment (Linux)."""
    found = []
    for file in Path("/proc").glob(f"[0-9]*/{where}"):
        try:
            if words.encode() in file.read_bytes() and int(file.parent.name) != os.getpid():
                found.append(int(file.parent.name))
        except OSError:  # it has ended meanwhile
            continue
    return found


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ray")
    write_dataset(folder, folder / "labels.csv", COUNT, size=64)
    (folder / "images" / "broken.png").write_bytes(b"no picture")
    return folder / "images"


def line(images: Path, out: Path, *more: str) -> list[str]:
    return [*batch_words(images, out, "top:2"), *more]


def test_a_cluster_gives_the_rows_of_one_machine(cluster, images, tmp_path, assert_same_rows, capsys):
    assert main(line(images, tmp_path / "ray", "--engine", "ray", "--address", cluster)) == 1, "one file is broken"
    printed = capsys.readouterr()
    assert f"{COUNT + 1} radiographs: {COUNT} scored, 1 unreadable" in printed.out
    assert "failed: broken.png" in printed.err
    assert main(line(images, tmp_path / "local")) == 1
    assert_same_rows(tmp_path / "ray", tmp_path / "local")


def test_a_worker_that_is_killed_is_replaced_and_nothing_is_lost(cluster, images, tmp_path, assert_same_rows):
    out = tmp_path / "ray"
    words = line(images, out, "--engine", "ray", "--address", cluster)
    process = subprocess.Popen(
        [sys.executable, "-m", "explainers", *words],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    try:
        while not list(out.glob("scores/*.parquet")):
            assert process.poll() is None, "it ended before anything was written"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        # Ray gives an actor's process the name of its class
        (first, *_) = processes_with("MapWorker(MapBatches(RayWorker))")
        os.kill(first, signal.SIGKILL)
        assert process.wait(timeout=400) == 1
    finally:
        process.kill()
        process.wait()
    assert main(line(images, tmp_path / "local")) == 1
    assert_same_rows(out, tmp_path / "local")


def test_what_one_engine_began_the_other_continues(cluster, images, tmp_path, assert_same_rows):
    out = tmp_path / "out"
    assert main(line(images, out)) == 1
    for part in sorted((out / "scores").iterdir())[::2]:
        part.unlink()
    assert main(line(images, out, "--engine", "ray", "--address", cluster)) == 1
    assert main(line(images, tmp_path / "local")) == 1
    assert_same_rows(out, tmp_path / "local")


def test_a_cluster_that_does_not_answer_is_a_sentence(images, tmp_path, capsys):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    assert main(line(images, tmp_path / "out", "--engine", "ray", "--address", address)) == 1
    assert "No Ray cluster answers" in capsys.readouterr().err
