"""Starting and ending the server: what is said of a fault, and what becomes of running work."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from cxr.errors import Busy
from explainers.page import server as module
from explainers.page.settings import PageSettings

ROOT = Path(__file__).resolve().parents[3]

MARKER = "MARKER-4f1a"
"""In the name of every upload: nothing of it may be left."""

FAST = {"explainers": ["left_half"]}
SLOW = {"explainers": ["left_half", "occlusion", "rise", "grad_cam"], "options": {"occlusion": {"stride": 8}}}


@pytest.fixture
def started(tmp_path, phantom_file):
    """Starts a server with limits; gives the process and a function that uploads and calls /compare."""
    processes = []

    def start(*limits: str):
        words = [word for limit in limits for word in ("--limit", limit)]
        plugin = ROOT / "tests" / "plugins" / "left_half.py"
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "demo.py"), "--model", "starter", "--plugin", str(plugin), *words],
            env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=(tmp_path / "log").open("w"),
            text=True,
        )
        processes.append(process)
        http = httpx.Client(base_url=process.stdout.readline().split()[-1], timeout=90)

        def call(arguments: dict) -> str:
            """The address of the stream of results of a comparison."""
            files = {"files": (f"{MARKER}.png", phantom_file.read_bytes(), "image/png")}
            (place,) = http.post("/gradio_api/upload", files=files).json()
            image = {"path": place, "meta": {"_type": "gradio.FileData"}}
            posted = http.post("/gradio_api/call/v2/compare", json={"image": image} | arguments)
            return f"/gradio_api/call/compare/{posted.json()['event_id']}"

        return process, http, call

    yield start
    for process in processes:
        process.kill()
        process.wait()


def last_event(text: str) -> tuple[str, object]:
    """(its name, its data) of the last event of a stream."""
    *_, last = [block for block in text.split("\n\n") if block.strip() and "heartbeat" not in block]
    name, data = last.strip().split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


@pytest.mark.slow  # by default, tests/test_demo.py ends a server
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_running_and_waiting_work_ends_in_words_when_the_server_is_asked_to_end(started, tmp_path, number):
    process, http, call = started("shutdown_s=1")
    http.get(call(FAST))  # the network is loaded
    first, *streams = [call(SLOW) for _ in range(5)]
    ends = []
    reading = [threading.Thread(target=lambda at=at: ends.append(last_event(http.get(at).text))) for at in streams]
    with http.stream("GET", first) as running:
        for each in reading:
            each.start()
        lines = running.iter_lines()
        begin = [next(lines) for _ in range(2)]  # its first explainer has finished
        process.send_signal(number)
        rest = "\n".join([*begin, *lines])
    for each in reading:
        each.join(60)
    ends.append(last_event(rest))
    assert process.wait(60) == 0
    assert len(ends) == 5
    for name, data in ends:
        # Gradio gives the three outputs of a generator as one
        results = data[0][2]["results"] if name == "complete" else [{"code": data["title"]}]
        assert {each["code"] for each in results if "code" in each} == {"STOPPING"}, (name, data)
    assert not list(tmp_path.glob("cxr-lens-*"))
    log = (tmp_path / "log").read_text()
    assert "Traceback" not in log
    assert MARKER not in log
    assert not [each for each in tmp_path.rglob("*") if MARKER in each.name]


@pytest.mark.slow
def test_an_explainer_that_takes_too_long_is_cut_off_the_rest_is_answered_and_a_full_queue_is_busy(started):
    _, http, call = started("explanation_s=2", "waiting=1")
    http.get(call(FAST))
    name, ((pictures, maps, answer),) = last_event(http.get(call(SLOW)).text)
    assert name == "complete"
    ends = {each["explainer"]: each.get("code") for each in answer["results"]}
    assert ends == {"left_half": None, "occlusion": "TOO_SLOW", "rise": "TOO_SLOW", "grad_cam": None}
    assert len(pictures) == 2
    assert maps
    running = [call(SLOW) for _ in range(2)]  # as many as run at once
    full = [http.post("/gradio_api/call/v2/explain", json={}) for _ in range(6)]
    refused = [each for each in full if each.status_code == 503]
    assert refused
    assert all(each.json()["title"] == "BUSY" and int(each.headers["Retry-After"]) > 0 for each in refused)
    assert len(running) == 2


def test_housekeeping_that_fails_does_not_end_the_server(caplog):
    swept = []

    def fails() -> None:
        raise FileNotFoundError("the folder is gone")

    module._sweep(fails, lambda: swept.append(1))
    assert swept
    assert "housekeeping failed" in caplog.text


@pytest.mark.parametrize(
    ("error", "raised", "words"),
    [
        (OSError("Cannot find empty port in range: 80-80. You can …"), Busy, "Port 80 can't be had"),
        (FileNotFoundError(2, "No such file or directory", "icon.png"), FileNotFoundError, "No such file"),
        (PermissionError(13, "Permission denied"), PermissionError, "Permission denied"),
    ],
)
def test_only_a_port_that_is_taken_is_called_so(monkeypatch, error, raised, words):
    def launch(**_):
        raise error

    blocks = SimpleNamespace(launch=launch, fns={})
    monkeypatch.setattr("explainers.page.layout.page", lambda *_: blocks)
    monkeypatch.setattr("explainers.page.head.head", lambda *_: "")
    state = module._state(PageSettings(port=80), SimpleNamespace(), SimpleNamespace(measures={}, networks={}))
    with pytest.raises(raised, match=words):
        module._launch(state)
