"""Errors of anything inside the server: each becomes a sentence and a code, in a response or in a stream."""

import asyncio
import errno
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from cxr.errors import Busy
from explainers.page.api.codes import CODES
from explainers.page.api.error_responses import ErrorResponses


def answered(*messages: dict, error: Exception | None = None, path: str = "/x") -> list[dict]:
    """What a caller gets from an application that sends these messages, and then raises."""
    sent: list[dict] = []

    async def app(scope, receive, send):
        for message in messages:
            await send(message)
        if error:
            raise error

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": []}
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(ErrorResponses(app)(scope, None, send))).result()
    return sent


def start(status: int, kind: bytes = b"application/json") -> dict:
    return {"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]}


def body(content: bytes, *, more: bool = False) -> dict:
    return {"type": "http.response.body", "body": content, "more_body": more}


def said(sent: list[dict]) -> tuple[int, str]:
    refusal = json.loads(sent[1]["body"])
    assert refusal["error"].endswith(".")
    return sent[0]["status"], refusal["title"]


@pytest.mark.parametrize(
    ("error", "path", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/tmp/secret"), "/gradio_api/upload", (503, "BUSY")),
        (OSError(errno.EDQUOT, "Quota exceeded"), "/x", (503, "BUSY")),
        (OSError(errno.ENAMETOOLONG, "File name too long", "secret"), "/x", (400, "REQUEST")),
        (TypeError("File is not an instance of GradioUploadFile"), "/gradio_api/upload", (400, "REQUEST")),
        (KeyError("secret"), "/x", (500, "INTERNAL")),
        (Busy("Full.", "Try again."), "/x", (503, "BUSY")),
    ],
)
def test_what_is_raised_becomes_a_response(error, path, expected):
    sent = answered(error=error, path=path)
    assert said(sent) == expected
    assert b"secret" not in sent[1]["body"]
    assert (b"retry-after" in dict(sent[0]["headers"])) == (expected[1] == "BUSY")


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (500, b"Internal Server Error", (500, "INTERNAL")),
        (500, b'{"error": null}', (500, "INTERNAL")),
        (500, b'{"error": "No such finding.", "title": "FINDING"}', (400, "FINDING")),
        (422, b'{"detail": [{"input": "secret"}]}', (400, "REQUEST")),
        (400, b"Invalid", (400, "REQUEST")),
        (503, b'{"detail": "Queue is full. Max size is 48 and size is 48."}', (503, "BUSY")),
        (503, b'{"detail": "Queue is stopped."}', (503, "STOPPING")),
        (413, b"File size exceeded", (413, "TOO_LARGE")),
        (404, b"Not Found", (404, "NOT_FOUND")),
        (403, b'{"detail": "File not allowed: /etc/secret"}', (403, "NOT_FOUND")),
        (429, b"", (429, "RATE")),
        (418, b'[1, "secret"]', (400, "REQUEST")),
    ],
)
def test_responses_of_every_form_get_a_code_and_repeat_nothing(status, content, expected):
    half = len(content) // 2
    sent = answered(start(status), body(content[:half], more=True), body(content[half:]))
    assert said(sent) == expected
    assert b"secret" not in sent[1]["body"]


def test_what_is_no_error_passes_as_it_is():
    messages = [start(200), body(b'{"error": null}', more=True), body(b"!")]
    assert answered(*messages) == messages


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ('event: error\ndata: {"error": null}\n\n', "INTERNAL"),
        ("event: error\ndata: null\n\n", "INTERNAL"),
        ('event: error\ndata: {"error": "No such choice.", "title": "Error"}\n\n', "OPTION"),
        ('event: error\ndata: {"error": "Gone.", "title": "RADIOGRAPH"}\n\n', "RADIOGRAPH"),
        ('event: error\ndata: "Server stopped unexpectedly."\n\n', "STOPPING"),
        ('data: {"msg": "process_completed", "success": false, "output": {"error": null}}\n\n', "INTERNAL"),
        ('data: {"msg": "process_completed", "success": false, "output": {"error": "x", "title": "BUSY"}}\n\n', "BUSY"),
    ],
)
def test_events_of_errors_get_a_code(event, code):
    sent = answered(start(200, b"text/event-stream"), body(event.encode(), more=True), body(b""))
    (line,) = [line for line in sent[1]["body"].decode().split("\n") if line.startswith("data: ")]
    data = json.loads(line.removeprefix("data: "))
    refusal = data.get("output", data)
    assert refusal["title"] == code
    assert refusal["title"] in CODES
    assert refusal["error"]


def test_events_that_are_no_errors_pass_as_they_are():
    event = b'event: complete\ndata: [{"error": "none", "text": "event: error"}]\n\n'
    assert answered(start(200, b"text/event-stream"), body(event))[1]["body"] == event


def test_a_stream_that_breaks_ends_without_a_second_response():
    sent = answered(start(200, b"text/event-stream"), body(b"data: 1\n\n", more=True), error=RuntimeError("secret"))
    assert len(sent) == 2


@pytest.mark.parametrize("path", ["/" + "a" * 256, "/" + "a/" * 1001, "/a\x00b", "/" + "é" * 200, "/\ud800", "/a\nb"])
def test_a_path_that_names_nothing_goes_no_further(path):
    assert said(answered(error=AssertionError("reached"), path=path)) == (404, "NOT_FOUND")
