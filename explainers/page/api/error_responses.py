"""ASGI middleware that gives every error of the server a sentence and a code, whichever part of it the error is from.

Gradio, FastAPI and Starlette answer errors in forms of their own: plain text, `{"detail": …}` that repeats the input,
`{"error": null}`, a status of 500 for a refusal. Responses and events of those forms are replaced here.
"""

import errno
import json
import logging
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explainers.page.api.codes import CODES
from explainers.page.error_boundary import ErrorMessage, error_message
from explainers.page.refusals import refuse, route_path

log = logging.getLogger(__name__)

LONGEST_SEGMENT_BYTES, LONGEST_PATH_BYTES = 255, 2000
"""Bytes of a path between two slashes, and of the whole path; with the folder, file systems take 4,096."""

UPLOAD = "/gradio_api/upload"

BY_STATUS = {
    401: ErrorMessage("NOT_FOUND", "This address needs a login."),
    403: ErrorMessage("NOT_FOUND", "This file is not for visitors."),
    404: ErrorMessage("NOT_FOUND", "There is nothing at this address."),
    405: ErrorMessage("NOT_FOUND", "This address doesn't take that method."),
    413: ErrorMessage("TOO_LARGE", "The upload is larger than this server takes."),
    429: ErrorMessage("RATE", "There were too many requests. Try again in a while."),
    503: ErrorMessage("BUSY", "Too much work is waiting. Try again in a few seconds."),
}
MALFORMED = ErrorMessage("REQUEST", "The request doesn't have the form that this address expects.")
NO_ROOM = ErrorMessage("BUSY", "The server has no room left for files. Try again later.")
STOPPED = ErrorMessage("STOPPING", "The server is shutting down. Call again.")
DEFECT = ErrorMessage("INTERNAL", "An internal error occurred. Try again.")


class ErrorResponses:
    """Replaces errors of the application inside; the outermost middleware of the page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if not _is_possible(scope):
            await refuse(send, BY_STATUS[404])
            return
        answer = _Answer(send)
        try:
            await self.app(scope, receive, answer.send)
        except Exception as error:  # noqa: BLE001 - the last place before the visitor
            message = _described(error, scope)
            if answer.started:
                # the stream ends here; what was sent can't be taken back
                log.info("a response was cut short: %s", type(error).__name__)
                return
            await refuse(send, message)


def _is_possible(scope: Scope) -> bool:
    """Whether the path could name a file: Gradio's static routes raise on others."""
    path: str = scope["path"]
    encoded = path.encode("utf-8", "surrogatepass")
    short = all(len(part) <= LONGEST_SEGMENT_BYTES for part in encoded.split(b"/"))
    return short and len(encoded) <= LONGEST_PATH_BYTES and path.isprintable()


def _described(error: Exception, scope: Scope) -> ErrorMessage:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NO_ROOM
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return MALFORMED
    if route_path(scope) == UPLOAD and not isinstance(error, OSError):
        # the upload's code reads the multipart form and does nothing else; a malformed form raises a dozen types
        return MALFORMED
    return error_message(error)


class _Answer:
    """`send` for the application inside, which holds an error's response back until all of it is there."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False
        self._status = 0
        self._parts: list[bytes] = []
        self._events = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._start(message)
        elif message["type"] == "http.response.body" and self._status:
            self._parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                await refuse(self._send, _replaced(self._status, b"".join(self._parts)), status=_status(self._status))
        elif message["type"] == "http.response.body" and self._events:
            await self._send({**message, "body": _with_codes(message.get("body", b""))})
        else:
            await self._send(message)

    async def _start(self, message: Message) -> None:
        kind = dict(message["headers"]).get(b"content-type", b"")
        if message["status"] >= 400:
            self._status, self.started = message["status"], True
            return
        self._events = kind.startswith(b"text/event-stream")
        self.started = True
        await self._send(message)


def _status(status: int) -> int | None:
    """The status to pass on; None where the code's own status is used."""
    return status if status in (401, 403, 404, 405, 413, 429, 503) else None


def _replaced(status: int, body: bytes) -> ErrorMessage:
    """The sentence and the code of an error response; those of one that has a known code."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if isinstance(said, dict) and said.get("title") in CODES and isinstance(said.get("error"), str):
        return ErrorMessage(said["title"], said["error"])
    if isinstance(said, dict) and said.get("detail") == "Queue is stopped.":
        return STOPPED
    return BY_STATUS.get(status, MALFORMED if status < 500 else DEFECT)


def _with_codes(chunk: bytes) -> bytes:
    """Events of a stream; those of errors get a sentence and a code where they have none."""
    if b'"error"' not in chunk and b"event: error" not in chunk and b'"unexpected_error"' not in chunk:
        return chunk
    lines = chunk.decode().split("\n")
    is_error = "event: error" in lines
    return "\n".join(_line_with_code(line, is_error) for line in lines).encode()


def _line_with_code(line: str, is_error: bool) -> str:
    if not line.startswith("data: "):
        return line
    try:
        event = json.loads(line.removeprefix("data: "))
    except ValueError:
        return line
    if is_error:
        return f"data: {json.dumps(_error_with_code(event))}"
    if isinstance(event, dict) and event.get("msg") == "process_completed" and not event.get("success", True):
        return f"data: {json.dumps({**event, 'output': _error_with_code(event.get('output'))})}"
    return line


def _error_with_code(output: Any) -> dict[str, Any]:
    """An event's error with `error` and `title`."""
    if isinstance(output, dict) and output.get("title") in CODES and isinstance(output.get("error"), str):
        return output
    message = STOPPED if isinstance(output, str) and "stopped" in output else DEFECT
    if isinstance(output, dict) and isinstance(output.get("error"), str):
        # a component's own refusal, such as of a choice that it doesn't have
        message = ErrorMessage("OPTION", output["error"])
    rest = output if isinstance(output, dict) else {}
    return {**rest, "error": message.sentence, "title": message.code}
