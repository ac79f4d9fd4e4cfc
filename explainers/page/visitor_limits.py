"""ASGI middleware that holds visitors to the operator's limits: calls a minute, uploads on the disk, slow bodies.

While the server shuts down, new work is refused here in words.
"""

import asyncio
import ipaddress
import threading
import time
from collections import deque
from collections.abc import Callable

from cachetools import LRUCache
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explainers.page.error_boundary import ErrorMessage
from explainers.page.limits import MEBIBYTE, Limits
from explainers.page.private_folder import PrivateFolder
from explainers.page.refusals import refuse, route_path

WORK = ("/gradio_api/call/", "/gradio_api/queue/join", "/gradio_api/run/", "/gradio_api/api/", "/gradio_api/mcp")
UPLOAD = "/gradio_api/upload"

MOST_ADDRESSES = 10_000
SLOWEST_CHUNK_S = 20
"""How long an upload may pause."""

STOPPING = ErrorMessage("STOPPING", "The server is shutting down. Call again in a few seconds.")
TOO_MANY = ErrorMessage("RATE", "There were too many calls from your address. Try again in a while.")
DISK_FULL = ErrorMessage("BUSY", "Too many uploads wait to be read. Try again in a minute.")
NO_FORM = ErrorMessage("REQUEST", "An upload is a multipart form whose files are called 'files'.")


class CallRates:
    """Times of each address' calls in the last minute. Safe under threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._times: LRUCache[str, deque[float]] = LRUCache(MOST_ADDRESSES)
        self._lock = threading.Lock()

    def allows(self, address: str) -> bool:
        """Whether one more call may be made; it is counted if so."""
        if not self._most or _is_loopback(address):
            return True
        now = time.monotonic()
        with self._lock:
            times = self._times.setdefault(address, deque())
            while times and now - times[0] > 60:
                times.popleft()
            if len(times) >= self._most:
                return False
            times.append(now)
        return True


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:  # a Unix socket has no address
        return False


class VisitorLimits:
    """Refuses work and uploads beyond the limits."""

    def __init__(self, app: ASGIApp, limits: Limits, folder: PrivateFolder, is_stopping: Callable[[], bool]) -> None:
        self.app, self.limits, self.folder, self.is_stopping = app, limits, folder, is_stopping
        self.rates = CallRates(limits.calls_a_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        path = route_path(scope)
        is_upload = path.rstrip("/") == UPLOAD
        if not is_upload and not path.startswith(WORK):
            await self.app(scope, receive, send)
            return
        refusal = await self._refusal(scope, is_upload)
        if refusal:
            await refuse(send, refusal)
            return
        await self.app(scope, _patient(receive) if is_upload else receive, send)

    async def _refusal(self, scope: Scope, is_upload: bool) -> ErrorMessage | None:
        if self.is_stopping():
            return STOPPING
        if not self.rates.allows((scope.get("client") or ("",))[0]):
            return TOO_MANY
        if not is_upload:
            return None
        headers = dict(scope["headers"])
        if not _is_form(headers.get(b"content-type", b"")):
            return NO_FORM
        coming = int(headers.get(b"content-length", b"0"))
        lying = await asyncio.to_thread(self.folder.uploaded_bytes)
        return DISK_FULL if lying + coming > self.limits.uploads_mb * MEBIBYTE else None


def _is_form(content_type: bytes) -> bool:
    """Whether this is a multipart form whose boundary has the 1 to 70 characters that RFC 2046 allows."""
    kind, _, parameters = content_type.partition(b";")
    named = dict(each.strip().partition(b"=")[::2] for each in parameters.split(b";"))
    boundary = named.get(b"boundary", b"").strip(b'"')
    return kind.strip().lower() == b"multipart/form-data" and 0 < len(boundary) <= 70


def _patient(receive: Receive) -> Receive:
    """`receive` that takes a caller who pauses for too long to be gone."""

    async def received() -> Message:
        try:
            return await asyncio.wait_for(receive(), SLOWEST_CHUNK_S)
        except TimeoutError:
            return {"type": "http.disconnect"}

    return received
