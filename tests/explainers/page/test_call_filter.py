"""The call filter: JSON bodies of calls before Gradio sees them."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from explainers.page import call_filter
from explainers.page.call_filter import REQUIRED, CallFilter
from explainers.page.private_folder import PrivateFolder

ENDPOINTS = {"predict": {"image": REQUIRED, "model": "", "seed": 0}, "other": {}}

CALL = "/gradio_api/call/predict"
BY_KEYWORD = "/gradio_api/call/v2/predict"
BY_INDEX = "/gradio_api/queue/join"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = PrivateFolder()
    yield made
    made.remove()


@pytest.fixture
def uploaded(folder):
    place = folder.uploads / "abc"
    place.mkdir()
    (place / "picture.png").write_bytes(b"pixels")
    return place / "picture.png"


def answered(folder, body: bytes, *, path: str = CALL, joined: list | None = None) -> tuple[object, dict | None]:
    """(the JSON that passed, None), or (None, the refusal)."""
    seen, sent = [], []

    async def app(scope, receive, send):
        message = await receive()
        if headers := dict(scope["headers"]):
            assert int(headers[b"content-length"]) == len(message["body"])
        seen.append(message["body"])

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": []}
    told = (joined if joined is not None else []).append
    checked = CallFilter(app, folder, ENDPOINTS, is_event=lambda number: number < 3, on_joined=told, on_cancel=told)
    # asyncio.run would end the loop that Playwright's tests keep in this thread
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(checked(scope, receive, send))).result()
    assert len(seen) + len(sent) // 2 == 1
    return (json.loads(seen[0]), None) if seen else (None, json.loads(sent[1]["body"]))


def passed(folder, call: object, **more) -> object:
    found, refusal = answered(folder, json.dumps(call).encode(), **more)
    assert refusal is None, refusal
    return found


def refused(folder, call: object, **more) -> dict:
    found, refusal = answered(folder, call if isinstance(call, bytes) else json.dumps(call).encode(), **more)
    assert found is None, found
    assert refusal["error"].endswith(".")
    return refusal


def image(path: object, **more) -> dict:
    return {"path": path, "meta": {"_type": "gradio.FileData"}, **more}


def test_an_upload_passes_as_it_is(folder, uploaded):
    call = {"data": [image(str(uploaded)), {"options": {"a": [1, None]}}, 0]}
    assert passed(folder, call) == call


@pytest.mark.parametrize(
    ("path", "mark"),
    [
        ("/etc/passwd", "not uploaded"),
        ("https://example.com/a.png", "address"),
        ("../../etc/passwd", "not uploaded"),
        ("a\0b", "not uploaded"),
        (7, "not uploaded"),
        ("n" * 300, "not uploaded"),
        ({"a": 1}, "not uploaded"),
    ],
)
def test_any_other_file_is_replaced_however_deep_it_lies(folder, path, mark):
    for address, call in (
        (CALL, {"data": [[{"a": image(path)}]]}),
        (BY_KEYWORD, {"image": [{"a": image(path)}]}),
        (BY_INDEX, {"data": [[{"a": image(path)}]], "fn_index": 1, "session_hash": "s"}),
    ):
        found = passed(folder, call, path=address)
        given = found["image"] if address == BY_KEYWORD else found["data"][0]
        assert given == [{"a": {"refused": mark}}]


def test_a_link_out_of_the_folder_is_no_upload(folder, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (folder.uploads / "link").symlink_to(tmp_path / "secret")
    assert not folder.holds(str(folder.uploads / "link"))


@pytest.mark.parametrize(
    ("given", "arrives"),
    [(["a"], ["a", "", 0]), (["a", "b"], ["a", "b", 0]), (["a", "b", 1], ["a", "b", 1]), ([], [None, "", 0])],
)
def test_arguments_left_out_get_their_defaults_and_null_where_there_is_none(folder, given, arrives):
    assert passed(folder, {"data": given}) == {"data": arrives}
    named = dict(zip(("image", "model", "seed"), given, strict=False))
    assert list(passed(folder, named, path=BY_KEYWORD).values()) == arrives


def test_options_called_path_are_no_files(folder):
    call = {"data": [{"path": "conv1", "power": 2}, "", 0]}
    assert passed(folder, call) == call


@pytest.mark.parametrize(
    "body",
    [
        b"{no json",
        b"",
        b"\xff\xfe",
        b'{"data": [NaN]}',
        b'{"data": [Infinity]}',
        b'{"data": [1e400]}',
        b'{"data": [' + b"9" * 5000 + b"]}",
        b'{"data": ["\\ud800"]}',
        b'{"data": [{"\\udfff": 1}]}',
        b'{"data": ' + b"[" * 100 + b"]" * 100 + b"}",
        b'{"data": ' + b'{"a":' * 1000 + b"1" + b"}" * 1000 + b"}",
        b"[" * 100_000,
        b"[]",
        b"null",
        b"7",
        b'"data"',
        b"{}",
        b'{"data": 7}',
        b'{"data": {"0": 1}}',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_can_not_be_checked_is_refused_even_beside_a_web_address(folder, body):
    """A check that fails must not let the rest of the body through."""
    address = json.dumps(image("https://example.com/a.png")).encode()
    for sent in (body, body.replace(b"[", b"[" + address + b", ", 1) if b"[" in body[:12] else body):
        assert refused(folder, sent)["title"] == "REQUEST"


def test_a_byte_order_mark_is_no_fault(folder):
    found, refusal = answered(folder, b"\xef\xbb\xbf" + b'{"data": ["a", "b", 1]}')
    assert refusal is None
    assert found == {"data": ["a", "b", 1]}


@pytest.mark.parametrize(
    ("path", "call", "code", "words"),
    [
        ("/gradio_api/call/predcit", {"data": []}, "NOT_FOUND", "predict"),
        ("/gradio_api/call/v2/predcit", {}, "NOT_FOUND", "predict"),
        ("/gradio_api/call/" + "x" * 3000, {"data": []}, "NOT_FOUND", "no endpoint"),
        (CALL, {"data": [1, 2, 3, 4]}, "OPTION", "at most 3"),
        (BY_KEYWORD, {"modle": "x"}, "OPTION", "model"),
        (BY_KEYWORD, [1], "REQUEST", "argument"),
        (BY_INDEX, {"data": [], "fn_index": 99, "session_hash": "s"}, "NOT_FOUND", "number"),
        (BY_INDEX, {"data": [], "fn_index": True, "session_hash": "s"}, "NOT_FOUND", "number"),
        (BY_INDEX, {"data": [], "fn_index": "1", "session_hash": "s"}, "NOT_FOUND", "number"),
        (BY_INDEX, {"data": [], "fn_index": 1, "session_hash": ""}, "REQUEST", "session_hash"),
        (BY_INDEX, {"data": [], "fn_index": 1}, "REQUEST", "session_hash"),
        (BY_INDEX, {"data": [], "fn_index": 1, "session_hash": "s" * 200}, "REQUEST", "session_hash"),
        (BY_INDEX, {"data": [], "fn_index": 1, "session_hash": "s", "trigger_id": "x"}, "REQUEST", "trigger_id"),
        (BY_INDEX, {"data": 3, "fn_index": 1, "session_hash": "s"}, "REQUEST", "data"),
        ("/gradio_api/cancel", {"event_id": 3}, "REQUEST", "event_id"),
        ("/gradio_api/run/predict", {"data": []}, "NOT_FOUND", "number"),
        ("/gradio_api/component_server", {"data": []}, "NOT_FOUND", "nothing"),
        ("/gradio_api/vibe-edit", {"prompt": "x"}, "NOT_FOUND", "nothing"),
        ("/gradio_api/stream/abc", {}, "NOT_FOUND", "nothing"),
    ],
)
def test_calls_of_another_form_are_refused_with_a_sentence_and_a_code(folder, path, call, code, words):
    refusal = refused(folder, call, path=path)
    assert refusal["title"] == code
    assert words in refusal["error"]
    assert len(refusal["error"]) < 400


def test_a_session_and_an_event_are_made_known_once_a_call_is_accepted(folder):
    joined = []
    passed(folder, {"data": [], "fn_index": 1, "session_hash": "ada"}, path=BY_INDEX, joined=joined)
    passed(folder, {"event_id": "e1", "session_hash": "ada", "fn_index": 1}, path="/gradio_api/cancel", joined=joined)
    assert joined == ["ada", "e1"]


def test_what_gradio_would_trust_in_a_body_is_left_out(folder):
    call = {"data": [], "fn_index": 1, "session_hash": "s", "event_id": "of another", "batched": True}
    assert not {"event_id", "batched"} & passed(folder, call, path=BY_INDEX).keys()
    assert passed(folder, {"data": [1], "session_hash": "of another"}) == {"data": [1, "", 0]}


def test_other_addresses_are_not_looked_at(folder):
    call = image("/etc/passwd")
    assert passed(folder, call, path="/gradio_api/upload") == call


def test_a_call_that_is_too_large_is_refused(folder, monkeypatch):
    monkeypatch.setattr(call_filter, "LARGEST_CALL_BYTES", 21)
    assert passed(folder, {"data": ["0123456"]})
    assert refused(folder, {"data": ["01234567"]})["title"] == "TOO_LARGE"


def test_a_body_that_never_arrives_is_refused(folder, monkeypatch):
    monkeypatch.setattr(call_filter, "SLOWEST_BODY_S", 0.01)
    sent = []

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": CALL, "headers": []}
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(CallFilter(None, folder, ENDPOINTS)(scope, receive, send))).result()
    assert json.loads(sent[1]["body"])["title"] == "REQUEST"
