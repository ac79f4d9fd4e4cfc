"""Speed and memory of whole data sets: python tests/benchmarks/batch.py --images DIR

What is compared takes turns in one process, a few hundred radiographs at a time, so that whatever else the machine does
falls on both. Seconds of processor time stand beside those of the clock: they depend less on what else runs.

- limit: passes over prepared radiographs that are in memory already, in batches; nothing is read, explained or written.
  With saliency, passes forward and back for each finding
- batch: what `python -m explainers batch` does, from files to tables
- loop: `compare` for each finding of each radiograph, one after another, as a short script does it; of occlusion, which
  explains all findings together, once a radiograph
"""

import argparse
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from cxr import Predictor, read_radiograph
from explainers import Registry, compare
from explainers.batch.plan import Plan
from explainers.batch.sources import Source, read_source
from explainers.batch.worker import Worker

LOOPED = 5
"""Radiographs of a loop in a turn: it is slow, and as slow for the next ones."""

TURNS = 5


def resident_mb() -> float:
    """Memory of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass
class Cost:
    """Radiographs, and seconds by the clock and of processor time that they took."""

    radiographs: int = 0
    clock_s: float = 0.0
    processor_s: float = 0.0

    @contextmanager
    def of(self, radiographs: int) -> Iterator[None]:
        """Add what the `with` block takes."""
        clock, processor = time.perf_counter(), time.process_time()
        yield
        self.clock_s += time.perf_counter() - clock
        self.processor_s += time.process_time() - processor
        self.radiographs += radiographs

    def share_of(self, other: "Cost") -> str:
        """Radiographs a second beside those of the other, by both clocks."""
        shares = (
            (theirs / other.radiographs) / (ours / self.radiographs)
            for ours, theirs in ((self.clock_s, other.clock_s), (self.processor_s, other.processor_s))
        )
        return "{:.1%} by the clock, {:.1%} of processor time".format(*shares)


def of(source: Source, first: int, last: int) -> Source:
    """Some radiographs of a source."""
    return Source(source.root, source.items[first:last])


def limit(predictor: Predictor, source: Source, cost: Cost, count: int, *, back: bool) -> None:
    """Passes alone, over the first radiographs again and again."""
    arrays = [predictor.prepare(read_radiograph(Path(source.root) / each.image)).array for each in source.items[:32]]
    batch = np.stack(arrays)[: min(count, 32)]
    with cost.of(-(-count // len(batch)) * len(batch)):
        for _ in range(0, count, len(batch)):
            predictor.forward_with(batch, predictor.target_layer)
            for finding in predictor.labels if back else ():
                predictor.input_gradient(batch, finding)


def reports(predictor: Predictor, source: Source, out: str, *explainers: str) -> Iterator[int]:
    """Radiographs of each batch as it is done; `out` is a new folder."""
    plan = Plan(root=source.root, out=out, explainers=explainers)
    for report in Worker(plan, predictor, Registry.standard()).run(source.items):
        yield report.images


def batch(predictor: Predictor, source: Source, cost: Cost, *explainers: str) -> None:
    """From files to tables."""
    with tempfile.TemporaryDirectory() as out, cost.of(len(source)):
        assert sum(reports(predictor, source, out, *explainers)) == len(source)


def loop(predictor: Predictor, source: Source, cost: Cost, *explainers: str) -> None:
    """`compare` for each radiograph."""
    registry = Registry.standard()
    findings = predictor.labels[:1] if explainers == ("occlusion",) else predictor.labels
    with cost.of(len(source)):
        for item in source.items:
            radiograph = read_radiograph(Path(source.root) / item.image)
            predictor.predict(radiograph)
            for finding in findings if explainers else ():
                list(compare(predictor, radiograph, finding, explainers, registry=registry))


def speed(predictor: Predictor, source: Source, explainers: tuple[str, ...], count: int, turns: int) -> None:
    """What a radiograph costs beside the network's own limit, and beside a loop."""
    ours, most, single = Cost(), Cost(), Cost()
    # everything is compiled, and every module imported, before it is timed
    for run in (batch, loop):
        run(predictor, of(source, 0, 2), Cost(), *explainers)
    size = -(-count // turns)
    for turn in range(turns):
        part = of(source, turn * size, min(count, (turn + 1) * size))
        if explainers != ("occlusion",):
            limit(predictor, source, most, len(part), back="saliency" in explainers)
        batch(predictor, part, ours, *explainers)
        loop(predictor, of(part, 0, len(part) if explainers == ("occlusion",) else LOOPED), single, *explainers)
    print(f"{' + '.join(('scores', *explainers))}: {ours.radiographs / ours.clock_s:.2f} radiographs/s over {count}")
    if most.radiographs:
        print(f"  of the limit: {ours.share_of(most)}")
    print(f"  of the loop:  {ours.share_of(single)}", flush=True)


def memory(predictor: Predictor, source: Source, every: int = 500) -> None:
    """Resident memory while a run goes on."""
    with tempfile.TemporaryDirectory() as out:
        done = itertools.accumulate(reports(predictor, source, f"{out}/run", "grad_cam"))
        seen, next_at = [], every
        for count in done:
            if count >= next_at:
                seen.append(resident_mb())
                print(f"after {count}: {seen[-1]:.0f} MB")
                next_at += every
    if len(seen) > 1:
        change = max(abs(each / seen[0] - 1) for each in seen)
        print(f"resident memory: {seen[0]:.0f} MB at the first, within {change:.1%} of it afterwards")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", required=True, metavar="DIR", help="folder of radiographs")
    parser.add_argument("--count", type=int, default=2000, metavar="N", help="for speed, 0 for none (default: 2000)")
    parser.add_argument("--occluded", type=int, default=50, metavar="N", help="for occlusion, 0 for none (default: 50)")
    parser.add_argument("--longest", type=int, default=5000, metavar="N", help="for memory, 0 for none (default: 5000)")
    parser.add_argument("--every", type=int, default=500, metavar="N", help="between looks at memory (default: 500)")
    given = parser.parse_args()
    source = read_source(given.images)
    predictor = Predictor.load("starter")
    predictor.build()
    few = max(TURNS, given.count // 50) if given.count else 0
    cases = [((), given.count), (("grad_cam",), given.count), (("grad_cam", "saliency"), few),
             (("occlusion",), given.occluded)]  # fmt: skip
    for explainers, count in cases:
        if count:
            speed(predictor, source, explainers, count, TURNS)
    if given.longest:
        memory(predictor, of(source, 0, given.longest), given.every)


if __name__ == "__main__":
    main()
