"""The API's version and what is deprecated, as programs read them."""

import httpx
import pytest

from explainers.page.api.version import API_VERSION, DEPRECATED, versioned


@pytest.fixture
def schema():
    properties = {"image": {}, "window": {}}
    body = {"content": {"application/json": {"schema": {"properties": properties}}}}
    return {
        "info": {"title": "cxr-lens", "version": "6.0"},
        "paths": {"/gradio_api/call/v2/predict": {"post": {"requestBody": body}}},
    }


def test_the_version_is_the_apis_and_gradios_stands_beside_it(schema):
    assert versioned(schema)["info"] == {"title": "cxr-lens", "version": str(API_VERSION), "x-gradio-version": "6.0"}


@pytest.mark.parametrize(
    ("name", "endpoint", "argument"), [("/predict", True, False), ("/predict window", False, True)]
)
def test_what_is_deprecated_is_marked_as_openapi_does(schema, name, endpoint, argument):
    operation = versioned(schema, {name: "Use another."})["paths"]["/gradio_api/call/v2/predict"]["post"]
    properties = operation["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert operation.get("deprecated", False) == endpoint
    assert properties["window"].get("deprecated", False) == argument
    assert "deprecated" not in properties["image"]


def test_the_page_says_both(server, client):
    health = client.predict(api_name="/health")
    assert (health["api_version"], health["deprecated"]) == (API_VERSION, dict(DEPRECATED))
    served = httpx.get(f"{server}/gradio_api/openapi.json", timeout=30).json()
    assert served["info"]["version"] == str(API_VERSION)
    assert set(served["paths"]) > {"/gradio_api/call/v2/predict"}
