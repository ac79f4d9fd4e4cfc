"""A page of networks that people bring: a plugin that only scores, and a whole Keras model, by command line and API."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cxr.quiet_import import quiet_import

ROOT = Path(__file__).resolve().parents[3]
NETWORKS = ROOT / "tests" / "plugins" / "networks" / "small_networks.py"
MANY = NETWORKS.with_name("many_findings.py")
LABELS = ["Normal", "Pneumonia", "COVID-19"]


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """A small classifier of three classes in one file, with nothing beside it."""
    with quiet_import():
        import keras
    keras.utils.set_random_seed(2)
    layers = [keras.Input((48, 48, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(4, 3, name="found")]
    layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, activation="softmax")]
    file = tmp_path_factory.mktemp("models") / "mine.keras"
    keras.Sequential(layers).save(file)
    return file


@pytest.fixture(scope="module")
def own_server(model, tmp_path_factory):
    """The address of a page that offers the plugin's network, that model, and networks of one and of 200 findings."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(ROOT / "demo.py"), "--port", str(port), "--model", f"{NETWORKS}:scorer"]
    command += ["--model", str(model), "--labels", ",".join(LABELS)]
    command += ["--model", f"{MANY}:one", "--model", f"{MANY}:two_hundred"]
    folder = tmp_path_factory.mktemp("own")
    process = subprocess.Popen(
        command, env=os.environ | {"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert f":{port}/" in process.stdout.readline()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def own_client(own_server):
    """gradio_client on it."""
    from gradio_client import Client

    return Client(own_server, verbose=False)


def test_a_plugins_findings_are_its_own(client):
    found = client.predict(model="scorer", api_name="/findings")
    assert [each["finding"] for each in found["findings"]] == ["Left", "Right", "Opposite"]
    assert found["findings"][0]["description"] == "Bright on the left."
    assert [each["threshold"] for each in found["findings"]] == [0.6, None, None]
    assert not any(each["calibrated"] for each in found["findings"])


def test_what_is_not_available_is_listed_and_said_when_it_is_asked_for(client, phantom_file):
    from gradio_client import handle_file

    about = client.predict(model="scorer", api_name="/model_info")
    assert about["not_available"]["grad_cam"].startswith("Not available: needs inner layers")
    assert "occlusion" not in about["not_available"]
    with pytest.raises(Exception, match="Not available: needs gradients of the input"):
        client.predict(handle_file(phantom_file), finding="Left", explainer="saliency", model="scorer",
                       api_name="/explain")  # fmt: skip


def test_a_plugins_network_is_explained_by_the_api(client, phantom_file):
    from gradio_client import handle_file

    *_, record = client.predict(
        handle_file(phantom_file),
        finding="Left",
        explainer="occlusion",
        model="scorer",
        options={"occlusion": {"patch": 8, "stride": 8}},
        api_name="/explain",
    )
    assert record["model"]["name"] == "scorer"
    assert record["passes"]["forward"] >= 16


@pytest.mark.slow  # by default, tests/cxr/keras_models/
def test_a_keras_file_is_explained_with_the_labels_of_the_command_line(own_client, phantom_file):
    from gradio_client import handle_file

    health = own_client.predict(api_name="/health")
    names = ["small_networks.py:scorer", "mine.keras", "many_findings.py:one", "many_findings.py:two_hundred"]
    assert list(health["models"]) == names
    predicted = own_client.predict(handle_file(phantom_file), model="mine.keras", api_name="/predict")
    assert [each["finding"] for each in predicted["findings"]] == LABELS
    assert sum(each["score"] for each in predicted["findings"]) == pytest.approx(1, abs=1e-5)
    assert any("input rule was not stated: '0..255' is assumed" in each for each in predicted["warnings"])
    *_, record = own_client.predict(
        handle_file(phantom_file), finding="COVID-19", explainer="grad_cam", model="mine.keras", api_name="/explain"
    )
    assert record["options"]["layer"] == "found"
    assert record["unit"] == "logit against the other classes"


SHOWN = """count => document.querySelectorAll("#findings li .finding:not([disabled])").length === count
    && document.querySelector(".comparison").getAttribute("aria-busy") === "false" """
LAID_OUT = """() => {
    const list = document.querySelector("#findings ol"), current = document.querySelector("#findings [aria-current]");
    const [outer, inner] = [list, current].map((each) => each.getBoundingClientRect());
    list.scrollLeft = 100;
    return {
        wide: document.documentElement.scrollWidth - innerWidth, sideways: list.scrollLeft,
        long: list.scrollHeight - list.clientHeight, list: list.clientHeight,
        seen: inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1,
    };
}"""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("name", "count"), [("one", 1), ("two_hundred", 200)])
def test_the_page_holds_one_finding_and_two_hundred(own_server, chromium, name, count):
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{own_server}/?network=many_findings.py:{name}&explainers=edges")
    page.wait_for_function(SHOWN, arg=count)
    if count > 1:
        page.select_option("[data-finding]", "Finding 150")
        page.wait_for_function(SHOWN, arg=count)
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        if width == 390 and count > 1:
            page.locator("#findings [data-all]").click()
        found = page.evaluate(LAID_OUT)
        assert found["wide"] == found["sideways"] == 0
        assert found["seen"] or width == 390
        assert (found["long"] > 0) == (count == 200)
        assert found["list"] <= 600
    page.close()
