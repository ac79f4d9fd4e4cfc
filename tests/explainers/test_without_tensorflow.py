"""On ONNX Runtime neither the page's network nor any explainer or measure imports TensorFlow."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hub

pytest.importorskip("onnxruntime")

CODE = """
import json, resource, sys
from cxr.phantom import phantom
from explainers import compare, measure
from explainers.contract.needs import unavailable
from explainers.page.networks import Networks
from explainers.registry import Registry

networks = Networks([sys.argv[4]], engine="onnxruntime")
predictor, registry = networks.find(), Registry.standard()
radiograph = phantom(seed=1, size=256, effusion=True).radiograph
layer, most, measures = sys.argv[1], int(sys.argv[2]), sys.argv[3]
cheap = {
    "rise": {"most": 256}, "layer_cam": {"layer": layer}, "occlusion": {"stride": 32}, "smoothgrad": {"samples": 8},
    "integrated_gradients": {"steps": 8}, "expected_gradients": {"draws": 16},
}
missing = unavailable(registry.explainers, predictor)
names = [name for name, each in registry.explainers.items() if each.most_passes <= most and name not in missing]
few = {name: options for name, options in cheap.items() if name in names}
ends = list(compare(predictor, radiograph, "Effusion", names, options=few, registry=registry))
made = [each.explanation for each in ends if hasattr(each, "explanation")]
list(measure(predictor, radiograph, made[:1], measures.split(",") if measures else list(registry.measures)))
print(json.dumps({
    "failed": [each.reason for each in ends if hasattr(each, "reason")], "wanted": names,
    "made": [each.explainer for each in made], "imported": sorted({"tensorflow", "keras"} & set(sys.modules)),
    "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
}))
"""


@pytest.fixture
def small(tmp_path) -> Path:
    """The starter for a quarter of its pixels: what is imported does not hang on how many there are."""
    folder = shutil.copytree(Path(hub.__file__).parent / "starter", tmp_path / "small")
    config = json.loads((folder / "config.json").read_text())
    del config["average_maps"], config["benchmark"]  # of the other size
    (folder / "config.json").write_text(json.dumps(config | {"input": {"rule": "samplewise", "size": 112}}))
    return folder


@pytest.mark.parametrize(
    ("layer", "most", "measures"),
    [
        ("conv4_block2_0_relu", 3, "head_stability"),
        pytest.param("pool4_relu", 10_000, "", marks=pytest.mark.slow),
    ],
)
def test_explainers_and_measures_in_one_process(small, layer, most, measures):
    words = [sys.executable, "-c", CODE, layer, str(most), measures, str(small)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"at most {found['mb']} MB were resident")
    assert found["failed"] == []
    assert sorted(found["made"]) == sorted(found["wanted"])
    assert "layer_cam" in found["made"]
    assert found["imported"] == []
