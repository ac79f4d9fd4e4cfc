"""Calls of endpoints that are refused, each with a code and a sentence."""

import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError


def refusal(client, *, api_name: str, **arguments) -> AppError:
    with pytest.raises(AppError) as caught:
        client.predict(api_name=api_name, **arguments)
    return caught.value


@pytest.mark.parametrize("share", [-0.1, 0.0005, 0.51, 1])
def test_a_share_that_regions_cannot_have_is_refused(client, phantom_file, share):
    error = refusal(client, image=handle_file(phantom_file), api_name="/explain", regions=share)
    assert error.title == "OPTION"
    assert "'regions' must be a share of the picture from 0.001 to 0.5, or 0" in error.message


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ({"finding": "Efusion"}, "FINDING", "Effusion"),
        ({"explainer": "gradcam"}, "OPTION", "grad_cam"),
        ({"options": {"grad_cam": {"layers": "relu"}}}, "OPTION", "layer"),
        ({"options": {"grad_cam": {"layer": "conv5"}}}, "OPTION", "conv5"),
        ({"options": {"occlusion": {"patch": 500}}, "explainer": "occlusion"}, "OPTION", "patch"),
        ({"options": ["layer"]}, "OPTION", "{explainer: {option: value}}"),
        ({"seed": -1}, "OPTION", "seed"),
        ({"seed": "seven"}, "OPTION", "seed"),
        ({"model": "someone/else"}, "SOURCE", "starter"),
        ({"finding": 7}, "OPTION", "finding"),
    ],
)
def test_wrong_arguments_are_refused_with_code_and_sentence(client, phantom_file, arguments, code, words):
    error = refusal(client, image=handle_file(phantom_file), api_name="/explain", **arguments)
    assert error.title == code
    assert words in error.message


def test_compare_refuses_unknown_explainers_and_measures(client, phantom_file):
    for arguments in ({"explainers": ["grad_cam", "sailency"]}, {"explainers": []}, {"measures": ["beauty"]}):
        with pytest.raises(AppError) as caught:
            client.submit(image=handle_file(phantom_file), api_name="/compare", **arguments).result()
        assert caught.value.title == "OPTION"


def test_files_that_are_no_radiograph_are_refused(client, tmp_path):
    (tmp_path / "notes.png").write_text("no picture at all")
    error = refusal(client, image=handle_file(tmp_path / "notes.png"), model="", api_name="/predict")
    assert error.title == "RADIOGRAPH"
    assert "not an image" in error.message


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ({"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, "UPLOAD"),
        ({"path": "https://example.com/radiograph.png", "meta": {"_type": "gradio.FileData"}}, "RADIOGRAPH"),
        ({"path": "x", "url": "https://example.com/a.png", "meta": {"_type": "gradio.FileData"}}, "UPLOAD"),
        ("/etc/passwd", "RADIOGRAPH"),
        (None, "RADIOGRAPH"),
        (7, "RADIOGRAPH"),
    ],
)
def test_only_uploaded_files_are_read(http, image, code):
    """By plain HTTP, since the Python client would not send such things."""
    posted = http.post("/gradio_api/call/predict", json={"data": [image, ""]})
    said = http.get(f"/gradio_api/call/predict/{posted.json()['event_id']}").text
    assert "event: error" in said
    assert f'"title": "{code}"' in said
    assert "root:" not in said


@pytest.mark.parametrize("box", [[1, 2, 3], [0, 0, 0, 5], "all", [1, 2, 3, "x"]])
def test_a_box_that_is_none_is_refused(client, phantom_file, box):
    with pytest.raises(AppError, match="'box' must be"):
        client.predict(image=handle_file(phantom_file), explainers=["grad_cam"], box=box, api_name="/compare")
