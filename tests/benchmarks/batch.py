"""Speed and memory of whole data sets: python tests/benchmarks/batch.py --images DIR

All figures of a line are of one process on one machine. Run it on an idle one.

- limit: passes over prepared radiographs that are in memory already, in batches; nothing is read, explained or written
- batch: what `python -m explainers batch` does, from files to tables
- loop: `compare` for each finding of each radiograph, one after another, as a short script does it
"""

import argparse
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from cxr import Predictor, read_radiograph
from explainers import Registry, compare
from explainers.batch.plan import Plan
from explainers.batch.sources import Source, read_source
from explainers.batch.worker import Worker

LOOPED = 25
"""Radiographs of a loop: it is slow, and as slow for the next ones."""


def resident_mb() -> float:
    """Memory of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def of(source: Source, count: int) -> Source:
    """The first radiographs of a source."""
    return Source(source.root, source.items[:count])


def limit(predictor: Predictor, source: Source, count: int) -> float:
    """Radiographs a second of passes alone."""
    arrays = [predictor.prepare(read_radiograph(Path(source.root) / each.image)).array for each in source.items[:32]]
    batch = np.stack(arrays)
    predictor.forward_with(batch, predictor.target_layer)
    begin, done = time.perf_counter(), 0
    while done < count:
        predictor.forward_with(batch, predictor.target_layer)
        done += len(batch)
    return done / (time.perf_counter() - begin)


def reports(predictor: Predictor, source: Source, out: str, *explainers: str) -> Iterator[int]:
    """Radiographs of each batch as it is done; `out` is a new folder."""
    plan = Plan(root=source.root, out=out, explainers=explainers)
    for report in Worker(plan, predictor, Registry.standard()).run(source.items):
        yield report.images


def batch(predictor: Predictor, source: Source, *explainers: str) -> float:
    """Radiographs a second, from files to tables."""
    with tempfile.TemporaryDirectory() as out:
        list(reports(predictor, of(source, 8), f"{out}/warm", *explainers))
        begin = time.perf_counter()
        count = sum(reports(predictor, source, f"{out}/timed", *explainers))
        return count / (time.perf_counter() - begin)


def loop(predictor: Predictor, source: Source, *explainers: str) -> float:
    """Radiographs a second of `compare` for each finding."""
    registry = Registry.standard()
    begin = time.perf_counter()
    for item in source.items:
        radiograph = read_radiograph(Path(source.root) / item.image)
        predictor.predict(radiograph)
        for finding in predictor.labels if explainers else ():
            list(compare(predictor, radiograph, finding, explainers, registry=registry))
    return len(source) / (time.perf_counter() - begin)


def speed(predictor: Predictor, source: Source, count: int, occluded: int) -> None:
    """What a radiograph costs beside the network's own limit, and beside a loop."""
    most = limit(predictor, source, count)
    print(f"limit: {most:.2f} radiographs/s")
    cases = [
        ((), count),
        (("grad_cam",), count),
        (("grad_cam", "saliency"), max(1, count // 40)),
        (("occlusion",), occluded),
    ]
    for explainers, some in cases:
        ours = batch(predictor, of(source, some), *explainers)
        single = loop(predictor, of(source, min(LOOPED, some)), *explainers)
        name = " + ".join(("scores", *explainers))
        print(
            f"{name}: {ours:.2f} radiographs/s over {some}; {ours / most:.1%} of the limit; {ours / single:.1f} × loop"
        )


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
    parser.add_argument("--count", type=int, default=2000, metavar="N", help="radiographs for speed (default: 2000)")
    parser.add_argument("--occluded", type=int, default=50, metavar="N", help="for occlusion (default: 50)")
    parser.add_argument("--longest", type=int, default=5000, metavar="N", help="for memory (default: 5000)")
    parser.add_argument("--every", type=int, default=500, metavar="N", help="between looks at memory (default: 500)")
    given = parser.parse_args()
    source = read_source(given.images)
    predictor = Predictor.load("starter")
    predictor.build()
    speed(predictor, of(source, given.count), given.count, given.occluded)
    memory(predictor, of(source, given.longest), given.every)


if __name__ == "__main__":
    main()
