"""The typed client, on a running page, and without anything but gradio_client and NumPy."""

import subprocess
import sys
from concurrent.futures import CancelledError
from pathlib import Path

import cv2
import numpy as np
import pytest

from cxr import read_radiograph
from explainers import compare
from explainers.client import CallError, Client, FailedExplainer
from explainers.client.pictures import png_of

ROOT = Path(__file__).resolve().parents[2]

LIGHT = """
import sys

class Refusing:
    def find_spec(self, name, path=None, target=None):
        first = name.split(".")[0]
        if first in {forbidden!r} or (first in ("cxr", "hub", "explainers") and not
                name.startswith("explainers.client") and name not in ("explainers", "hub", "hub.lazy_imports")):
            raise ImportError(f"{{name}} is not for clients")

sys.meta_path.insert(0, Refusing())
from explainers.client import Client
with Client({address!r}) as client:
    print(client.explain({file!r}, "Effusion", "left_half").map.shape, client.predict({file!r})["Mass"].finding)
"""

FORBIDDEN = (
    "tensorflow",
    "keras",
    "gradio",
    "cv2",
    "PIL",
    "sklearn",
    "scipy",
    "pluggy",
    "onnxruntime",
    "torch",
    "h5py",
)


@pytest.fixture(scope="module")
def page(server):
    with Client(server) as client:
        yield client


@pytest.fixture(scope="module")
def pixels(phantom) -> np.ndarray:
    return phantom.display(512)


def test_it_works_with_gradio_client_and_numpy_alone(server, tmp_path, pixels):
    (tmp_path / "chest.png").write_bytes(png_of(pixels))
    code = LIGHT.format(forbidden=FORBIDDEN, address=server, file=str(tmp_path / "chest.png"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "(4, 4) Mass\n"


def test_scores_are_those_of_the_library(page, predictor, pixels):
    expected = predictor.predict(read_radiograph(pixels))
    prediction = page.predict(pixels)
    assert [each.finding for each in prediction.findings] == list(predictor.labels)
    for each in expected.findings:
        assert prediction[each.finding].logit == pytest.approx(each.logit, abs=1e-3)
    assert prediction.record["model"]["name"] == "starter"
    with pytest.raises(KeyError):
        prediction["Effusion "]


def test_a_map_comes_as_arrays_with_its_overlay_and_its_record(page, predictor, pixels):
    said = []
    explanation = page.explain(
        pixels,
        "Effusion",
        "grad_cam",
        options={"layer": "conv4_block24_concat"},
        seed=3,
        progress=lambda share, text: said.append(share),
    )
    events = compare(
        predictor,
        read_radiograph(pixels),
        "Effusion",
        ["grad_cam"],
        options={"grad_cam": {"layer": "conv4_block24_concat"}},
    )
    assert explanation.map == pytest.approx(list(events)[-1].explanation.map, abs=1e-4)
    assert explanation.input_map.shape == (224, 224)
    assert explanation.image_map.shape == (512, 512)
    assert explanation.overlay.startswith(b"\x89PNG")
    assert (explanation.explainer, explanation.finding) == ("grad_cam", "Effusion")
    assert explanation.record["seed"] == 3
    assert all(0 <= share <= 1 for share in said)


def test_a_comparison_has_what_was_made_and_what_failed(page, pixels):
    comparison = page.compare(
        pixels, "Effusion", ["grad_cam", "raises", "left_half"], measures=["localisation"], box=(100, 50, 200, 150)
    )
    assert [each.explainer for each in comparison.explanations] == ["grad_cam", "left_half"]
    assert comparison["left_half"].map.shape == (4, 4)
    (failed,) = comparison.failed
    assert isinstance(failed, FailedExplainer)
    assert (failed.explainer, failed.code) == ("raises", "EXPLAINER")
    assert comparison.agreement["explainers"] == ["grad_cam", "left_half"]
    assert "localisation" in comparison["grad_cam"].record["measures"]


def test_lists_and_states_come_as_the_api_answers_them(page):
    assert page.health()["live"] is True
    assert page.findings()["findings"]
    assert page.explainers()["explainers"]
    assert page.model_info(model="second")["model"]["name"] == "second"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [({"finding": "Efusion"}, "FINDING"), ({"seed": -1}, "OPTION"), ({"model": "nobody"}, "SOURCE")],
)
def test_a_refusal_has_the_code_and_the_sentence_of_the_server(page, pixels, arguments, code):
    with pytest.raises(CallError) as caught:
        page.explain(pixels, **arguments)
    assert caught.value.code == code
    assert caught.value.sentence in str(caught.value)


def test_regions_are_in_the_record_when_asked_for(page, pixels):
    assert "regions" not in page.explain(pixels, "Effusion").record
    assert page.explain(pixels, "Effusion", regions=0.05).record["regions"]["regions"]


def test_a_call_that_is_cancelled_ends(page, pixels):
    with pytest.raises(CancelledError):
        page.compare(pixels, "Effusion", ["occlusion", "rise"], cancelled=lambda: True)


def test_a_call_may_have_a_time_limit(server, pixels):
    with Client(server, timeout_s=0.01) as hurried, pytest.raises(CallError, match="TIMEOUT"):
        hurried.explain(pixels, "Effusion", "occlusion", options={"stride": 8})


@pytest.mark.parametrize("code", ["BUSY", "RATE", "STOPPING", "UPLOAD", "UNREACHABLE"])
def test_a_call_is_repeated_while_the_server_is_busy_after_the_time_that_it_says(page, monkeypatch, code):
    ends, waited = [CallError(code, "Full."), CallError(code, "Full."), {"retry_after_s": 7}], []

    def once(*_):
        end = ends.pop(0)
        if isinstance(end, CallError):
            raise end
        return end

    monkeypatch.setattr(page, "_once", once)
    monkeypatch.setattr(page, "_retry_after_s", lambda: 7.0)
    monkeypatch.setattr("explainers.client.calls._wait", lambda seconds, cancelled: waited.append(seconds))
    assert page.health() == {"retry_after_s": 7}
    assert waited == [7.0, 7.0]


@pytest.mark.parametrize(("code", "times"), [("BUSY", 6), ("OPTION", 1), ("INTERNAL", 1)])
def test_a_call_is_not_repeated_for_ever_and_not_for_another_reason(page, monkeypatch, code, times):
    calls = []

    def once(*_):
        calls.append(1)
        raise CallError(code, "No.")

    monkeypatch.setattr(page, "_once", once)
    monkeypatch.setattr(page, "_retry_after_s", lambda: 0.0)
    with pytest.raises(CallError):
        page.health()
    assert len(calls) == times


def test_the_time_to_wait_is_the_servers(page):
    assert page._retry_after_s() == 5


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 128], [255, 1]], np.uint8), [[0, 128 * 257], [65535, 257]]),
        (np.array([[0, 65535], [258, 1]], np.uint16), [[0, 65535], [258, 1]]),
        (np.array([[0, 1], [0.5, 0.25]]), [[0, 65535], [32768, 16384]]),
        (np.array([[True, False, True]]), [[65535, 0, 65535]]),
    ],
)
def test_an_array_is_sent_as_a_picture_of_full_depth(values, expected):
    decoded = cv2.imdecode(np.frombuffer(png_of(values), np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded.dtype == np.uint16
    assert decoded.tolist() == expected


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((2, 2, 3)),
        np.zeros(4),
        np.zeros((0, 4)),
        np.full((2, 2), np.nan),
        np.full((2, 2), 2.0),
        np.eye(2, dtype=int),
    ],
)
def test_an_array_that_is_no_picture_is_refused(values):
    with pytest.raises(ValueError, match=r"array|Floats"):
        png_of(values)
