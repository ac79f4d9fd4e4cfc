"""Responses that the server's own middleware and routes send, and how they read a request's address."""

import json
from collections.abc import Mapping
from types import MappingProxyType

from starlette.types import Scope, Send

from explainers.page.api.codes import CODES, RETRY_AFTER_S
from explainers.page.error_boundary import ErrorMessage

PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def route_path(scope: Scope) -> str:
    """The path of a request below the address at which the server is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "").rstrip("/"))


def error_body(message: ErrorMessage) -> bytes:
    """An error as JSON: `error` and `title` as Gradio's endpoints name them, `detail` as its clients read it."""
    said = {"error": message.sentence, "title": message.code, "detail": message.sentence}
    return json.dumps(said | message.to_json()).encode()


async def refuse(
    send: Send, message: ErrorMessage, *, status: int | None = None, headers: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Send an error as a whole response, with the status of its code unless another is given."""
    body = error_body(message)
    sent = PRIVATE | {"Content-Type": "application/json", "Content-Length": str(len(body))} | dict(headers)
    if message.code in RETRY_AFTER_S:
        sent = {"Retry-After": str(RETRY_AFTER_S[message.code])} | sent
    raw = [(name.lower().encode(), value.encode()) for name, value in sent.items()]
    await send({"type": "http.response.start", "status": status or CODES[message.code].status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
