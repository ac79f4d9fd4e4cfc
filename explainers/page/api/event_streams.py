"""ASGI middleware that follows the streams of results: each is read once, and its end is known.

Gradio answers a second reading of an event, or one of an event that never was, with heartbeats for ever.
"""

import json
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explainers.page.api.listeners import Listeners
from explainers.page.error_boundary import ErrorMessage
from explainers.page.refusals import refuse, route_path

CALL = re.compile(r"/gradio_api/call/(?:v2/)?(?P<endpoint>[^/]+)/?")
EVENT = re.compile(r"/gradio_api/call/(?:v2/)?[^/]+/(?P<event>[^/]+)/?")

UNKNOWN_EVENT = ErrorMessage(
    "NOT_FOUND", "There is no event of that name to read, or it was read already. Call the endpoint again."
)


class EventStreams:
    """Tells `listeners` which calls were joined, which streams are read, and when their readers are gone."""

    def __init__(self, app: ASGIApp, listeners: Listeners) -> None:
        self.app, self.listeners = app, listeners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = route_path(scope)
        if scope["method"] == "POST" and CALL.fullmatch(path):
            await self.app(scope, receive, self._joining(send))
        elif scope["method"] == "GET" and (match := EVENT.fullmatch(path)):
            await self._read(match["event"], scope, receive, send)
        elif scope["method"] == "GET" and path == "/gradio_api/queue/data":
            with self.listeners.reading(_query(scope).get("session_hash", "")):
                await self.app(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _read(self, event: str, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.listeners.is_unread(event):
            await refuse(send, UNKNOWN_EVENT)
            return
        with self.listeners.reading(event):
            await self.app(scope, receive, send)

    def _joining(self, send: Send) -> Send:
        """`send`, which notes the event of an accepted call before the caller can know it."""

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.body" and (event := _event_of(message.get("body", b""))):
                self.listeners.joined(event)
            await send(message)

        return noted


def _query(scope: Scope) -> dict[str, str]:
    from urllib.parse import parse_qsl

    return dict(parse_qsl(scope.get("query_string", b"").decode("latin-1")))


def _event_of(body: bytes) -> str | None:
    """The event id of an answer to a call."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    event = answer.get("event_id") if isinstance(answer, dict) else None
    return event if isinstance(event, str) else None
