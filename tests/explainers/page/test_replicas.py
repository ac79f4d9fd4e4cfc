"""Two replicas behind nginx, as deploy/ has them, below a path: visits and calls go on while one is restarted."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest

from explainers.client import Client

ROOT = Path(__file__).resolve().parents[3]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed"),
    pytest.mark.timeout(900),
]

PATH = "/lens"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Replica:
    """One server process, which can be restarted at its port."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.port, self._folder = name, free_port(), folder
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "demo.py"), "--model", "starter", "--port", str(self.port)],
            env=os.environ
            | {"TMPDIR": str(self._folder), "GRADIO_ROOT_PATH": PATH, "FORWARDED_ALLOW_IPS": "127.0.0.1"},
            stdout=subprocess.PIPE,
            stderr=(self._folder / f"{self.name}.log").open("a"),
            text=True,
        )
        assert self.process.stdout.readline(), (self._folder / f"{self.name}.log").read_text()

    def ready(self) -> None:
        """Wait until it says that it is."""
        for _ in range(600):
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/health/ready", timeout=10).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        raise AssertionError(f"{self.name} is not ready")

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(120) == 0


@pytest.fixture(scope="module")
def replicas(tmp_path_factory):
    folder = tmp_path_factory.mktemp("replicas")
    both = [Replica(name, folder) for name in ("one", "two")]
    for each in both:
        each.ready()
    yield both
    for each in both:
        each.process.kill()
        each.process.wait()


@pytest.fixture(scope="module")
def address(replicas, tmp_path_factory):
    """Of nginx, which runs the configuration of deploy/ with the replicas' ports, and says which one answered."""
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    text = re.sub(r"listen \d+;", f"listen 127.0.0.1:{port};", text)
    for each in replicas:
        text = re.sub(rf"server {each.name}:\d+", f"server 127.0.0.1:{each.port}", text)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = text.replace(
        "http {", f"http {{\naccess_log off;\nadd_header X-Replica $upstream_addr always;\n{temporary}", 1
    )
    # started by root, its workers would be another user, who may not write here
    user = "user root;\n" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(f"{user}pid {folder}/pid;\nerror_log {folder}/error.log;\n{text}")
    command = ["nginx", "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    for _ in range(200):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}{PATH}"
    process.terminate()
    process.wait(30)


def replica_ports(address) -> set[int]:
    """Of the replicas that nginx sends 24 requests of this machine to, eight connections at a time, as browsers do."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: httpx.get(f"{address}/health/live", timeout=30), range(24)))
    return {int(each.headers["X-Replica"].split(":")[-1]) for each in answers}


@pytest.fixture(scope="module")
def own_port(address) -> int:
    """Of the replica that this machine's visitors are sent to while both are there."""
    (port,) = replica_ports(address)
    return port


@pytest.fixture
def own_first(address, own_port, replicas) -> list[Replica]:
    """The replica that this machine's visitors are sent to, and the other one."""
    for _ in range(300):  # after its restart in another test, nginx leaves it out for a while
        if replica_ports(address) == {own_port}:
            break
        time.sleep(0.2)
    else:
        raise AssertionError("nginx does not come back to the visitors' replica")
    return sorted(replicas, key=lambda each: each.port != own_port)


class Calls:
    """Scores one picture again and again in a thread; what it got, and what failed."""

    def __init__(self, address: str, pixels: np.ndarray) -> None:
        self.scores, self.errors = [], []
        self._ended = threading.Event()
        self._address, self._pixels = address, pixels
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            with Client(f"{self._address}/", retries=20) as client:
                while not self._ended.is_set():
                    self.scores.append(client.predict(self._pixels)["Effusion"].score)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            self.errors.append(error)

    def more(self) -> None:
        """Wait for two further answers, the second of which began after this was called."""
        wanted = len(self.scores) + 2
        while len(self.scores) < wanted and not self.errors:
            time.sleep(0.05)

    def end(self) -> None:
        self._ended.set()
        self._thread.join(300)


def restart(replica: Replica) -> float:
    """Stop and start again; seconds until it is ready."""
    begin = time.monotonic()
    replica.stop()
    replica.start()
    replica.ready()
    return time.monotonic() - begin


def test_calls_and_a_visit_go_on_while_the_other_replica_is_restarted(
    address, own_first, chromium, phantom, phantom_file, steps, few_tests
):
    page = chromium.new_page()
    page.set_default_timeout(180_000)
    page.add_init_script(few_tests)
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{address}/?explainers=grad_cam,centred_gaussian")
    page.wait_for_selector(".masthead")
    steps.load(page, phantom_file)
    steps.compared(page)
    calls = Calls(address, phantom.display(512))
    calls.more()
    restart(own_first[1])
    steps.choose(page, "Grad-CAM", "LayerCAM")
    steps.compared(page)
    page.close()
    assert not faults
    calls.more()
    calls.end()
    assert not calls.errors
    assert len(set(calls.scores)) == 1


def test_calls_go_on_while_their_own_replica_is_restarted(address, own_first, phantom):
    calls = Calls(address, phantom.display(512))
    calls.more()
    seconds = restart(own_first[0])
    calls.more()
    calls.end()
    assert not calls.errors
    assert len(set(calls.scores)) == 1
    print(f"restarted in {seconds:.1f} s; {len(calls.scores)} answers, none lost")
