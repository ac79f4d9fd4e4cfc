"""What a visitor waits for: python tests/benchmarks/browser.py [--rounds 9] [--address URL]

Starts the page with the starter, warms it up, and measures in an installed Chromium, from the event that a visitor
causes to the frame that shows its answer: medians of the rounds, and their extremes, beside what is aimed at. Every
picture of one's own is a new one, so that nothing is remembered of it. With --address a page that runs is measured.
Not part of the test run.
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

AIMS_S = {
    "a sample: click to scores": 1.0,
    "a sample: click to the first panel": 1.5,
    "a file: choice to scores": 1.0,
    "a file: choice to the first panel": 1.5,
    "opacity: all panels drawn": 0.1,
    "view: all panels drawn": 0.1,
    "cells: all panels drawn": 0.1,
    "what if: corner to answer": 0.3,
}
"""Seconds, on a machine with two cores that does nothing else."""

CLOCK = """window.timed = (act, ...conditions) => new Promise((resolve) => {
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
window.another = () => {
    const old = window.cxrLens.page?.last("radiograph")?.token, {last} = window.cxrLens.page;
    const come = () => Boolean(last("radiograph")?.token && last("radiograph").token !== old);
    return [
        () => come() && last("scores")?.findings && last("scores").token !== old,
        () => come() && document.querySelector(".panel[data-state=done] .bar:not([hidden])"),
    ];
};
window.drawn = (act) => new Promise((resolve) => {
    const begin = performance.now();
    act();
    requestAnimationFrame(() => resolve((performance.now() - begin) / 1000));
});"""
"""Scripts that the page is measured with: how long after an act each condition first holds."""


@contextmanager
def served() -> Iterator[str]:
    """A page with the starter, until it is no longer needed."""
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


def finished(page) -> None:
    page.wait_for_function("document.querySelector('.comparison').getAttribute('aria-busy') === 'false'")


class Visit:
    """One page, gone through again and again; `seconds` grows."""

    def __init__(self, page) -> None:
        self.page = page
        self.files = pictures()
        self.seconds: dict[str, list[float]] = {name: [] for name in AIMS_S}

    def round(self, number: int) -> None:
        """Everything once."""
        self._sample(number)
        self._looks(number)
        self._region(number)
        self._file()

    def _keep(self, *values: tuple[str, float]) -> None:
        for name, seconds in values:
            self.seconds[name].append(seconds)

    def _sample(self, number: int) -> None:
        """Another sample each time: a second click on one asks for nothing."""
        click = "at => timed(() => document.querySelectorAll('.sample')[at].click(), ...another())"
        scores, panel = self.page.evaluate(click, number % 2)
        finished(self.page)
        self._keep(("a sample: click to scores", scores), ("a sample: click to the first panel", panel))

    def _file(self) -> None:
        """Playwright hands the file over; the clock starts with the event that the page gets of it."""
        self.page.evaluate("""() => {
            window.waited = new Promise((resolve) => document.addEventListener(
                "change", () => resolve(timed(() => {}, ...another())), {once: true, capture: true}));
        }""")
        file = {"name": "radiograph.png", "mimeType": "image/png", "buffer": next(self.files)}
        self.page.locator("[data-another] [data-file]").set_input_files(file)
        scores, panel = self.page.evaluate("window.waited")
        # the other panels of a picture that is seen once are nobody's wait here
        self.page.evaluate("document.querySelector('.comparison [data-stop]').click()")
        self._keep(("a file: choice to scores", scores), ("a file: choice to the first panel", panel))

    def _looks(self, number: int) -> None:
        opacity = """value => drawn(() => {
            const slider = document.querySelector("[data-opacity]");
            slider.value = value;
            slider.dispatchEvent(new Event("input", {bubbles: true}));
        })"""
        self._keep(("opacity: all panels drawn", self.page.evaluate(opacity, 40 + number % 20)))
        for view in ("signed", "percentile", "positive"):
            press = f"() => drawn(() => document.querySelector('input[name=lens-view][value={view}]').click())"
            self._keep(("view: all panels drawn", self.page.evaluate(press)))
        for _ in range(2):
            press = "() => drawn(() => document.querySelector('[data-cells]').click())"
            self._keep(("cells: all panels drawn", self.page.evaluate(press)))

    def _region(self, number: int) -> None:
        self.page.click("[data-mark]")
        (answer,) = self.page.evaluate(
            """corner => {
                const now = document.querySelector(".region [data-now]"), {publish} = window.cxrLens.page;
                publish("mark", {y: corner, x: corner});
                return timed(() => publish("mark", {y: corner + 0.3, x: corner + 0.2}),
                    () => now.textContent.startsWith("Without it"));
            }""",
            0.1 + 0.02 * number,
        )
        self._keep(("what if: corner to answer", answer))


def measured(address: str, rounds: int) -> dict[str, list[float]]:
    """Seconds of each thing in each round, after one round to warm up."""
    from playwright.sync_api import sync_playwright

    executable = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if executable is None:
        raise SystemExit("No Chromium is installed.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(120_000)
        page.add_init_script(CLOCK)
        page.goto(address)
        page.wait_for_function("window.cxrLens?.page?.last('network')?.state === 'ready'", timeout=120_000)
        Visit(page).round(0)
        visit = Visit(page)
        for number in range(rounds):
            visit.round(number + 1)
        browser.close()
    return visit.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--address", help="of a page that runs already")
    given = parser.parse_args()
    if given.address:
        seconds = measured(given.address, given.rounds)
    else:
        with served() as address:
            seconds = measured(address, given.rounds)
    print(f"{'what':36} {'median s':>9} {'min':>7} {'max':>7} {'aim':>6}")
    for name, each in seconds.items():
        print(f"{name:36} {statistics.median(each):9.3f} {min(each):7.3f} {max(each):7.3f} {AIMS_S[name]:6.1f}")


if __name__ == "__main__":
    main()
