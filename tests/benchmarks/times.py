"""Times and memory of the page and of each explainer: python tests/benchmarks/times.py [IMAGE]

Start-up is measured on a server process of its own (`python demo.py`), from its start to the first byte of the page,
to the first score, and to a finished comparison of all explainers; memory is what that process then holds. Explainers
are measured in this process, warmed up, interleaved with plain forward passes, as medians, so that ratios hold on a
busy machine too. Without IMAGE a synthetic phantom is used. Not part of the test run.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 7
"""Rounds of every job; occlusion takes the most, some 10 s a round on two cores."""


def picture() -> Path:
    """The image given on the command line, or a phantom written to a temporary file."""
    if len(sys.argv) > 1:
        return Path(sys.argv[1])
    from PIL import Image

    from cxr.phantom import phantom

    file = Path(tempfile.mkdtemp()) / "phantom.png"
    Image.fromarray(phantom(seed=1, effusion=True).radiograph.display(1024)).save(file)
    return file


def wait_for(ready: Callable[[], bool], timeout_s: float = 120) -> float:
    """Seconds until `ready()`; asks every 20 ms."""
    begin = time.perf_counter()
    while not ready():
        if time.perf_counter() - begin > timeout_s:
            raise TimeoutError(f"not ready after {timeout_s} s")
        time.sleep(0.02)
    return time.perf_counter() - begin


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.read(1))
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def resident_mb(process: int) -> float:
    """Resident memory of a process, from /proc (Linux)."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def page(file: Path) -> dict[str, float]:
    """Start a server and go through a first visit by its endpoints."""
    from gradio_client import Client, handle_file

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    begin = time.perf_counter()
    server = subprocess.Popen([sys.executable, str(ROOT / "demo.py"), "--port", str(port)], env=os.environ)
    try:
        wait_for(lambda: answers(address))
        first_page = time.perf_counter() - begin
        client = Client(address, verbose=False)
        client.predict(image=handle_file(str(file)), model="", api_name="/predict")
        first_score = time.perf_counter() - begin
        client.predict(image=handle_file(str(file)), api_name="/compare")
        return {
            "first byte of the page, s": first_page,
            "first score, s": first_score,
            "first comparison done, s": time.perf_counter() - begin,
            "resident after it, MB": resident_mb(server.pid),
        }
    finally:
        server.terminate()
        server.wait(30)


def jobs(file: Path) -> dict[str, Callable[[], object]]:
    """What is timed in this process. Predictions are made on a new picture each time, so that nothing is remembered."""
    import numpy as np

    from cxr import Predictor, read_radiograph
    from explainers import compare

    predictor = Predictor.load("starter")
    radiograph = read_radiograph(file)
    noise = np.random.default_rng(0)

    def fresh():
        shifted = radiograph.grey + noise.uniform(0, 1e-3, radiograph.grey.shape).astype("float32")
        return read_radiograph(np.clip(shifted, 0, 1))

    def explain(name):
        (*_, last) = compare(predictor, fresh(), "Effusion", [name])
        assert hasattr(last, "explanation"), last

    prepared = predictor.prepare(radiograph).array[None]
    return {
        "forward pass, batch 1": lambda: predictor.forward(prepared + noise.normal(0, 1e-4, prepared.shape)),
        "reading the picture again from an array": fresh,
        "score (prepare, forward)": lambda: predictor.predict(fresh()),
        "Grad-CAM with scores": lambda: explain("grad_cam"),
        "saliency with scores": lambda: explain("saliency"),
        "occlusion 32/16 with scores": lambda: explain("occlusion"),
    }


def explainers(file: Path) -> dict[str, list[float]]:
    """Seconds of each round of each job, interleaved after one warm-up of all."""
    todo = jobs(file)
    for job in todo.values():
        job()
    seconds: dict[str, list[float]] = {name: [] for name in todo}
    for _ in range(ROUNDS):
        for name, job in todo.items():
            begin = time.perf_counter()
            job()
            seconds[name].append(time.perf_counter() - begin)
    return seconds


def main() -> None:
    file = picture()
    print(json.dumps({name: round(value, 2) for name, value in page(file).items()}, indent=1))
    seconds = explainers(file)
    unit = statistics.median(seconds["forward pass, batch 1"])
    print(f"{'job':42} {'median s':>9} {'min':>7} {'max':>7} {'forwards':>9}")
    for name, each in seconds.items():
        middle = statistics.median(each)
        print(f"{name:42} {middle:9.3f} {min(each):7.3f} {max(each):7.3f} {middle / unit:9.1f}")


if __name__ == "__main__":
    main()
