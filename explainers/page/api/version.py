"""The version of the API and its deprecated parts, which /health and /openapi.json state."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explainers.page.refusals import route_path

API_VERSION = 1
"""Raised when a working program could notice a change: a name that is removed, a type or a meaning that changes."""

DEPRECATED: Mapping[str, str] = {}
"""{"/endpoint" or "/endpoint argument": what to use instead, and the version of cxr-lens that removes it}."""

OPENAPI = "/gradio_api/openapi.json"


class VersionedOpenApi:
    """ASGI middleware that puts the API's version in place of Gradio's, and marks what is deprecated."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or route_path(scope) != OPENAPI:
            await self.app(scope, receive, send)
            return
        begin: Message = {}
        parts: list[bytes] = []

        async def whole(message: Message) -> None:
            nonlocal begin
            if message["type"] == "http.response.start":
                begin = message
                return
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                await _answer(send, begin, b"".join(parts))

        await self.app(scope, receive, whole)


async def _answer(send: Send, begin: Message, body: bytes) -> None:
    if begin["status"] == 200:
        body = json.dumps(versioned(json.loads(body))).encode()
    headers = [(name, value) for name, value in begin["headers"] if name.lower() != b"content-length"]
    await send({**begin, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


def versioned(schema: dict[str, Any], deprecated: Mapping[str, str] = DEPRECATED) -> dict[str, Any]:
    """The schema with this API's version, and what is deprecated marked as OpenAPI does."""
    schema["info"] |= {"version": str(API_VERSION), "x-gradio-version": schema["info"].get("version", "")}
    for name in deprecated:
        endpoint, _, argument = name.partition(" ")
        operation = schema["paths"][f"/gradio_api/call/v2{endpoint}"]["post"]
        if argument:
            body = operation["requestBody"]["content"]["application/json"]["schema"]
            body["properties"][argument]["deprecated"] = True
        else:
            operation["deprecated"] = True
    return schema
