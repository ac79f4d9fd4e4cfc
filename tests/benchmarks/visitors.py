"""Many visitors at once: python tests/benchmarks/visitors.py [--visitors 16] [--comparisons 4] [--engine NAME]

Scores of different pictures, one after another and all at once, and how long a score waits as visitors get more; then
the same with three-way comparisons under way: how long everything takes, how long a score waits, and whether every
answer is its own picture's. Not part of the test run.
"""

import argparse
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

THREE = ("grad_cam", "occlusion", "saliency")

CURVE = 1, 4, 16, 64
"""Visitors who ask for a score at the same moment."""


def at_once(jobs: Sequence[Callable[[], None]]) -> float:
    """Seconds until all are done, each in a thread of its own."""
    threads = [threading.Thread(target=job) for job in jobs]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begin


def one_after_another(jobs: Sequence[Callable[[], None]]) -> float:
    begin = time.perf_counter()
    for job in jobs:
        job()
    return time.perf_counter() - begin


class Visitors:
    """Different pictures, what is asked of them, and the answers."""

    def __init__(self, engine: str, count: int) -> None:
        from cxr import Predictor
        from cxr.phantom import phantom

        self.predictor = Predictor.load("starter", engine=engine)
        self.predictor.build()
        sources = [phantom(seed=at, size=512, effusion=at % 2 == 0).radiograph for at in range(count)]
        self.sources = sources
        self.waits: list[float] = []
        self.answers: list[tuple[int, int, np.ndarray]] = []

    def scores(self, changed: int) -> list[Callable[[], None]]:
        """One a visitor, of pictures that no round before has seen."""
        return [lambda at=at: self.score(at, changed) for at in range(len(self.sources))]

    def score(self, at: int, changed: int) -> None:
        begin = time.perf_counter()
        logits = [each.logit for each in self.predictor.predict(self.picture(at, changed)).findings]
        self.waits.append(time.perf_counter() - begin)
        self.answers.append((at, changed, np.array(logits)))

    def picture(self, at: int, changed: int):
        from cxr import read_radiograph

        return read_radiograph(np.clip(self.sources[at].grey + 1e-4 * changed, 0, 1))

    def curve(self) -> Iterator[str]:
        """How long a score waits as more visitors ask at the same moment, and how many scores there are in a second."""
        for round_, count in enumerate(CURVE):
            self.waits.clear()
            # all pictures differ: each source as often as needed, in shades of its own
            places = [(at % len(self.sources), 200 + 100 * round_ + at // len(self.sources)) for at in range(count)]
            spent = at_once([partial(self.score, at, changed) for at, changed in places])
            middle, most = middle_and_most(self.waits)
            yield f"{count} scores at once: {middle:.2f} s, 95 % at most {most:.2f} s; {count / spent:.0f} a second"

    def comparisons(self, count: int, changed: int) -> list[Callable[[], None]]:
        from explainers import compare

        def run(at: int) -> None:
            for event in compare(self.predictor, self.picture(at, changed), "Effusion", THREE):
                assert type(event).__name__ != "Failed", event

        return [lambda at=at: run(at) for at in range(count)]

    def mixed_up(self) -> int:
        """Answers that are not what the same picture gets when nobody else asks."""
        wrong = 0
        for at, changed, logits in self.answers:
            alone = self.predictor.forward(self.predictor.prepare(self.picture(at, changed)).array[None])[0]
            wrong += np.abs(alone - logits).max() > 1e-4
        return wrong


def middle_and_most(waits: Sequence[float]) -> tuple[float, float]:
    """Median, and what 95 % of the waits do not exceed."""
    ordered = sorted(waits)
    return statistics.median(ordered), ordered[int(0.95 * (len(ordered) - 1))]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--visitors", type=int, default=16)
    parser.add_argument("--comparisons", type=int, default=4)
    parser.add_argument("--engine", default="auto")
    given = parser.parse_args()
    visitors = Visitors(given.engine, given.visitors)
    at_once(visitors.scores(0))  # warms up both sizes of batch
    one_after_another(visitors.scores(1))
    ratios = []
    for round_ in range(5):
        alone = one_after_another(visitors.scores(10 + round_))
        together = at_once(visitors.scores(100 + round_))
        ratios.append(alone / together)
    print(f"engine {visitors.predictor.engine}; {given.visitors} scores at once: "
          f"{statistics.median(ratios):.2f} times the throughput of one after another")  # fmt: skip
    for line in visitors.curve():
        print(line, flush=True)
    jobs = visitors.comparisons(given.comparisons, 1000), visitors.scores(1000)
    alone = one_after_another([*jobs[0], *jobs[1]])
    visitors.waits.clear()
    jobs = visitors.comparisons(given.comparisons, 2000), visitors.scores(2000)
    together = at_once([*jobs[0], *jobs[1]])
    middle, most = middle_and_most(visitors.waits)
    print(f"with {given.comparisons} three-way comparisons: {alone / together:.2f} times the throughput")
    print(f"a score waits {middle:.2f} s, 95 % at most {most:.2f} s")
    print(f"answers mixed up: {visitors.mixed_up()}")


if __name__ == "__main__":
    main()
