"""Ratios of times between interleaved jobs, and whether they became worse than a reference.

Times of one machine say little about another; ratios between jobs of one run carry over better. A ratio is measured
round by round, so that a busy minute of the machine is in both of its jobs. The middle half of the rounds is its
spread.
"""

import json
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

Spent = Mapping[str, list[float]]
"""Seconds of each round of each job."""


class Ratio(NamedTuple):
    """Median of a ratio over the rounds, and the ends of the middle half."""

    low: float
    middle: float
    high: float


def seconds(job: Callable[[], object]) -> float:
    begin = time.perf_counter()
    job()
    return time.perf_counter() - begin


def interleaved(jobs: Mapping[str, Callable[[], object]], rounds: int, *, repeats: int = 1) -> dict[str, list[float]]:
    """Seconds of each job in each round, after a first call that compiles.

    repeats  calls of a job in one round, of which the fastest counts; one that takes a second is called once
    """
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    first = {name: seconds(job) for name, job in jobs.items()}
    for _ in range(rounds):
        for name, job in jobs.items():
            times = 1 if first[name] > 1 else repeats
            spent[name].append(min(seconds(job) for _ in range(times)))
    return spent


def ratio(one: list[float], other: list[float], factor: float = 1.0) -> Ratio:
    """Of one job to `factor` times another, round by round."""
    each = sorted(a / (factor * b) for a, b in zip(one, other, strict=True))
    low, high = (each[round(share * (len(each) - 1))] for share in (0.25, 0.75))
    return Ratio(low, statistics.median(each), high)


def changes(now: Mapping[str, Ratio], before: Mapping[str, Ratio]) -> Iterator[tuple[str, str]]:
    """(name, "worse" or "better") of each ratio whose middle halves do not overlap; larger is worse."""
    for name in now.keys() & before.keys():
        if now[name].low > before[name].high:
            yield name, "worse"
        elif now[name].high < before[name].low:
            yield name, "better"


def write(file: Path, found: Mapping[str, Ratio], engine: str) -> None:
    """Ratios as JSON: {"cores", "engine", "ratios": {name: [low, middle, high]}}."""
    rounded = {name: [round(value, 4) for value in each] for name, each in found.items()}
    record = {"cores": os.cpu_count(), "engine": engine, "ratios": rounded}
    file.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read(file: Path) -> tuple[dict[str, Ratio], str]:
    """Ratios that `write` wrote, and on what: cores and engine."""
    record = json.loads(file.read_text(encoding="utf-8"))
    found = {name: Ratio(*values) for name, values in record["ratios"].items()}
    return found, f"{record['cores']} cores, {record['engine']}"
