"""The examples of networks: each is loaded as a user would, and explained."""

import io
import json
import runpy
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from explainers import compare, load_network
from explainers.running.comparison import Failed, Finished

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "networks"
FILES = sorted(EXAMPLES.glob("*.py"))
NEEDS = {"torchvision": "torchvision", "torchxrayvision": "torchxrayvision", "keras_hub": "keras_hub"}


def needed(name):
    """Skip without the library that an example is about."""
    for beginning, package in NEEDS.items():
        if name.startswith(beginning) and not find_spec(package):
            pytest.skip(f"{package} is not installed")


def explained(predictor, radiograph, explainers):
    """{explainer: its last event}."""
    events = compare(predictor, radiograph, predictor.labels[-1], explainers)
    return dict(zip(explainers, [each for each in events if isinstance(each, Finished | Failed)], strict=False))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_has_at_most_40_lines(file):
    assert len(file.read_text().splitlines()) <= 40


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ResNet50", "EfficientNetB0", "MobileNetV2", "keras_vit"])
def test_a_keras_model_is_explained_without_a_class(name, tmp_path, phantom, monkeypatch):
    out = tmp_path / name
    given = [str(out)] if name == "keras_vit" else [name, "--out", str(out), "--labels", "Pneumonia", "Effusion"]
    script = "keras_vit" if name == "keras_vit" else "keras_models"
    monkeypatch.setattr(sys, "argv", [script, *given])
    runpy.run_path(str(EXAMPLES / f"{script}.py"), run_name="__main__")
    predictor = load_network(str(out / "model.keras"))
    assert predictor.labels == ("Pneumonia", "Effusion")
    found = explained(predictor, phantom, ["grad_cam", "saliency"])
    assert all(isinstance(event, Finished) for event in found.values()), found
    assert np.ptp(found["grad_cam"].explanation.map) > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["torchvision_densenet121", "torchvision_vit", "torchxrayvision_densenet", "keras_hub_vit"]
)
def test_a_plugins_network_is_explained(name, phantom):
    needed(name)
    predictor = load_network(str(EXAMPLES / f"{name}.py"))
    wanted = ["grad_cam", "saliency", *(["attention_relevance"] if name == "torchvision_vit" else [])]
    found = explained(predictor, phantom, wanted)
    assert list(found) == wanted
    for event in found.values():
        assert isinstance(event, Finished), event
        assert np.ptp(event.explanation.map) > 0


class Scorer(BaseHTTPRequestHandler):
    """Scores the mean of the upper half, which the test can compute itself."""

    def do_POST(self):
        batch = np.load(io.BytesIO(self.rfile.read(int(self.headers["Content-Length"]))))
        logits = batch[:, :112].mean(axis=(1, 2, 3))[:, None]
        answer = json.dumps({"logits": logits.tolist()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    with ThreadingHTTPServer(("127.0.0.1", 0), Scorer) as made:
        Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        monkeypatch.setenv("SCORER", f"http://127.0.0.1:{made.server_port}")
        yield made
        made.shutdown()


@pytest.mark.usefixtures("server")
def test_a_scorer_behind_http_gets_occlusion_and_says_what_it_lacks(phantom):
    predictor = load_network(str(EXAMPLES / "http_scorer.py"))
    prepared = predictor.prepare(phantom).array
    assert predictor.forward(prepared[None])[0, 0] == pytest.approx(prepared[:112].mean(), abs=1e-6)
    occluded, grad_cam = (explained(predictor, phantom, [name])[name] for name in ("occlusion", "grad_cam"))
    assert isinstance(occluded, Finished), occluded
    rows = np.abs(occluded.explanation.map).max(axis=1)
    assert rows[:6].all()
    assert not rows[8:].any()  # the lower half has no part in the score
    assert isinstance(grad_cam, Failed)
    assert "needs inner layers" in grad_cam.reason
