"""The head of the document as it is sent: what browsers and previews of a shared link read without running scripts.

Gradio inserts the page's own head by a script, and describes itself in the document; previews would show that.
"""

import re
from collections.abc import Callable
from functools import cache
from html import escape
from importlib.resources import files

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explainers.page.scripts_route import FILES
from explainers.page.words import words_of

CARD = f"{FILES}/card.jpg".lstrip("/")
"""Address of the picture of a shared link, below the page's root."""

CARD_SIZE = 1200, 630
"""Width and height of that picture, in pixels: what previews ask for."""

GRADIO_TAGS = re.compile(rb'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*>')

ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' "
    "rx='6' fill='%23131518'/%3E%3Ccircle cx='14' cy='14' r='8' fill='none' stroke='%2374c5d9' stroke-width='3'/%3E"
    "%3Cpath d='M20 20l7 7' stroke='%2374c5d9' stroke-width='3' stroke-linecap='round'/%3E%3C/svg%3E"
)
"""A lens, drawn here: nothing is fetched from elsewhere."""


class DocumentHead:
    """Middleware: title, description, icon and preview of the document, in place of Gradio's.

    root_path  gives the path, or the whole address, under which a proxy offers the page; "" without one
    """

    def __init__(self, app: ASGIApp, root_path: Callable[[], str]) -> None:
        self.app, self.root_path = app, root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def changed(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            headers = MutableHeaders(raw=start["headers"])
            if headers.get("content-type", "").startswith("text/html"):
                body = with_head(body, address_of(str(Request(scope).base_url), self.root_path()))
                headers["content-length"] = str(len(body))
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, changed)


def address_of(base: str, root_path: str) -> str:
    """The page's address, ending in a slash: what the operator states, else that of the request.

    The latter has the path of a proxy already.
    """
    stated = root_path.startswith(("http://", "https://"))
    return f"{(root_path if stated else base).rstrip('/')}/"


def with_head(document: bytes, address: str) -> bytes:
    """The document with the page's title and preview; address: of the page, ending in a slash."""
    return GRADIO_TAGS.sub(b"", document).replace(b"<head>", b"<head>" + _tags(address).encode(), 1)


def _tags(address: str) -> str:
    words = words_of("page")
    title, description, alt = (escape(words[name]) for name in ("title", "description", "card"))
    width, height = CARD_SIZE
    page, card = escape(address), escape(f"{address.rstrip('/')}/{CARD}")
    return (
        f'<title>{title}</title><meta name="description" content="{description}">'
        f'<link rel="icon" type="image/svg+xml" href="{ICON}"><meta property="og:type" content="website">'
        f'<meta property="og:url" content="{page}"><meta property="og:title" content="{title}">'
        f'<meta property="og:description" content="{description}"><meta property="og:image" content="{card}">'
        f'<meta property="og:image:width" content="{width}"><meta property="og:image:height" content="{height}">'
        f'<meta property="og:image:alt" content="{alt}"><meta name="twitter:card" content="summary_large_image">'
    )


@cache
def card() -> bytes:
    """The picture of a shared link, JPEG."""
    return (files("explainers.page") / "worked_case" / "card.jpg").read_bytes()


def card_route() -> Route:
    """Serves the picture of a shared link."""
    headers = {"Cache-Control": "max-age=86400"}
    return Route(f"/{CARD}", lambda request: Response(card(), media_type="image/jpeg", headers=headers))
