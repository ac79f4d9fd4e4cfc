"""Faults around the server: what is lost is the running requests, and how long it takes to be back is printed (-s)."""

import errno
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from cxr.errors import Busy
from explainers.client import CallError, Client
from explainers.page.api.responses import file_of

ROOT = Path(__file__).resolve().parents[3]

SLOW = {"explainers": ["left_half", "occlusion"], "options": {"occlusion": {"stride": 8}}}

START = """from explainers.page import server
server.SWEEP_EVERY_S = {}
import demo
demo.command()
"""

slow = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Running:
    """A server process with a temporary folder of its own, at a port that nothing else takes by default."""

    def __init__(
        self, folder: Path, *arguments: str, port: int | None = None, sweep_s: float = 10, **environment: str
    ) -> None:
        self.folder, self.begin = folder, time.monotonic()
        (folder / "tmp").mkdir(exist_ok=True)
        plugin = ROOT / "tests" / "plugins" / "left_half.py"
        words = ["--model", "starter", "--plugin", str(plugin), "--log", "json", *arguments]
        words += ["--port", str(port or free_port())]
        self.process = subprocess.Popen(
            [sys.executable, "-c", START.format(sweep_s), *words],
            env=os.environ
            | {"TMPDIR": str(folder / "tmp"), "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
            | environment,
            stdout=subprocess.PIPE,
            stderr=(folder / "log").open("a"),
            text=True,
        )
        printed = self.process.stdout.readline()
        assert printed, (folder / "log").read_text()
        self.address = printed.split()[-1].rstrip("/")
        self.http = httpx.Client(base_url=self.address, timeout=120)

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[1])

    def ready(self) -> float:
        """Wait until it is ready; seconds since its start."""
        while self.http.get("/health/ready").status_code != 200:
            time.sleep(0.1)
        return time.monotonic() - self.begin

    def upload(self, file: Path) -> httpx.Response:
        return self.http.post("/gradio_api/upload", files={"files": ("a.png", file.read_bytes(), "image/png")})

    def compare(self, file: Path) -> str:
        """The address of the stream of results of a comparison that takes long."""
        image = {"path": self.upload(file).json()[0], "meta": {"_type": "gradio.FileData"}}
        posted = self.http.post("/gradio_api/call/v2/compare", json={"image": image} | SLOW)
        return f"/gradio_api/call/compare/{posted.json()['event_id']}"

    def logged(self, **fields: object) -> dict:
        """Wait for a line of the log with these fields."""
        while True:
            for line in (self.folder / "log").read_text().splitlines():
                said = json.loads(line) if line.startswith("{") else {}
                if fields.items() <= said.items():
                    return said
            time.sleep(0.05)


@pytest.fixture
def start(tmp_path):
    """Starts a server; all that were started end with the test."""
    started = []

    def start(*arguments: str, **given) -> Running:
        started.append(Running(tmp_path, *arguments, **given))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


MISDEEDS = ROOT / "tests" / "explainers" / "running" / "misdeeds.py"

HARMLESS = {
    "good", "changes_environment", "writes_into_arrays", "leaves_children", "forks_into_ours", "note_float32",
}  # fmt: skip
"""What a plugin does without failing by it."""

FATAL = {"eats_memory", "exits"}
"""What ends the process that it runs in."""


@slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("isolate", "explanation_s"), [("off", 5), ("5", 60)])
def test_whatever_a_plugin_does_its_caller_gets_a_code_and_others_are_served(
    start, phantom_file, isolate, explanation_s
):
    """The time of an isolated plugin counts from its import, so that a busy machine may take long to start it."""
    limits = ("--limit", f"explanation_s={explanation_s}", "--limit", "plugin_mb=1024")
    server = start("--plugin", str(MISDEEDS), "--isolate", isolate, *limits)
    server.ready()
    codes = {}
    with Client(server.address, timeout_s=120) as client:
        before = client.explain(phantom_file, "Effusion", "good").map
        own = [each["name"] for each in client.explainers()["explainers"] if each["plugin"] == MISDEEDS.name]
        for name in set(own) - (FATAL if isolate == "off" else set()):
            try:
                client.explain(phantom_file, "Effusion", name)
            except CallError as error:
                codes[name] = error.code
        after = client.explain(phantom_file, "Effusion", "good").map
    assert (after == before).all()
    assert set(codes) == set(own) - HARMLESS - (FATAL if isolate == "off" else set())
    assert {name for name, code in codes.items() if code == "TOO_SLOW"} == {"loops", "sleeps", "prints_for_ever"}
    assert set(codes.values()) == {"EXPLAINER", "TOO_SLOW"}
    assert (server.folder / "log").stat().st_size < 200_000


@slow
def test_a_plugin_that_ends_the_server_ends_it_for_its_supervisor_to_see(start, phantom_file):
    server = start("--plugin", str(MISDEEDS), "--isolate", "off")
    server.ready()
    with Client(server.address, retries=0) as client, pytest.raises(CallError):
        client.explain(phantom_file, "Effusion", "exits")
    assert server.process.wait(60) == 3


@slow
def test_a_caller_that_leaves_ends_its_work(start, phantom_file):
    server = start()
    server.ready()
    with server.http.stream("GET", server.compare(phantom_file)) as stream:
        next(line for line in stream.iter_lines() if "left_half" in line)
        left = time.monotonic()
    assert server.logged(explainer="occlusion")["outcome"] == "CANCELLED"
    print(f"work ended {time.monotonic() - left:.1f} s after its caller left")
    assert server.logged(endpoint="compare")["outcome"] in ("CANCELLED", "OK")


@slow
def test_after_a_kill_the_running_request_is_lost_and_nothing_stays_on_the_disk(start, phantom_file, tmp_path):
    server = start()
    server.ready()
    other = tmp_path / "other.png"  # of other content: equal files are one, which is deleted once it was read
    other.write_bytes(phantom_file.read_bytes() + b"\0")
    lying = server.upload(other).json()[0]
    with server.http.stream("GET", server.compare(phantom_file)) as stream:
        lines = stream.iter_lines()
        next(line for line in lines if "left_half" in line)
        server.process.send_signal(signal.SIGKILL)
        with pytest.raises(httpx.TransportError):
            list(lines)
    server.process.wait()
    assert Path(lying).exists()
    again = start(port=server.port)
    seconds = again.ready()
    assert not Path(lying).exists()
    with Client(again.address) as client:
        assert client.predict(phantom_file).findings
    print(f"lost: 1 running request; ready {seconds:.1f} s after the restart")


@slow
def test_a_client_with_retries_loses_nothing_by_a_kill(start, phantom_file):
    server, answers = start(), []
    server.ready()
    port = server.port
    with Client(server.address, retries=10) as client:
        calling = threading.Thread(
            target=lambda: answers.append(client.compare(phantom_file, explainers=["left_half", "occlusion"]))
        )
        calling.start()
        server.logged(explainer="left_half")
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        start(port=port).ready()
        calling.join(240)
    assert [each.explainer for each in answers[0].explanations] == ["left_half", "occlusion"]


@slow
@pytest.mark.parametrize("broken", ["a file in its place", "gone", "read-only"])
def test_a_broken_cache_of_networks_costs_no_answer(start, tmp_path, phantom_file, broken):
    cache = tmp_path / "cache"
    if broken == "a file in its place":
        cache.write_text("")
    elif broken == "read-only":
        cache.mkdir()
        cache.chmod(0o500)
    server = start(HF_HOME=str(cache), HF_HUB_OFFLINE="1", XDG_CACHE_HOME=str(cache), HOME=str(cache))
    server.ready()
    with Client(server.address) as client:
        assert client.predict(phantom_file).findings
        if broken != "a file in its place":
            shutil.rmtree(cache, ignore_errors=True)
        assert client.explain(phantom_file, "Effusion", "grad_cam").map.size


@slow
def test_a_hub_that_comes_and_goes_costs_no_answer(start, phantom_file):
    """The default network's Hub is not there: the packaged one answers and says so; another call tries again."""
    server = start("--model", "org/none", HF_ENDPOINT="http://127.0.0.1:9", HF_HUB_OFFLINE="0")
    server.ready()
    with Client(server.address, retries=0) as client:
        for _ in range(3):
            with pytest.raises(CallError) as caught:
                client.predict(phantom_file, model="org/none")
            assert caught.value.code in ("SOURCE", "BUSY")
            assert client.predict(phantom_file).findings


@slow
@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_busy_and_ends_when_there_is_room(start, tmp_path, phantom_file):
    disk = tmp_path / "small"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("a small disk can't be mounted here")
    try:
        server = start(TMPDIR=str(disk))
        server.ready()
        filler = disk / "filler"
        filler.write_bytes(bytes(shutil.disk_usage(disk).free))
        refused = server.upload(phantom_file)
        assert (refused.status_code, refused.json()["title"]) == (503, "BUSY")
        assert refused.headers["Retry-After"]
        assert server.http.get("/health/ready").status_code == 200
        filler.unlink()
        accepted = server.upload(phantom_file)
        assert accepted.status_code == 200, accepted.text
        server.process.terminate()
        assert server.process.wait(60) == 0
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@slow
def test_half_a_request_is_not_waited_for(start):
    server = start(sweep_s=0.5)
    with socket.create_connection(("127.0.0.1", server.port), timeout=90) as waiting:
        waiting.sendall(b"POST /gradio_api/upload HTTP/1.1\r\nHost: a\r\n")
        begin = time.monotonic()
        assert waiting.recv(100) == b""
    print(f"half a head was closed after {time.monotonic() - begin:.0f} s")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_answers_that_find_no_room_are_busy(code):
    def full() -> Path:
        raise OSError(code, "no room")

    with pytest.raises(Busy, match="no room left"):
        file_of(SimpleNamespace(answer_folder=full), "a.png", b"")


def test_another_fault_of_the_disk_is_a_defect():
    def broken() -> Path:
        raise OSError(errno.EIO, "broken")

    with pytest.raises(OSError, match="broken"):
        file_of(SimpleNamespace(answer_folder=broken), "a.png", b"")


def test_the_words_for_a_full_disk_name_no_folder():
    with pytest.raises(Busy) as caught:
        file_of(SimpleNamespace(answer_folder=lambda: (_ for _ in ()).throw(OSError(28, "x", "/tmp/secret"))), "a", b"")
    assert not re.search(r"[/\\]", str(caught.value))
