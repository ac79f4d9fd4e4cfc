"""What may come in: before Gradio sees a call, files not uploaded here are taken out of it, and arguments that
were left out at its end get their defaults.

Gradio fetches a payload's web address before the function runs, and answers a path of its own choosing with an error
of its own. Neither is wanted: the address is never asked for, and the endpoint says in words what is missing. Gradio
refuses a plain HTTP call with fewer arguments than an endpoint has, so that one more would break every program that
calls it by HTTP.
"""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explainers.page.private_folder import PrivateFolder

LARGEST_CALL_BYTES = 2 * 2**20
"""Of one call's arguments; files come by upload, not in here."""

CALLS = (
    "/gradio_api/call/",
    "/gradio_api/queue/join",
    "/gradio_api/run/",
    "/gradio_api/api/",
    "/gradio_api/component_server",
)

REQUIRED = object()
"""In place of a default, for an argument that has none."""

REFUSED = "refused"
"""Stands in a call's arguments where a file was that this server doesn't have."""


class CallFilter:
    """ASGI middleware that looks at the JSON body of calls.

    defaults  {endpoint: the defaults of its arguments, in their order}; those without one come as REQUIRED
    """

    def __init__(
        self, app: ASGIApp, folder: PrivateFolder, defaults: Mapping[str, Sequence[object]] = MappingProxyType({})
    ) -> None:
        self.app = app
        self.folder = folder
        self.defaults = defaults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not _is_call(scope):
            await self.app(scope, receive, send)
            return
        body = await _body(receive)
        if body is None:
            await _too_large(send)
            return
        try:
            checked = json.dumps(self._filled(scope["path"], self._checked(json.loads(body)))).encode()
        except (ValueError, RecursionError):
            checked = body
        await self.app(_with_length(scope, len(checked)), _replay(checked, receive), send)

    def _filled(self, path: str, call: Any) -> Any:
        """The call with the defaults of the arguments that it lacks at its end, unless one of them has none."""
        defaults = self.defaults.get(path.rstrip("/").rpartition("/")[2], ())
        given = call.get("data") if isinstance(call, dict) else None
        if not isinstance(given, list) or REQUIRED in defaults[len(given) :]:
            return call
        return {**call, "data": [*given, *defaults[len(given) :]]}

    def _checked(self, value: Any) -> Any:
        """The same JSON with every file that is not an upload of this server replaced by a mark."""
        if isinstance(value, list):
            return [self._checked(each) for each in value]
        if not isinstance(value, dict):
            return value
        if "path" in value and ("meta" in value or "url" in value) and not self.folder.holds(value["path"]):
            return {REFUSED: "address" if "://" in str(value["path"]) else "not uploaded"}
        return {key: self._checked(each) for key, each in value.items()}


def _is_call(scope: Scope) -> bool:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    return path.startswith(CALLS) or path.startswith(tuple(call.removeprefix("/gradio_api") for call in CALLS))


async def _body(receive: Receive) -> bytes | None:
    """The whole body, or None if it is too large."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > LARGEST_CALL_BYTES:
            return None
        more = message.get("more_body", False)
    return b"".join(parts)


def _with_length(scope: Scope, length: int) -> Scope:
    others = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
    return {**scope, "headers": [*others, (b"content-length", str(length).encode())]}


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _too_large(send: Send) -> None:
    await send({"type": "http.response.start", "status": 413, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"The call's arguments are too large. Upload files instead."})
