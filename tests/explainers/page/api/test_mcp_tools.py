"""Tools of agents, on a running page: what they are given and what they answer. Needs no package of the protocol."""

import base64
import json
from types import SimpleNamespace

import httpx
import pytest

from cxr.errors import RadiographError
from explainers.client import CallError, Client
from explainers.errors import OptionError
from explainers.page.api.mcp_tools import CONTROLS, NOTICE, Tools
from explainers.page.private_folder import PrivateFolder
from explainers.page.samples import Samples
from explainers.registry import Registry


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = PrivateFolder()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def tools(server, folder):
    state = SimpleNamespace(samples=Samples(), folder=folder, registry=Registry.standard())
    with Client(server) as client:
        yield Tools(state, lambda: client)


@pytest.fixture(scope="module")
def sample() -> str:
    return Samples().items()[0][0]


def call(tools, name: str, **arguments: object) -> dict:
    return tools.call(name, arguments, lambda: False)


def pictures(answer: dict) -> list[bytes]:
    return [base64.b64decode(each["data"]) for each in answer["content"] if each["type"] == "image"]


def test_every_tool_and_every_argument_is_described(tools):
    described = tools.described()
    assert [each["name"] for each in described] == ["overview", "score_radiograph", "explain_finding"]
    for tool in described:
        assert NOTICE in tool["description"]
        for name, argument in tool["inputSchema"]["properties"].items():
            assert argument["description"].endswith((".", "…")), (tool["name"], name)


def test_an_agent_that_knows_only_the_address_gets_three_tested_maps_as_pictures_in_two_calls(tools):
    listed = call(tools, "overview")["structured"]
    image, names = next(iter(listed["samples"])), ["grad_cam", "layer_cam", "grad_cam_plus_plus"]
    assert set(names) < set(listed["explainers"])
    answer = call(tools, "explain_finding", image=image, explainers=names, measures=["completeness"])
    assert [each["explainer"] for each in answer["structured"]["maps"]] == names
    assert [each["explainer"] for each in answer["structured"]["controls"]] == list(CONTROLS)
    for each in answer["structured"]["maps"] + answer["structured"]["controls"]:
        assert each["measures"]["completeness"]
    assert len(pictures(answer)) == len(names) + len(CONTROLS)
    assert all(each.startswith(b"\x89PNG") for each in pictures(answer))


def test_every_answer_has_the_notice_and_no_path_of_the_server(tools, sample, server_folder):
    for name, arguments in (
        ("overview", {}),
        ("score_radiograph", {"image": sample}),
        ("explain_finding", {"image": sample, "explainers": ["left_half"], "measures": ["completeness"]}),
    ):
        answer = call(tools, name, **arguments)
        told = json.dumps([answer["structured"], [each for each in answer["content"] if each["type"] == "text"]])
        assert answer["structured"]["notice"] == NOTICE, name
        assert NOTICE in answer["content"][0]["text"], name
        assert str(server_folder) not in told, name
        assert "/tmp/" not in told, name


def test_a_score_never_stands_without_its_operating_point_or_the_words_not_calibrated(tools, sample):
    lines = call(tools, "score_radiograph", image=sample)["content"][0]["text"].splitlines()
    scores = [line for line in lines if ": score " in line]
    assert len(scores) == 14
    assert all("operating point" in line and ("probability" in line or "not calibrated" in line) for line in scores)


def test_a_picture_may_be_an_upload_or_a_data_url(tools, folder, phantom_file):
    content = phantom_file.read_bytes()

    def uploaded() -> str:
        place = folder.uploads / "ab c"
        place.mkdir(exist_ok=True)
        (place / "a.png").write_bytes(content)
        return str(place / "a.png")

    scores = [
        call(tools, "score_radiograph", image=image)["structured"]["findings"]
        for image in (
            f"http://somewhere.example/gradio_api/file={uploaded().replace(' ', '%20')}",
            uploaded(),
            f"data:image/png;base64,{base64.b64encode(content).decode()}",
        )
    ]
    assert scores[0] == scores[1] == scores[2]


@pytest.mark.parametrize(
    "image",
    [
        "http://169.254.169.254/latest",
        "https://example.com/a.png",
        "/etc/passwd",
        "http://127.0.0.1/gradio_api/file=/etc/passwd",
        "http://127.0.0.1/gradio_api/file=../../etc/passwd",
        "data:image/png,plain",
        "data:image/png;base64,###",
        "file:///etc/passwd",
        "x" * 100_000,
    ],
)
def test_no_other_address_is_fetched(tools, image):
    with pytest.raises(RadiographError):
        call(tools, "score_radiograph", image=image)


def test_wrong_arguments_are_refused_with_their_names(tools, wrong_values, sample):
    for what, wrong in wrong_values.items():
        for name in ("image", "finding", "explainers", "seed", "model", "measures"):
            if wrong in ("", []) or (name == "seed" and what in ("large", "huge")):
                continue
            with pytest.raises((OptionError, RadiographError, CallError)) as caught:
                call(tools, "explain_finding", **{"image": sample, "explainers": ["left_half"], name: wrong})
            assert caught.value.code in ("OPTION", "RADIOGRAPH", "UPLOAD", "FINDING", "SOURCE"), (what, name)
    with pytest.raises(OptionError, match="no tool"):
        call(tools, "x" * 10_000)
    with pytest.raises(OptionError):
        call(tools, "score_radiograph", image=sample, path="/etc/passwd")


def test_an_endpoints_refusal_keeps_its_code(tools, sample):
    with pytest.raises(CallError) as caught:
        call(tools, "explain_finding", image=sample, explainers=["grad_cam"], seed=2**40)
    assert caught.value.code == "OPTION"


def test_without_the_option_there_is_no_such_server(server):
    answer = httpx.post(f"{server}/gradio_api/mcp/", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert answer.status_code in (404, 405)
    assert answer.json()["title"] == "NOT_FOUND"
