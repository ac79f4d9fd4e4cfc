"""How soon work ends whose caller has left: python tests/benchmarks/leaving.py [--rounds 5]

Starts a server on this machine. A client asks `/explain` or `/compare` for an occlusion of minutes and leaves in
mid-stream; timed is from then until the server's log says that the explainer ended. Six leave at once in the last
round, and another client's Grad-CAM follows. Prints seconds, and the processor time that the server uses afterwards.
Not part of the test run.
"""

import argparse
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from PIL import Image

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

OPTIONS = {"occlusion": {"stride": 4, "patch": 32}}
"""2,401 windows: minutes of work, so that only a cancelled one ends soon."""

SLOW = {
    "explain": {"explainer": "occlusion", "options": OPTIONS},
    "compare": {"explainers": ["occlusion"], "options": OPTIONS},
}

MANY, RUNNING = 6, 2
"""Clients that leave at once, and how many of them a server explains at the same time."""


class Server:
    """A server of its own, and when its log said that an explainer was cancelled."""

    def __init__(self) -> None:
        command = [sys.executable, str(ROOT / "demo.py"), "--model", "starter", "--log", "json"]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        address = self._process.stdout.readline().split()[-1]
        self._http = httpx.Client(base_url=address, timeout=120)
        self._cancelled: queue.SimpleQueue[float] = queue.SimpleQueue()
        threading.Thread(target=self._read_log, daemon=True).start()

    def _read_log(self) -> None:
        for line in self._process.stderr:
            record = json.loads(line) if line.startswith("{") else {}
            if record.get("explainer") == "occlusion" and record.get("outcome") == "CANCELLED":
                self._cancelled.put(time.monotonic())

    @contextmanager
    def asked(self, endpoint: str, number: int, **arguments) -> Iterator[Iterator[str]]:
        """The lines of an answer; the caller is gone after the `with` block. Pictures of other numbers differ."""
        from cxr.phantom import phantom

        with tempfile.NamedTemporaryFile(suffix=".png") as file:
            Image.fromarray(phantom(seed=number, size=256).radiograph.display(256)).save(file, "PNG")
            (place,) = self._http.post("/gradio_api/upload", files={"files": ("a.png", file)}).json()
        image = {"path": place, "meta": {"_type": "gradio.FileData"}}
        posted = self._http.post(
            f"/gradio_api/call/v2/{endpoint}", json={"image": image, "finding": "Effusion", **arguments}
        )
        with self._http.stream("GET", f"/gradio_api/call/{endpoint}/{posted.json()['event_id']}") as answer:
            yield answer.iter_lines()

    def cancelled(self) -> float:
        """When the next explainer ended as cancelled, by the monotonic clock."""
        return self._cancelled.get(timeout=120)

    def processor_s(self) -> float:
        """Processor time so far."""
        user, system = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(60)


def left(server: Server, endpoint: str, number: int) -> float:
    """Seconds from a client's leaving to the end of its work."""
    with server.asked(endpoint, number, **SLOW[endpoint]):
        time.sleep(1.5)
    begin = time.monotonic()
    return server.cancelled() - begin


def many_left(server: Server, first: int) -> tuple[float, float]:
    """(seconds until the running ones' work has ended, seconds that the next client's Grad-CAM takes)."""
    with ExitStack() as stack:
        for number in range(MANY):
            stack.enter_context(server.asked("compare", first + number, **SLOW["compare"]))
        time.sleep(1.5)
    begin = time.monotonic()
    with server.asked("explain", first + MANY, explainer="grad_cam") as lines:
        assert any(line == "event: complete" for line in lines)
    answered = time.monotonic() - begin
    # the others left while they waited in the queue, so that nothing of them ran
    return max(server.cancelled() for _ in range(RUNNING)) - begin, answered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    server = Server()
    try:
        with server.asked("explain", 0, explainer="grad_cam") as lines:
            list(lines)
        for place, endpoint in enumerate(SLOW):
            spent = sorted(left(server, endpoint, 1 + place * given.rounds + at) for at in range(given.rounds))
            print(
                f"/{endpoint}: work ends {spent[len(spent) // 2]:.2f} s after its client left, {spent[-1]:.2f} at most"
            )
        ended, answered = many_left(server, 100)
        print(f"{MANY} at once: the running ones ended after {ended:.2f} s")
        print(f"the next client's Grad-CAM took {answered:.2f} s")
        before = server.processor_s()
        time.sleep(3)
        print(f"processor time in the 3 s after: {server.processor_s() - before:.2f} s")
    finally:
        server.end()


if __name__ == "__main__":
    main()
