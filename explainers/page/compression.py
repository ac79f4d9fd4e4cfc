"""Compressed answers for what Gradio sends as it is: the document, and the maps. Its scripts are compressed already."""

import re

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

LEAST_BYTES, LEVEL = 1000, 6

COMPRESSED = re.compile(r"^/$|/sessions/[^/]+/maps/")
"""Addresses below the page's root; pictures are compressed in themselves."""


class Compression:
    """Middleware: gzip for the addresses above, where the browser takes it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.compressed = GZipMiddleware(app, LEAST_BYTES, LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        suits = scope["type"] == "http" and COMPRESSED.search(scope["path"])
        await (self.compressed if suits else self.app)(scope, receive, send)
