"""Every built-in explainer on networks of eight families: python tests/benchmarks/matrix.py [NETWORK ...]

A cell is "works", or what the network lacks; anything else is a fault, and the exit status is 1. The packaged networks
are as they are. The others are those of examples/networks, with random weights and an input of 64 pixels; those whose
library is not installed are left out. The costly explainers get few passes. Not part of the test run.
"""

import argparse
import os
import re
import runpy
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "networks"
KERAS = ("ResNet50", "EfficientNetB0", "MobileNetV2")
NEEDS = {"torchvision_densenet121": "torchvision", "torchvision_vit": "torchvision"}
NETWORKS = ("starter", "lite0", *KERAS, "keras_vit", *NEEDS, "scorer")
SMALLER = (("224", "64"), ("14, 14", "4, 4"), ("vit_b_16(num", "vit_b_16(image_size=64, num"))
"""What is exchanged in an example's text: side of the input, grid of the patches, torchvision's own argument."""

CHEAP: Mapping[str, Mapping[str, Any]] = {
    "occlusion": {"patch": 32, "stride": 32},
    "rise": {"most": 256, "agreement": 0.5},
    "integrated_gradients": {"steps": 8, "baseline": "mean"},
    "expected_gradients": {"draws": 16},
    "smoothgrad": {"samples": 8},
}
LACKS = re.compile(r"Not available: (?P<what>needs .*), which this network does not give\.")

SCORER = '''
from explainers import Network, hookimpl

class Scorer(Network):
    """The mean of the upper half."""
    name, labels, input = "scorer", ("Pneumonia", "Effusion"), {"rule": "0..1", "size": 224}

    def forward(self, batch):
        upper = batch[:, :112].mean(axis=(1, 2, 3))
        return upper[:, None] * [[1.0, -1.0]]

@hookimpl
def cxr_lens_networks():
    return [Scorer]
'''


def source_of(name: str, folder: Path) -> str:
    """What `--model` names the network by; files are made in `folder`."""
    if name == "scorer":
        (folder / "scorer.py").write_text(SCORER)
        return str(folder / "scorer.py")
    if name in NEEDS:
        return str(smaller(name, folder))
    if name in KERAS:
        main = runpy.run_path(str(smaller("keras_models", folder)))["main"]
        main([name, "--out", str(folder / name), "--labels", "Pneumonia", "Effusion"])
        return str(folder / name / "model.keras")
    if name == "keras_vit":
        runpy.run_path(str(smaller("keras_vit", folder)))["write"](folder / name)
        return str(folder / name / "model.keras")
    return name


def smaller(example: str, folder: Path) -> Path:
    """The example's file with a small input."""
    text = (EXAMPLES / f"{example}.py").read_text()
    for given, small in SMALLER:
        text = text.replace(given, small)
    file = folder / f"{example}.py"
    file.write_text(text)
    return file


def cells(source: str) -> Iterator[tuple[str, str]]:
    """(explainer, "works", what the network lacks, or the code and reason of another failure)."""
    from cxr.errors import NotAvailable
    from cxr.phantom import phantom
    from explainers import Registry, compare, load_network
    from explainers.running.comparison import Failed, Finished

    predictor, registry = load_network(source), Registry.standard()
    radiograph = phantom(seed=1, size=256, effusion=True).radiograph
    events = compare(
        predictor, radiograph, predictor.labels[0], list(registry.explainers),
        options={name: dict(given) for name, given in CHEAP.items()}, registry=registry,
    )  # fmt: skip
    for event in events:
        if isinstance(event, Finished):
            yield event.explainer, "works"
        elif isinstance(event, Failed):
            lacks = LACKS.fullmatch(event.reason) if event.code == NotAvailable.code else None
            yield event.explainer, lacks["what"] if lacks else f"FAULT {event.code}: {event.reason}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=f"default: {', '.join(NETWORKS)}")
    wanted = parser.parse_args().networks or NETWORKS
    there = [name for name in wanted if name not in NEEDS or find_spec(NEEDS[name])]
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in there:
            begin = time.perf_counter()
            found[name] = dict(cells(source_of(name, Path(folder))))
            print(f"{name}: {time.perf_counter() - begin:.0f} s", file=sys.stderr)
    print(f"| explainer | {' | '.join(there)} |\n|---|{'---|' * len(there)}")
    for explainer in found[there[0]]:
        print(f"| {explainer} | {' | '.join(found[name][explainer] for name in there)} |")
    return int(any("FAULT" in cell for network in found.values() for cell in network.values()))


if __name__ == "__main__":
    sys.exit(main())
