"""What a visitor waits for: python tests/benchmarks/browser.py [--rounds 5] [--address URL]

Starts the page with the packaged network, loads it, and measures in an installed Chromium, from the event that a
visitor causes to the frame that shows its answer: medians of the rounds and their extremes, beside the targets. Every
uploaded picture is a new one, so that nothing is cached of it. With --address a page that runs is measured. Not part
of the test run.
"""

import argparse
import io
import shutil
import socket
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")

TARGETS = {
    "arrival to scores and three maps, s": 2.0,
    "layout shift at 1440": 0.05,
    "layout shift at 390": 0.05,
    "first view beside Gradio's files, kB": 400,
    "upload to scores, s": 0.6,
    "upload to two maps, s": 1.5,
    "upload to three maps, s": 6.0,
    "opacity, all maps drawn, s": 0.1,
    "view, all maps drawn, s": 0.1,
    "region to its score, s": 0.5,
    "region to the ranking, s": 2.0,
}
"""The largest value that is accepted, on a machine with two cores that does nothing else."""

GRADIO = ("/assets/", "/static/", "/gradio_api/", "/theme.css", "/config", "/manifest")
"""Addresses of Gradio's own files and queue."""

SCRIPT = """
window.shifted = 0;
new PerformanceObserver((list) => {
    for (const each of list.getEntries()) if (!each.hadRecentInput) window.shifted += each.value;
}).observe({type: "layout-shift", buffered: true});
const last = (name) => window.cxrLens?.page?.last(name);
const drawn = (count) => document.querySelectorAll(".panel[data-state=done] .bar:not([hidden])").length >= count;
window.isArrived = () => Boolean(last("scores")?.findings) && drawn(3);
// seconds from the act until each condition first holds, and the frame after that
window.timed = (act, conditions) => new Promise((resolve) => {
    const seconds = [], begin = performance.now();
    const look = () => {
        while (seconds.length < conditions.length && conditions[seconds.length]()) {
            seconds.push((performance.now() - begin) / 1000);
        }
        if (seconds.length === conditions.length) requestAnimationFrame(() => resolve(seconds));
        else setTimeout(look, 4);
    };
    act();
    look();
});
window.uploaded = () => {
    const old = last("radiograph")?.token, isNew = () => last("radiograph")?.token && last("radiograph").token !== old;
    return [
        () => isNew() && last("scores")?.findings && last("scores").token !== old,
        () => isNew() && last("scores")?.findings && drawn(2),
        () => isNew() && last("scores")?.findings && drawn(3),
    ];
};
window.nextFrame = (act) => new Promise((resolve) => {
    const begin = performance.now();
    act();
    requestAnimationFrame(() => resolve((performance.now() - begin) / 1000));
});
"""
"""What the page is measured with."""

OPACITY = """value => nextFrame(() => {
    const slider = document.querySelector("[data-opacity]");
    slider.value = value;
    slider.dispatchEvent(new Event("input", {bubbles: true}));
})"""

REGION = """corner => {
    const page = window.cxrLens.page, now = document.querySelector("#region [data-now]");
    const ranking = document.querySelector("[data-ranking]");
    ranking.replaceChildren();
    now.textContent = "";
    return timed(() => page.publish("region", {top: corner, left: corner, height: 0.2, width: 0.2}), [
        () => now.textContent.includes("changes from"),
        () => ranking.querySelectorAll("tbody tr").length > 5,
    ]);
}"""

WAIT_FOR_CHOICE = """() => {
    window.waited = new Promise((resolve) => document.addEventListener(
        "change", () => resolve(timed(() => {}, uploaded())), {once: true, capture: true}));
}"""


@contextmanager
def served() -> Iterator[str]:
    """A page with the packaged network, until it is no longer needed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(ROOT / "demo.py"), "--model", "starter", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        process.stdout.readline()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def pictures() -> Iterator[bytes]:
    """PNG files of 1024 pixels, each another one."""
    import numpy as np
    from PIL import Image

    from cxr.phantom import phantom

    noise = np.random.default_rng()
    chest = phantom(seed=1, size=1024, effusion=True).radiograph.display(1024)
    while True:
        content = io.BytesIO()
        Image.fromarray(np.clip(chest + noise.integers(-2, 3, chest.shape), 0, 255).astype("uint8")).save(
            content, "PNG"
        )
        yield content.getvalue()


class Visitor:
    """A browser that does the same things again and again; `values` grows."""

    def __init__(self, browser, address: str) -> None:
        self.browser, self.address = browser, address
        self.files = pictures()
        self.values: dict[str, list[float]] = {name: [] for name in TARGETS}

    def round(self, number: int) -> None:
        """Everything once."""
        for width, height in ((1440, 900), (390, 844)):
            page = self._arrive(width, height)
            if width == 1440:
                self._look(page, number)
                self._region(page, number)
                self._upload(page)
            page.context.close()

    def _keep(self, *values: tuple[str, float]) -> None:
        for name, value in values:
            self.values[name].append(value)

    def _arrive(self, width: int, height: int):
        """A fresh browser window on the page: time, bytes, and what moved until a moment after."""
        context = self.browser.new_context(viewport={"width": width, "height": height})
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.add_init_script(SCRIPT)
        addresses, sizes = {}, {}
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        wire.on("Network.responseReceived", lambda each: addresses.update({each["requestId"]: each["response"]["url"]}))
        wire.on("Network.loadingFinished", lambda each: sizes.update({each["requestId"]: each["encodedDataLength"]}))
        page.goto(self.address, wait_until="commit")
        page.wait_for_function("window.isArrived?.()", polling="raf")
        seconds = page.evaluate("performance.now() / 1000")
        page.wait_for_timeout(1000)
        self._keep((f"layout shift at {width}", page.evaluate("window.shifted")))
        if width == 1440:
            own = [size for each, size in sizes.items() if not any(name in addresses[each] for name in GRADIO)]
            self._keep(("arrival to scores and three maps, s", seconds))
            self._keep(("first view beside Gradio's files, kB", sum(own) / 1000))
        return page

    def _look(self, page, number: int) -> None:
        self._keep(("opacity, all maps drawn, s", page.evaluate(OPACITY, 40 + number % 20)))
        for view in ("signed", "percentile", "positive"):
            press = f"() => nextFrame(() => document.querySelector('input[name=lens-view][value={view}]').click())"
            self._keep(("view, all maps drawn, s", page.evaluate(press)))

    def _region(self, page, number: int) -> None:
        # the tests that run by themselves would be waited for, too
        page.evaluate("document.querySelector('#measures [data-stop]').click()")
        score, ranking = page.evaluate(REGION, 0.1 + 0.02 * (number % 20))
        self._keep(("region to its score, s", score), ("region to the ranking, s", ranking))

    def _upload(self, page) -> None:
        """Playwright hands the file over; the clock starts with the event that the page gets of it."""
        page.evaluate(WAIT_FOR_CHOICE)
        file = {"name": "radiograph.png", "mimeType": "image/png", "buffer": next(self.files)}
        page.set_input_files("[data-file]", files=[file])
        scores, two, three = page.evaluate("window.waited")
        self._keep(("upload to scores, s", scores), ("upload to two maps, s", two), ("upload to three maps, s", three))


def measured(address: str, rounds: int) -> dict[str, list[float]]:
    """Values of each thing in each round, after one round to warm up."""
    from playwright.sync_api import sync_playwright

    executable = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if executable is None:
        raise SystemExit("No Chromium is installed.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        Visitor(browser, address).round(0)
        visitor = Visitor(browser, address)
        for number in range(rounds):
            visitor.round(number + 1)
        browser.close()
    return visitor.values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--address", help="of a page that runs already")
    given = parser.parse_args()
    if given.address:
        values = measured(given.address, given.rounds)
    else:
        with served() as address:
            values = measured(address, given.rounds)
    print(f"{'what':38} {'median':>9} {'min':>9} {'max':>9} {'target':>7}")
    for name, each in values.items():
        print(f"{name:38} {statistics.median(each):9.3f} {min(each):9.3f} {max(each):9.3f} {TARGETS[name]:7.2f}")


if __name__ == "__main__":
    main()
