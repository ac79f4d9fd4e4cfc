"""The endpoints, as programs call them: with gradio_client, on a running page."""

import json
from pathlib import Path

import numpy as np
import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from cxr import read_radiograph
from explainers import compare
from explainers.regions import regions_record
from explainers.running.comparison import Finished

STARTER_SHA256 = json.loads((Path(__file__).parents[4] / "hub/starter/config.json").read_text())["weights"]["sha256"]


def refusal(client, *, api_name: str, **arguments) -> AppError:
    with pytest.raises(AppError) as caught:
        client.predict(api_name=api_name, **arguments)
    return caught.value


def made_here(predictor, file, finding, explainer, **options) -> np.ndarray:
    """The map that the library makes of the same file."""
    events = compare(predictor, read_radiograph(file), finding, [explainer], options={explainer: options})
    return list(events)[-1].explanation.map


def test_predict_gives_the_scores_of_the_library(client, predictor, phantom_file):
    answer = client.predict(image=handle_file(phantom_file), model="", api_name="/predict")
    expected = predictor.predict(read_radiograph(phantom_file))
    assert answer["api_version"] == 1
    assert answer["model"]["sha256"] == STARTER_SHA256
    assert [each["finding"] for each in answer["findings"]] == list(predictor.labels)
    for given, here in zip(answer["findings"], expected.findings, strict=True):
        assert given["logit"] == pytest.approx(here.logit, abs=1e-4)
        assert given["above_threshold"] == (given["score"] >= given["threshold"])
        assert given["score"] == pytest.approx(1 / (1 + np.exp(-given["logit"])), abs=1e-6)
    assert answer["input"]["mean"] == pytest.approx(0, abs=1e-4)
    assert answer["input"]["std"] == pytest.approx(1, abs=1e-3)


def test_predict_scores_real_radiographs(client, predictor, nih_full):
    for file in nih_full[:4]:
        answer = client.predict(image=handle_file(file), model="starter", api_name="/predict")
        expected = predictor.predict(read_radiograph(file))
        assert [each["score"] for each in answer["findings"]] == pytest.approx(
            [each.score for each in expected.findings], abs=1e-5
        )
        assert answer["warnings"] == []


def test_predict_reads_sixteen_bits_and_dicom(client, predictor, shared, tmp_path):
    ramp = np.tile(np.linspace(20_000, 21_000, 200).astype(np.uint16), (200, 1))
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    dicom = next((shared / "nih" / "dicom").glob("Fake_MONOHR1.dcm"))
    for file in (tmp_path / "ramp.png", dicom):
        answer = client.predict(image=handle_file(file), model="", api_name="/predict")
        expected = predictor.predict(read_radiograph(file))
        assert answer["findings"][0]["logit"] == pytest.approx(expected.findings[0].logit, abs=1e-4)


def test_explain_gives_picture_maps_and_record(client, predictor, nih_full):
    file = nih_full[2]
    picture, maps, record = client.predict(
        image=handle_file(file), finding="Effusion", explainer="grad_cam", api_name="/explain"
    )
    with Image.open(picture) as opened:
        assert opened.format == "PNG"
    with np.load(maps) as arrays:
        assert arrays["map"] == pytest.approx(made_here(predictor, file, "Effusion", "grad_cam"), abs=1e-5)
        assert arrays["input_map"].shape == (224, 224)
        height, width = np.asarray(Image.open(file)).shape[:2]
        assert arrays["image_map"].shape == (height, width)
    assert (record["explainer"], record["finding"], record["seed"]) == ("grad_cam", "Effusion", 0)
    assert record["options"] == {"layer": "conv5_block16_concat"}
    assert record["model"]["sha256"] == STARTER_SHA256


def test_explain_follows_options(client, phantom_file):
    options = {"left_half": {"strength": 2, "rows": 6, "side": "right", "negative": True}}
    _, maps, record = client.predict(
        image=handle_file(phantom_file), finding="", explainer="left_half", options=options, api_name="/explain"
    )
    with np.load(maps) as arrays:
        assert arrays["map"].tolist() == [[0, 0, -2, -2]] * 6
    assert record["options"] == options["left_half"] | {"layer": "conv5_block16_concat"}


def test_explain_lists_regions_only_when_asked(client, predictor, phantom_file):
    arguments = {"image": handle_file(phantom_file), "finding": "Effusion", "explainer": "grad_cam"}
    *_, plain = client.predict(api_name="/explain", **arguments)
    assert "regions" not in plain
    *_, record = client.predict(api_name="/explain", regions=0.05, **arguments)
    (event,) = [
        event
        for event in compare(predictor, read_radiograph(phantom_file), "Effusion", ["grad_cam"])
        if isinstance(event, Finished)
    ]
    expected = regions_record(event.explanation, 0.05, predictor.average_maps)
    assert record["regions"]["share"] == 0.05
    assert record["regions"]["guess"] == json.loads(json.dumps(expected["guess"]))
    assert len(record["regions"]["regions"]) == len(expected["regions"]) > 0
    assert record["regions"]["regions"][0]["box"] == pytest.approx(expected["regions"][0]["box"], abs=1)
    assert {"outline", "area", "mass", "whole_cells"} <= record["regions"]["regions"][0].keys()
    assert "no detection" in record["regions"]["notice"]


def test_explain_without_a_finding_takes_the_one_farthest_above_its_threshold(client, predictor, phantom_file):
    *_, record = client.predict(image=handle_file(phantom_file), explainer="left_half", api_name="/explain")
    assert record["finding"] == predictor.predict(read_radiograph(phantom_file)).default_finding()


def test_compare_streams_explanations_as_they_finish(client, predictor, nih_full):
    names = ["grad_cam", "raises", "left_half", "not_finite"]
    job = client.submit(image=handle_file(nih_full[3]), finding="Effusion", explainers=names, api_name="/compare")
    answers = list(job)
    assert [len(record["results"]) for _, _, record in answers] == [1, 2, 3, 4, 4]
    pictures, maps, record = answers[-1]
    assert (len(pictures), record["done"], record["finding"]) == (2, True, "Effusion")
    assert [each["explainer"] for each in record["results"]] == names
    assert [each.get("code") for each in record["results"]] == [None, "EXPLAINER", None, "EXPLAINER"]
    with np.load(maps) as arrays:
        assert set(arrays) == {
            f"{name}/{kind}" for name in ("grad_cam", "left_half") for kind in ("map", "input_map", "image_map")
        }
        here = made_here(predictor, nih_full[3], "Effusion", "grad_cam")
        assert arrays["grad_cam/map"] == pytest.approx(here, abs=1e-5)


def test_what_a_plugin_says_when_it_fails_tells_no_folder(client, phantom_file):
    error = refusal(client, image=handle_file(phantom_file), explainer="raises", api_name="/explain")
    assert error.title == "EXPLAINER"
    assert "ValueError" in error.message
    assert "weights.bin" in error.message
    assert "/home" not in error.message


def test_findings_have_their_thresholds(client, predictor):
    answer = client.predict(model="", api_name="/findings")
    assert [each["finding"] for each in answer["findings"]] == list(predictor.labels)
    thresholds = predictor.config.thresholds
    assert all(each["threshold"] == thresholds[each["finding"]].score for each in answer["findings"])
    assert answer["findings"][2]["description"]


def test_explainers_are_listed_with_schemas_and_failures(client):
    answer = client.predict(api_name="/explainers")
    known = {each["name"]: each for each in answer["explainers"]}
    assert list(known)[:3] == ["grad_cam", "occlusion", "saliency"]
    assert known["grad_cam"]["title"] == "Grad-CAM"
    options = known["left_half"]["options"]["properties"]
    assert options["strength"] | {"description": ""} == {
        "type": "number", "minimum": 0.5, "maximum": 2, "default": 1.0, "description": "",
    }  # fmt: skip
    assert options["side"]["enum"] == ["left", "right"]
    assert {each["plugin"] for each in answer["failures"]} == {"no_import.py", "taken_name.py", "wrong_signature.py"}
    assert all(each["reason"] and "/" not in each["reason"] for each in answer["failures"])


def test_model_info_describes_the_checkpoint(client, predictor):
    answer = client.predict(model="", api_name="/model_info")
    assert answer["findings"] == list(predictor.labels)
    assert answer["input"]["rule"] == "samplewise"
    assert {"name": "conv5_block16_concat", "shape": [7, 7, 1024]} in answer["layers"]
    assert answer["license"] == "apache-2.0"


def test_health_says_that_the_network_is_there(client):
    client.predict(model="", api_name="/findings")  # waits for it
    answer = client.predict(api_name="/health")
    assert (answer["status"], answer["notes"]) == ("ready", [])
    assert list(answer["models"]) == ["starter", "second", "org/none", "scorer"]


def test_a_program_may_ask_for_any_network_that_is_offered(client, phantom_file):
    def logits(model: str) -> dict:
        answer = client.predict(image=handle_file(phantom_file), model=model, api_name="/predict")
        assert answer["model"]["name"] == model
        return {each["finding"]: each["logit"] for each in answer["findings"]}

    first, second = logits("starter"), logits("second")
    assert second["Effusion"] == pytest.approx(first["Mass"], abs=1e-5)
    assert second["Edema"] == pytest.approx(first["Edema"], abs=1e-5)


def test_answers_tell_no_path_of_the_server(client, server_folder, phantom_file):
    answers = [
        client.predict(image=handle_file(phantom_file), model="", api_name="/predict"),
        client.predict(image=handle_file(phantom_file), explainer="left_half", api_name="/explain")[2],
        *(client.predict(api_name=name) for name in ("/findings", "/explainers", "/model_info", "/health")),
    ]
    told = json.dumps(answers)
    for secret in (str(server_folder), "phantom.png", str(Path(__file__).parents[4])):
        assert secret not in told


def test_compare_measures_what_is_asked_and_says_how_far_maps_agree(client, phantom_file):
    names = ["grad_cam", "eigen_cam", "edges"]
    *_, answer = client.predict(
        image=handle_file(phantom_file),
        finding="Effusion",
        explainers=names,
        options={"grad_cam": {"layer": "relu"}},
        measures=["completeness", "finding_sensitivity", "localisation"],
        box=[100, 50, 200, 150],
        api_name="/compare",
    )
    by_name = {each["explainer"]: each for each in answer["results"]}
    assert by_name["grad_cam"]["measures"]["completeness"]["value"] == pytest.approx(0, abs=1e-5)
    assert by_name["edges"]["measures"]["completeness"]["code"] == "NOT_MEASURABLE"
    assert by_name["eigen_cam"]["measures"]["finding_sensitivity"]["verdict"] == "not specific"
    inside = by_name["grad_cam"]["measures"]["localisation"]
    assert inside["figures"]["area"] == pytest.approx(200 * 150 / 512**2, rel=0.02)
    assert 0 <= inside["value"] <= 1
    assert answer["agreement"]["explainers"] == names
    assert answer["agreement"]["counted"] == 1
    assert by_name["grad_cam"]["family"] == "CAM at relu"


def test_without_measures_none_are_made(client, phantom_file):
    *_, answer = client.predict(image=handle_file(phantom_file), explainers=["grad_cam"], api_name="/compare")
    assert "agreement" not in answer
    assert "measures" not in answer["results"][0]


def test_measures_are_listed(client):
    known = {each["name"]: each for each in client.predict(api_name="/explainers")["measures"]}
    assert known["stability"]["better"] == "higher"
    assert known["completeness"]["summary"]
