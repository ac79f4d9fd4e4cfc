"""Memory of ten networks loaded one after another: python tests/benchmarks/networks.py [--count 10]

Copies of the two packaged networks, in turn, are loaded as the page loads them, which holds two at most; each scores a
radiograph and makes two maps. Prints this process's resident memory after each, and how much larger it is after the
last one of each kind than after the first one that was loaded beside the other kind. Ends with status 1 if that is more
than 10 %. Not part of the test run.
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

PACKAGED = "starter", "lite0"
MAPS = "grad_cam", "saliency"
MOST_GROWTH = 0.1


def resident_mb() -> float:
    """Of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def copies(folder: Path, count: int) -> list[str]:
    """Folders of checkpoints, of both kinds in turn."""
    from hub import resolve

    found = []
    for number in range(count):
        place = folder / f"{PACKAGED[number % len(PACKAGED)]}{number}"
        shutil.copytree(resolve(PACKAGED[number % len(PACKAGED)]).directory, place)
        found.append(str(place))
    return found


def used(networks, name: str) -> None:
    """Load a network, score a radiograph and explain it."""
    from cxr.phantom import phantom
    from explainers import compare

    predictor, radiograph = networks.find(name), phantom(seed=1, size=512, effusion=True).radiograph
    for event in compare(predictor, radiograph, "", MAPS):
        assert type(event).__name__ != "Failed", event
    while any(each.name == "build-network" for each in threading.enumerate()):
        time.sleep(0.1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--count", type=int, default=10)
    given = parser.parse_args()
    from explainers.page import heap
    from explainers.page.networks import Networks

    heap.configure()
    with tempfile.TemporaryDirectory() as folder:
        networks, sizes = Networks(copies(Path(folder), given.count)), []
        for name in networks.names:
            begin = time.perf_counter()
            used(networks, name)
            sizes.append(resident_mb())
            print(f"{name}: {sizes[-1]:.0f} MB, {time.perf_counter() - begin:.1f} s", flush=True)
    # the very first one was alone in memory
    kinds = len(PACKAGED)
    growth = max(sizes[-1 - kind] / sizes[1:][(len(sizes) - 2 - kind) % kinds] for kind in range(kinds)) - 1
    print(f"{given.count} networks: {growth:+.1%} of the memory after the first ones")
    return 0 if growth <= MOST_GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
