"""What a process of its own costs a plugin's explainer: python tests/benchmarks/isolation.py [--rounds 15]

Median milliseconds of a trivial explainer in this process and in one of its own, and the most memory that the other
process held. Not part of the test run.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

PLUGIN = '''
import re
from pathlib import Path

from explainers import Explainer, hookimpl


class Mean(Explainer):
    """The mean over the channels."""

    name, title, unit = "mean", "Mean", "input"

    def explain(self, context, finding):
        status = Path("/proc/self/status")  # getrusage has the parent's memory in it
        context.note(kilobytes=int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]))
        return context.input.mean(-1)


@hookimpl
def cxr_lens_explainers():
    return [Mean]
'''


def main() -> None:
    from cxr import Predictor
    from cxr.phantom import phantom
    from explainers import Registry, compare
    from explainers.running.isolation import Isolation

    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    predictor, radiograph = Predictor.load("starter"), phantom(seed=1, size=1024, effusion=True).radiograph
    with tempfile.TemporaryDirectory() as folder:
        plugin = Path(folder) / "mean_of_channels.py"
        plugin.write_text(PLUGIN)
        for words, isolation in (("in this process", None), ("isolated", Isolation(60))):
            registry = Registry.standard([str(plugin)], isolation=isolation)
            spent = []
            for _ in range(rounds + 2):
                begin = time.perf_counter()
                *_, done = compare(predictor, radiograph, "Effusion", ["mean"], registry=registry)
                spent.append(time.perf_counter() - begin)
            held = f", {done.explanation.notes['kilobytes'] / 1024:.0f} MB" if isolation else ""
            print(f"{words}: {statistics.median(spent[2:]) * 1000:.0f} ms{held}")


if __name__ == "__main__":
    main()
