"""Codes of errors: each is raised, and every error that leaves the server has one, a sentence, and nothing private."""

import json
import re
from pathlib import Path

import httpx
import pytest

from explainers.page.api.codes import CODES, RETRY_AFTER_S, markdown_page
from explainers.page.api.registration import parameters
from hub.errors import CxrLensError

CALLER_IS_WRONG = {
    "RADIOGRAPH", "UPLOAD", "FINDING", "OPTION", "LAYER", "SOURCE", "REQUEST", "TOO_LARGE", "NOT_FOUND",
}  # fmt: skip
ARGUMENTS = [(endpoint, name) for endpoint, names in parameters().items() for name in names]


def all_subclasses(kind: type) -> set[type]:
    return {kind}.union(*(all_subclasses(each) for each in kind.__subclasses__()))


def refusal_in(text: str) -> dict:
    """The error of a response, or of the last event of a stream; fails if it is not one, or says too much."""
    body = text.rsplit("data: ", 1)[-1]
    refusal = json.loads(body)
    assert refusal["title"] in CODES, text[:300]
    assert isinstance(refusal["error"], str)
    assert refusal["error"].strip()
    assert len(refusal["error"]) <= 1001
    assert not re.search(r"Traceback|File \"|/tmp/|/home/|site-packages|\.py\b", refusal["error"])
    return refusal


def called(http: httpx.Client, endpoint: str, arguments: dict) -> str:
    """The end of a call by name: "complete", or the code of its error."""
    posted = http.post(f"/gradio_api/call/v2/{endpoint}", content=json.dumps(arguments))
    if posted.status_code != 200:
        return refusal_in(posted.text)["title"]
    said = http.get(f"/gradio_api/call/{endpoint}/{posted.json()['event_id']}").text
    return "complete" if "event: complete" in said else refusal_in(said)["title"]


def test_every_error_of_the_tree_that_a_visitor_can_meet_is_in_the_table():
    """Tables of labels, training and folders of results are for the command line."""
    own = [each for each in all_subclasses(CxrLensError) if each.__module__.startswith(("explainers.", "cxr.", "hub."))]
    codes = {each.code for each in own if each is not CxrLensError}
    assert codes - {"FOLDER", "LABELS", "TRAINING"} <= set(CODES)


def test_the_table_of_the_documentation_has_a_row_for_each_code():
    page = (Path(__file__).parents[4] / "docs" / "error-codes.md").read_text()
    assert page == markdown_page(), "python -m explainers.page.api.codes > docs/error-codes.md"
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == list(CODES)
    assert set(RETRY_AFTER_S) <= set(CODES)
    assert all(each.meaning.endswith(".") and each.action.endswith(".") for each in CODES.values())


@pytest.mark.parametrize(("endpoint", "name"), ARGUMENTS)
def test_anything_in_place_of_an_argument_is_answered_or_refused(http, phantom_upload, wrong_values, endpoint, name):
    """The file is sent only where it can't start a computation that is longer than this test."""
    for what, wrong in wrong_values.items():
        arguments = {name: wrong} | (
            {} if endpoint in ("compare", "explain") or name == "image" else phantom_upload(endpoint)
        )
        end = called(http, endpoint, arguments)
        assert end in CALLER_IS_WRONG | {"complete"}, what


@pytest.mark.parametrize("name", ["finding", "explainers", "options", "seed", "measures", "model", "box", "window"])
def test_wrong_arguments_of_compare_are_refused_before_anything_is_computed(http, phantom_upload, wrong_values, name):
    harmless = {"null", "empty list", "empty object", "empty text", "large" if name == "seed" else "null"}
    for what, wrong in wrong_values.items():
        if what in harmless:
            continue
        end = called(http, "compare", phantom_upload("compare") | {"explainers": ["left_half"], name: wrong})
        assert end in CALLER_IS_WRONG, what


@pytest.mark.parametrize(
    ("method", "address", "content", "headers", "status", "code"),
    [
        ("POST", "/gradio_api/call/nothing", b'{"data": []}', {}, 404, "NOT_FOUND"),
        ("POST", "/gradio_api/call/predict", b"", {}, 400, "REQUEST"),
        ("POST", "/gradio_api/call/predict", b'{"data": [' + b"[" * 1000 + b"]" * 1000 + b"]}", {}, 400, "REQUEST"),
        ("POST", "/gradio_api/call/predict", b'{"data": ["' + b"x" * 3_000_000 + b'"]}', {}, 413, "TOO_LARGE"),
        ("POST", "/gradio_api/call/v2/predict", b'{"nothing": 1}', {}, 400, "OPTION"),
        (
            "POST",
            "/gradio_api/queue/join",
            b'{"data": [], "fn_index": 9999, "session_hash": "s"}',
            {},
            404,
            "NOT_FOUND",
        ),
        ("POST", "/gradio_api/queue/join", b'{"data": [], "fn_index": 0, "session_hash": ""}', {}, 400, "REQUEST"),
        ("POST", "/gradio_api/run/predict", b'{"data": []}', {}, 404, "NOT_FOUND"),
        ("POST", "/gradio_api/api/predict", b'{"data": []}', {}, 404, "NOT_FOUND"),
        ("POST", "/gradio_api/upload", b"", {}, 400, "REQUEST"),
        ("POST", "/gradio_api/upload", b"x", {"Content-Type": "multipart/form-data"}, 400, "REQUEST"),
        (
            "POST",
            "/gradio_api/upload",
            b"x",
            {"Content-Type": "multipart/form-data; boundary=" + "b" * 10_000},
            400,
            "REQUEST",
        ),
        (
            "POST",
            "/gradio_api/upload",
            b'--b\r\nContent-Disposition: form-data; name="files"\r\n\r\nno file name\r\n--b--\r\n',
            {"Content-Type": "multipart/form-data; boundary=b"},
            400,
            "REQUEST",
        ),
        ("GET", "/gradio_api/call/predict/" + "0" * 32, None, {}, 404, "NOT_FOUND"),
        ("GET", "/gradio_api/call/predict/%00", None, {}, 404, "NOT_FOUND"),
        ("GET", "/assets/" + "a" * 5000, None, {}, 404, "NOT_FOUND"),
        ("GET", "/static/" + "a/" * 2500, None, {}, 404, "NOT_FOUND"),
        ("GET", "/gradio_api/file=" + "a" * 5000, None, {}, 404, "NOT_FOUND"),
        ("GET", "/gradio_api/file=/etc/passwd", None, {}, 403, "NOT_FOUND"),
        ("GET", "/gradio_api/file=https://example.com/a.png", None, {}, 404, "NOT_FOUND"),
        ("GET", "/gradio_api/proxy=http://127.0.0.1:1/", None, {}, 404, "NOT_FOUND"),
        ("GET", "/sessions/%C3%A9/radiograph.png", None, {}, 404, "RADIOGRAPH"),
        ("GET", "/sessions/x/report.html", None, {}, 404, "RADIOGRAPH"),
        ("GET", "/samples/nothing.png", None, {}, 404, "OPTION"),
        ("GET", "/nothing", None, {}, 404, "NOT_FOUND"),
        ("DELETE", "/gradio_api/call/predict", None, {}, 405, "NOT_FOUND"),
        ("POST", "/gradio_api/component_server", b"{}", {}, 404, "NOT_FOUND"),
        ("POST", "/gradio_api/cancel", b"{}", {}, 400, "REQUEST"),
        ("POST", "/gradio_api/reset", b"[]", {}, 400, "REQUEST"),
        ("GET", "/monitoring", None, {}, 404, "NOT_FOUND"),
        ("GET", "/gradio_api/deep_link", None, {}, 404, "NOT_FOUND"),
    ],
    ids=lambda each: repr(each)[:40] if isinstance(each, bytes | str) else "",
)
def test_an_error_has_a_sentence_and_a_code_at_every_address(http, method, address, content, headers, status, code):
    if method == "POST" and "Content-Type" not in headers:
        headers = {"Content-Type": "application/json"}
    answer = http.request(method, address, content=content, headers=headers)
    assert refusal_in(answer.text)["title"] == code
    assert answer.status_code == status


def test_an_event_is_read_once(http):
    posted = http.post("/gradio_api/call/health", json={"data": []})
    address = f"/gradio_api/call/health/{posted.json()['event_id']}"
    assert "event: complete" in http.get(address).text
    again = http.get(address)
    assert (again.status_code, refusal_in(again.text)["title"]) == (404, "NOT_FOUND")
