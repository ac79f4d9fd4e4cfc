"""Every built-in explainer on networks of eight families: python tests/benchmarks/matrix.py [NETWORK ...]

A cell is "works", or why the map is not available. Networks have random weights but the packaged ones; those whose
library is not installed are left out. The costly explainers get few passes. Not part of the test run.
"""

import argparse
import os
import runpy
import sys
import tempfile
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
CHEAP: Mapping[str, Mapping[str, Any]] = {
    "occlusion": {"patch": 112, "stride": 112},
    "rise": {"most": 256, "agreement": 0.5},
    "integrated_gradients": {"steps": 8, "baseline": "mean"},
    "expected_gradients": {"draws": 16},
    "smoothgrad": {"samples": 8},
}
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
    if name in KERAS:
        runpy.run_path(str(EXAMPLES / "keras_models.py"))["main"](
            [name, "--out", str(folder / name), "--labels", "Pneumonia", "Effusion"]
        )
        return str(folder / name / "model.keras")
    if name == "keras_vit":
        made = runpy.run_path(str(EXAMPLES / "keras_vit.py"))
        made["write"](folder / name)
        return str(folder / name / "model.keras")
    if name == "scorer":
        (folder / "scorer.py").write_text(SCORER)
        return str(folder / "scorer.py")
    return str(EXAMPLES / f"{name}.py") if name in NEEDS else name


def cells(source: str) -> Iterator[tuple[str, str]]:
    """(explainer, "works" or the code and reason of its failure)."""
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
            yield event.explainer, f"{event.code}: {event.reason}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=f"default: {', '.join(NETWORKS)}")
    wanted = parser.parse_args().networks or NETWORKS
    there = [name for name in wanted if name not in NEEDS or find_spec(NEEDS[name])]
    with tempfile.TemporaryDirectory() as folder:
        found = {name: dict(cells(source_of(name, Path(folder)))) for name in there}
    print(f"| explainer | {' | '.join(there)} |\n|---|{'---|' * len(there)}")
    for explainer in found[there[0]]:
        print(f"| {explainer} | {' | '.join(found[name][explainer] for name in there)} |")


if __name__ == "__main__":
    main()
