"""The API's schema, as committed: a change that a program could notice fails here with its difference."""

import difflib
import json
from pathlib import Path

import httpx
import pytest

SNAPSHOT = Path(__file__).with_name("schema.json")

VARIES = {
    "options",
    "notes",
    "figures",
    "measures",
    "models",
    "deprecated",
    "properties",
    "versions",
    "metrics",
    "not_available",
    "reported",
    "passes",
    "witness",
}
"""Objects whose fields are names of explainers, options, networks and the like."""


CLAIMS = {
    "probability",
    "probability_interval",
    "likelihood_ratio",
    "likelihood_ratio_interval",
    "flagged_without_finding",
}
"""Figures that a checkpoint has or that are withheld: which of them, its patients say."""


def shape(value: object) -> object:
    """A JSON value's structure: types in place of values, one structure for all elements of a list."""
    if isinstance(value, dict):
        varies = dict.fromkeys(VARIES, "object") | dict.fromkeys(CLAIMS, "figures or null")
        return {name: varies.get(name) or shape(each) for name, each in sorted(value.items())}
    if isinstance(value, list):
        shapes = [json.dumps(shape(each), sort_keys=True) for each in value]
        return [json.loads(each) for each in sorted(set(shapes))]
    kinds = {type(None): "null", int: "number", float: "number", bool: "boolean", str: "string"}
    return kinds[type(value)]


def parameters(info: dict) -> dict:
    return {
        each["parameter_name"]: {
            "type": each["python_type"]["type"],
            "required": not each["parameter_has_default"],
            "default": each["parameter_default"],
            "description": each["python_type"]["description"],
        }
        for each in info["parameters"]
    }


@pytest.fixture(scope="module")
def answers(client, phantom_file) -> dict:
    """The JSON that each endpoint answers."""
    from gradio_client import handle_file

    image = {"image": handle_file(phantom_file)}
    compared = {"explainers": ["left_half", "raises"], "measures": ["localisation"], "box": [100, 50, 200, 150]}
    explained = {"explainer": "left_half", "finding": "Effusion", "regions": 0.05}
    return {
        "/predict": client.predict(api_name="/predict", **image),
        "/explain": client.predict(api_name="/explain", **explained, **image)[-1],
        "/compare": client.predict(api_name="/compare", finding="Mass", **compared, **image)[-1],
        **{name: client.predict(api_name=name) for name in ("/findings", "/explainers", "/model_info", "/health")},
    }


@pytest.fixture(scope="module")
def schema(server, answers) -> str:
    info = httpx.get(f"{server}/gradio_api/info", timeout=30).json()["named_endpoints"]
    found = {
        name: {
            "description": each["description"],
            "parameters": parameters(each),
            "outputs": [output["python_type"]["type"] for output in each["returns"]],
            "answer": shape(answers[name]),
        }
        for name, each in info.items()
    }
    return json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def test_the_schema_is_the_committed_one(schema):
    if not SNAPSHOT.exists():
        SNAPSHOT.write_text(schema)
        pytest.fail(f"{SNAPSHOT.name} was missing and is written now. Look at it and run the tests again.")
    committed = SNAPSHOT.read_text().splitlines()
    difference = difflib.unified_diff(committed, schema.splitlines(), "committed", "served", lineterm="", n=6)
    text = "\n".join(difference)
    assert not text, f"The API changed. If that is meant, delete {SNAPSHOT.name} and run this test twice.\n{text}"


def test_a_change_shows_as_a_difference(schema, tmp_path, monkeypatch):
    changed = json.loads(schema)
    changed["/predict"]["parameters"]["model"]["default"] = "another"
    (tmp_path / "schema.json").write_text(json.dumps(changed, indent=1, sort_keys=True, ensure_ascii=False))
    monkeypatch.setitem(globals(), "SNAPSHOT", tmp_path / "schema.json")
    with pytest.raises(AssertionError, match=r'-\s+"default": "another"'):
        test_the_schema_is_the_committed_one(schema)


def test_every_argument_is_described_wherever_gradio_shows_it(server):
    info = httpx.get(f"{server}/gradio_api/info", timeout=30).json()["named_endpoints"]
    openapi = httpx.get(f"{server}/gradio_api/openapi.json", timeout=30).json()["paths"]
    for name, endpoint in info.items():
        body = openapi[f"/gradio_api/call/v2{name}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        for argument, each in parameters(endpoint).items():
            assert each["description"].endswith("."), (name, argument)
            if argument != "image":  # Gradio says of files how they are uploaded
                assert body["properties"][argument]["description"] == each["description"], (name, argument)


def test_every_answer_says_which_network_was_asked_for_and_which_answered(answers):
    for name, answer in answers.items():
        assert answer["api_version"] == 1, name
        assert answer["requested"] == answer["model"]["name"] == "starter", name
        assert answer["fallback"] == "", name
