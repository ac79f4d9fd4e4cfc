"""Load of a running page: python tests/benchmarks/load.py [--clients 64] [--seconds 300] [--pause 0]

Starts a server on this machine and sends it mixed work of many clients: scores, one map, comparisons, lists. Each
client has a picture of its own and compares every answer with what the library computes from it. Prints throughput,
waiting times, refusals, wrong answers and the server's memory; ends with status 1 if an answer was wrong or an error
other than BUSY came. Not part of the test run. For growth of memory: --clients 4 --pause 1 --seconds 1200.
"""

import argparse
import io
import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

FINDING = "Effusion"
MIX = {"predict": 12, "explain": 4, "compare": 2, "findings": 1, "health": 1}
"""How often each kind of work is done, in parts."""

CLOSE = 1e-4
"""Of logits: the server may compute in other batches than the library here."""


class Caller:
    """One client: its picture, what must come of it, and what came."""

    def __init__(self, number: int, address: str, predictor, pause_s: float) -> None:
        from cxr import read_radiograph
        from cxr.phantom import phantom
        from explainers import compare

        pixels = phantom(seed=number, size=256, effusion=number % 2 == 0).radiograph.display(256)
        target = io.BytesIO()
        Image.fromarray(pixels).save(target, "PNG")
        self._png, self._pause_s = target.getvalue(), pause_s
        radiograph = read_radiograph(self._png)
        self._logits = {each.finding: each.logit for each in predictor.predict(radiograph).findings}
        *_, done = compare(predictor, radiograph, FINDING, ["grad_cam"])
        self._minimum, self._maximum = float(done.explanation.map.min()), float(done.explanation.map.max())
        self._http = httpx.Client(base_url=address, timeout=600)
        self._random = random.Random(number)
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.codes: Counter[str] = Counter()
        self.wrong: list[str] = []

    def run(self, end: float) -> None:
        """Work until then."""
        while time.monotonic() < end:
            (kind,) = self._random.choices(list(MIX), list(MIX.values()))
            begin = time.monotonic()
            try:
                code = self._call(kind)
            except httpx.TransportError as error:
                code = type(error).__name__
            self.codes[code] += 1
            if code == "OK":
                self.seconds[kind].append(time.monotonic() - begin)
            time.sleep(self._pause_s if code == "OK" else 1.0)

    def _call(self, kind: str) -> str:
        """The code of the answer; one that is not this picture's is noted."""
        arguments: dict = {}
        if kind in ("predict", "explain", "compare"):
            uploaded = self._http.post("/gradio_api/upload", files={"files": ("a.png", self._png, "image/png")})
            if uploaded.status_code != 200:
                return uploaded.json()["title"]
            arguments["image"] = {"path": uploaded.json()[0], "meta": {"_type": "gradio.FileData"}}
        if kind in ("explain", "compare"):
            arguments["finding"] = FINDING
        if kind == "compare":
            arguments["explainers"] = ["grad_cam", "centred_gaussian"]
        posted = self._http.post(f"/gradio_api/call/v2/{kind}", json=arguments)
        if posted.status_code != 200:
            return posted.json()["title"]
        text = self._http.get(f"/gradio_api/call/{kind}/{posted.json()['event_id']}").text
        *_, last = [block for block in text.split("\n\n") if block.strip() and "heartbeat" not in block]
        name, data = last.strip().split("\n")
        answer = json.loads(data.removeprefix("data: "))
        if name != "event: complete":
            return answer["title"]
        self._check(kind, answer)
        return "OK"

    def _check(self, kind: str, answer: list) -> None:
        if kind == "predict":
            found = {each["finding"]: each["logit"] for each in answer[0]["findings"]}
            if any(abs(found[name] - logit) > CLOSE for name, logit in self._logits.items()):
                self.wrong.append("predict: another picture's scores")
        elif kind in ("explain", "compare"):
            # Gradio gives the outputs of a generator as one
            record = answer[2] if kind == "explain" else answer[0][2]["results"][0]
            if not np.allclose([record["minimum"], record["maximum"]], [self._minimum, self._maximum], atol=CLOSE):
                self.wrong.append(f"{kind}: another picture's map")


def megabytes(process: subprocess.Popen) -> float:
    """Resident memory."""
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def report(callers: list[Caller], seconds: float, memory: list[float]) -> bool:
    """Print what came; whether all is right."""
    codes: Counter[str] = sum((each.codes for each in callers), Counter())
    wrong = [said for each in callers for said in each.wrong]
    print(f"{len(callers)} clients, {seconds:.0f} s: {codes['OK'] / seconds:.1f} answers a second; {dict(codes)}")
    for kind in MIX:
        waits = sorted(wait for each in callers for wait in each.seconds[kind])
        if len(waits) > 1:
            p50, p95, p99 = (statistics.quantiles(waits, n=100)[at - 1] for at in (50, 95, 99))
            print(f"{kind:9} n {len(waits):5}  p50 {p50:6.2f} s  p95 {p95:6.2f} s  p99 {p99:6.2f} s")
    after, before = statistics.median(memory[-5:]), statistics.median(memory[len(memory) // 4 :][:5])
    print(f"memory: {memory[0]:.0f} MB at first, {before:.0f} after a quarter, {after:.0f} at the end, "
          f"{max(memory):.0f} at most; growth since the quarter {after / before - 1:+.1%}")  # fmt: skip
    print(f"wrong answers: {len(wrong)} {Counter(wrong).most_common(3)}")
    return not wrong and set(codes) <= {"OK", "BUSY"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--pause", type=float, default=0, help="seconds between a client's calls")
    given = parser.parse_args()
    from cxr import Predictor

    server = subprocess.Popen(
        [sys.executable, str(ROOT / "demo.py"), "--model", "starter"], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        address = server.stdout.readline().split()[-1]
        predictor = Predictor.load("starter")
        callers = [Caller(number, address, predictor, given.pause) for number in range(given.clients)]
        end, memory = time.monotonic() + given.seconds, [megabytes(server)]
        threads = [threading.Thread(target=each.run, args=(end,)) for each in callers]
        for each in threads:
            each.start()
        while any(each.is_alive() for each in threads):
            memory.append(megabytes(server))
            time.sleep(1)
        return 0 if report(callers, given.seconds, memory) else 1
    finally:
        server.terminate()
        server.wait(60)


if __name__ == "__main__":
    sys.exit(main())
