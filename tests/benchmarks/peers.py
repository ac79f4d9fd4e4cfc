"""This project beside what a user could pick instead: python tests/benchmarks/peers.py [IMAGE] [--rounds N] [--quick]

One run, one set of weights (the starter), one picture (a synthetic chest unless IMAGE is given), everything warmed up,
the jobs interleaved; medians, and their ratio to one plain compiled forward pass in Keras. Peers that are not installed
are left out: `pip install -e '.[bench]'`, and `pip install --no-deps xplique tf-keras-vis tf-explain` with what they
import, since their pins forbid this TensorFlow. How cost grows is told by `growth.py`. Not part of the test run.

`--quick` takes less than two minutes and needs no peer. It writes this project's own ratios to `ratios.json`, says
which of them became worse than in the committed `ratios-reference.json` by more than the spread, and ends with status
1 if any did. `--reference` replaces that file, on a machine that does nothing else.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(HERE.parents[1]))

import peer_answers  # noqa: E402
import ratios  # noqa: E402
from peer_jobs import BATCH, UNIT, Bench  # noqa: E402

QUICK, REFERENCE = HERE / "ratios.json", HERE / "ratios-reference.json"
QUICK_ROUNDS = 9

WINDOWS = 169
"""Of occlusion with patches of 32 pixels every 16, on an input of 224."""

PROMISED = [
    ("forward, 1: ours on onnxruntime", ("forward, 1: ONNX Runtime", "forward, 1: OpenVINO")),
    ("forward, 16: ours on onnxruntime", ("forward, 16: ONNX Runtime", "forward, 16: OpenVINO")),
    ("scores and Grad-CAM of 14 findings: ours on onnxruntime", (UNIT,)),
    ("gradient of the input: ours on onnxruntime", ("gradient of the input: plain tf.function of Keras",)),
    ("gradient of the input: ours on tensorflow", ("gradient of the input: plain tf.function of Keras",)),
    ("occlusion 32/16 of 14 findings: ours on onnxruntime", ("occlusion 32/16 of one finding: xplique",)),
    ("occlusion 32/16 of 14 findings, 40 % of the windows: ours on onnxruntime",
     ("occlusion 32/16 of one finding: xplique",)),
]  # fmt: skip
"""What is promised of one job beside the best of others."""


def promises(spent: ratios.Spent) -> Iterator[str]:
    for name, others in PROMISED:
        rivals = [spent[other] for other in others if other in spent]
        if name not in spent or not rivals:
            continue
        low, middle, high = ratios.ratio(spent[name], min(rivals, key=statistics.median))
        yield f"{name} takes {middle:.2f} times [{low:.2f} to {high:.2f}] what {' or '.join(others)} takes"


def whole(given: argparse.Namespace) -> int:
    """The table of all jobs, and what can be said of them."""
    bench = Bench(given.image)
    jobs = {name: job for name, job in bench.jobs().items() if given.only in name or name == UNIT}
    spent = ratios.interleaved(jobs, given.rounds, repeats=3)
    unit = statistics.median(spent[UNIT])
    print(f"Unit: one plain forward pass, {unit * 1e3:.0f} ms; {os.cpu_count()} cores.\n")
    print("| job | median s | spread | forward passes |\n|---|---|---|---|")
    for name, each in spent.items():
        middle = statistics.median(each)
        print(f"| {name} | {middle:.3f} | {min(each):.3f} to {max(each):.3f} | {middle / unit:.2f} |")
    print()
    lines = (peer_answers.sameness(bench), peer_answers.same_maps(bench), peer_answers.limit(bench), promises(spent))
    for line in (line for each in lines for line in each):
        print(f"- {line}")
    return 0


def quick_ratios(bench: Bench) -> dict[str, ratios.Ratio]:
    """This project's own ratios on its fastest engine."""
    engine = list(bench.ours)[-1]
    predictor, one = bench.ours[engine], bench.input[None]
    jobs = bench.forward() | bench.cams()
    names = {
        "unit": UNIT,
        "one picture": f"forward, 1: ours on {engine}",
        "16 pictures": f"forward, {BATCH}: ours on {engine}",
        "scores and Grad-CAM of all findings": f"scores and Grad-CAM of 14 findings: ours on {engine}",
    }
    chosen = {name: jobs[job] for name, job in names.items()} | {
        "gradient of the input": lambda: predictor.input_gradient(one, "Effusion"),
        "LayerCAM's gradient": lambda: predictor.layer_gradient(one, "pool4_relu", "Effusion"),
        "occlusion": partial(bench.occluded, predictor),
        "occlusion, 40 % of the windows": partial(bench.occluded, predictor, 40),
    }
    spent = ratios.interleaved(chosen, QUICK_ROUNDS, repeats=3)
    found = {
        f"{name} / a plain forward pass in Keras": ratios.ratio(spent[name], spent["unit"])
        for name in chosen
        if name != "unit" and not name.startswith("occlusion")
    }
    passes = WINDOWS / BATCH
    for name in ("occlusion", "occlusion, 40 % of the windows"):
        found[f"{name} / {WINDOWS} passes in batches of 16"] = ratios.ratio(spent[name], spent["16 pictures"], passes)
    return found


def quick(given: argparse.Namespace) -> int:
    bench = Bench(given.image)
    engine, found = list(bench.ours)[-1], quick_ratios(bench)
    ratios.write(REFERENCE if given.reference else QUICK, found, engine)
    before, where = ratios.read(REFERENCE)
    print(f"Reference: {where}; here: {os.cpu_count()} cores, {engine}.\n")
    print("| ratio | now | reference |\n|---|---|---|")
    for name, each in found.items():
        now, then = (f"{one.middle:.2f} [{one.low:.2f} to {one.high:.2f}]" for one in (each, before.get(name, each)))
        print(f"| {name} | {now} | {then if name in before else '–'} |")
    changed = sorted(ratios.changes(found, before))
    for name, direction in changed:
        print(f"- {direction}: {name}")
    return int(any(direction == "worse" for _, direction in changed))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image", nargs="?", help="a radiograph; default: a synthetic chest")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="jobs whose names have this in them")
    parser.add_argument("--quick", action="store_true", help="this project's own ratios beside the reference")
    parser.add_argument("--reference", action="store_true", help="as --quick, and write the reference")
    given = parser.parse_args()
    return quick(given) if given.quick or given.reference else whole(given)


if __name__ == "__main__":
    sys.exit(main())
