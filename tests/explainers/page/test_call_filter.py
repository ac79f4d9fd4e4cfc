"""The gate: JSON bodies of calls before Gradio sees them."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from explainers.page import call_filter
from explainers.page.call_filter import CallFilter
from explainers.page.private_folder import PrivateFolder


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


def passed(
    folder, body: bytes, *, path: str = "/gradio_api/call/predict", defaults: dict | None = None
) -> tuple[bytes, int | None]:
    """What comes out behind the gate: the body, and the status if the gate answered by itself."""
    seen, sent = [], []

    async def app(scope, receive, send):
        message = await receive()
        assert int(dict(scope["headers"])[b"content-length"]) == len(message["body"])
        seen.append(message["body"])

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": [(b"content-length", b"%d" % len(body))]}
    # in a thread of its own: Playwright, once another test has started it, keeps a loop running in this one
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, CallFilter(app, folder, defaults or {})(scope, receive, send)).result()
    return (seen[0] if seen else b""), (sent[0]["status"] if sent else None)


def image(path: str, **more) -> dict:
    return {"path": path, "meta": {"_type": "gradio.FileData"}, **more}


def test_an_upload_passes_as_it_is(folder, uploaded):
    call = {"data": [image(str(uploaded)), {"options": {"a": [1, None]}}]}
    body, _ = passed(folder, json.dumps(call).encode())
    assert json.loads(body) == call


@pytest.mark.parametrize(
    ("path", "mark"),
    [
        ("/etc/passwd", "not uploaded"),
        ("https://example.com/a.png", "address"),
        ("../../etc/passwd", "not uploaded"),
        ("a\0b", "not uploaded"),
        (7, "not uploaded"),
    ],
)
def test_any_other_file_is_replaced_however_deep_it_lies(folder, path, mark):
    body, _ = passed(folder, json.dumps({"data": [[{"a": image(path)}]]}).encode())
    assert json.loads(body) == {"data": [[{"a": {"refused": mark}}]]}


def test_a_link_out_of_the_folder_is_no_upload(folder, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (folder.uploads / "link").symlink_to(tmp_path / "secret")
    assert not folder.holds(str(folder.uploads / "link"))


@pytest.mark.parametrize(
    ("given", "arrives"),
    [(["a"], ["a", "", 0]), (["a", "b"], ["a", "b", 0]), (["a", "b", 1], ["a", "b", 1]), ([], [])],
)
def test_arguments_left_out_get_their_defaults_unless_one_has_none(folder, given, arrives):
    body, _ = passed(
        folder, json.dumps({"data": given}).encode(), defaults={"predict": (call_filter.REQUIRED, "", 0), "other": (1,)}
    )
    assert json.loads(body) == {"data": arrives}


def test_options_called_path_are_no_files(folder):
    call = {"data": [{"path": "conv1", "power": 2}]}
    body, _ = passed(folder, json.dumps(call).encode())
    assert json.loads(body) == call


def test_what_is_no_json_is_left_to_gradio(folder):
    assert passed(folder, b"{no json")[0] == b"{no json"


def test_other_addresses_are_not_looked_at(folder):
    body = json.dumps(image("/etc/passwd")).encode()
    assert passed(folder, body, path="/gradio_api/upload")[0] == body


def test_a_call_that_is_too_large_is_refused(folder, monkeypatch):
    monkeypatch.setattr(call_filter, "LARGEST_CALL_BYTES", 10)
    assert passed(folder, b'"01234567"') == (b'"01234567"', None)
    assert passed(folder, b'"012345678"') == (b"", 413)
