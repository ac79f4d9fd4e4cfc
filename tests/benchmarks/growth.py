"""How cost grows, and what a share of the windows is worth: python tests/benchmarks/growth.py [--images DIR]

Seconds of occlusion as the windows get more, of forward passes as the batch and the picture grow; and, over the
pictures of a folder (synthetic chests without one), time and rank correlation of occlusion that computes a share of its
windows, with the map from all of them. Not part of the test run.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

ROUNDS = 3
SHARES = 30, 35, 40, 45, 50, 60


def median(job: Callable[[], object]) -> float:
    """Seconds, after a first call that compiles."""
    job()
    spent = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        job()
        spent.append(time.perf_counter() - begin)
    return statistics.median(spent)


def batches(predictor, prepared: np.ndarray) -> Iterator[str]:
    for count in (1, 2, 4, 8, 16, 32):
        batch = np.stack([prepared + np.float32(0.01 * at) for at in range(count)])
        spent = median(lambda batch=batch: predictor._engine.forward(batch))
        yield f"forward, {count} at once: {spent * 1e3:.0f} ms, {spent / count * 1e3:.0f} each"


def sides() -> Iterator[str]:
    """Of the same network on smaller and larger inputs, which its weights allow."""
    from cxr.checkpoint import read_checkpoint
    from cxr.engine import build_engine
    from cxr.engine.folded import fold
    from hub import resolve

    weights = read_checkpoint(resolve("starter")).weights
    for side in (112, 224, 320, 448):
        engine = build_engine(fold(weights, side=side, final_relu=True, hidden=0))
        batch = np.random.default_rng(0).standard_normal((1, side, side, 3)).astype(np.float32)
        spent = median(lambda engine=engine, batch=batch: engine.forward(batch))
        yield f"forward, {side} × {side}: {spent * 1e3:.0f} ms"


def windows(predictor, prepared: np.ndarray) -> Iterator[str]:
    for patch, stride in ((56, 28), (32, 16), (16, 16), (16, 8)):
        starts = [*range(0, 224 - patch, stride), 224 - patch]
        boxes = np.array([(top, left, patch, patch) for top in starts for left in starts])
        spent = median(lambda boxes=boxes: predictor.occluded(prepared, boxes, 0.0))
        yield f"occlusion {patch}/{stride}, {len(boxes)} windows: {spent:.2f} s, {spent / len(boxes) * 1e3:.0f} ms each"


def shares(predictor, pictures: list) -> Iterator[str]:
    from scipy.stats import spearmanr

    from explainers import Context
    from explainers.builtin.occlusion import Occlusion

    ranks: dict[int, list[list[float]]] = {share: [] for share in SHARES}
    spent: dict[int, list[float]] = {share: [] for share in (*SHARES, 100)}
    first: list[float] = []
    for picture in pictures:
        begin, reports = time.perf_counter(), []
        context = Context(
            predictor, picture, predictor.prepare(picture),
            report=lambda *_, begin=begin, reports=reports: reports.append(time.perf_counter() - begin),
        )  # fmt: skip
        maps = {}
        chosen = predictor.predict(picture).default_finding()
        names = [chosen, *(name for name in predictor.labels if name != chosen)]
        for share in (100, *SHARES):
            begin = time.perf_counter()
            maps[share] = Occlusion().explain_findings(context, names, share=share)
            spent[share].append(time.perf_counter() - begin)
        first.append(reports[0])
        for share in SHARES:
            pairs = zip(maps[100], maps[share], strict=True)
            ranks[share].append([spearmanr(one.ravel(), other.ravel())[0] for one, other in pairs])
    yield f"a first map after {statistics.median(first):.2f} s, at most {max(first):.2f} s"
    whole = statistics.median(spent[100])
    for share in SHARES:
        found = np.array(ranks[share])
        good, top = (found >= 0.95).mean(), int((found[:, 0] >= 0.95).sum())
        yield (
            f"{share} % of the windows: {statistics.median(spent[share]):.2f} s of {whole:.2f}; rank correlation of "
            f"the first finding's map ≥ 0.95 on {top} of {len(found)} pictures, the least {found[:, 0].min():.3f}; "
            f"of all findings' on {good:.0%}, the least {found.min():.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=Path, help="a folder of radiographs")
    parser.add_argument("--engine", default="auto")
    given = parser.parse_args()
    from cxr import Predictor, read_radiograph
    from cxr.phantom import phantom

    predictor = Predictor.load("starter", engine=given.engine)
    files = sorted(given.images.iterdir()) if given.images else []
    pictures = [read_radiograph(str(file)) for file in files]
    pictures = pictures or [phantom(seed=at, effusion=bool(at % 2)).radiograph for at in range(4)]
    prepared = predictor.prepare(pictures[0]).array
    print(f"Engine {predictor.engine}, {os.cpu_count()} cores.")
    for told in (batches(predictor, prepared), sides(), windows(predictor, prepared), shares(predictor, pictures)):
        for line in told:
            print(f"- {line}", flush=True)


if __name__ == "__main__":
    main()
