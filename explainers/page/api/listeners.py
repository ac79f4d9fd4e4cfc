"""Which calls somebody still waits for, so that work for a caller that is gone can end.

Gradio stops sending to a caller that is gone but lets the endpoint run to its end. A call is joined by a POST; its
results are read from a stream, of one event for plain HTTP and of one session for Gradio's clients.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cachetools import LRUCache

UNREAD_S = 300
"""How long the results of a call may stay unread before nobody is taken to wait for them."""

MOST_REMEMBERED = 10_000


@dataclass
class _Stream:
    """The stream of one session, or of one event."""

    joined: float = field(default_factory=time.monotonic)
    readers: int = 0
    read: bool = False


class Listeners:
    """Streams of results by session and events that were cancelled. Safe under threads."""

    def __init__(self) -> None:
        self._streams: LRUCache[str, _Stream] = LRUCache(MOST_REMEMBERED)
        self._cancelled: LRUCache[str, bool] = LRUCache(MOST_REMEMBERED)
        self._readers = 0
        self._lock = threading.Lock()

    def joined(self, session: str) -> None:
        """A call was accepted whose results come in the stream of this session or event."""
        with self._lock:
            stream = self._streams.setdefault(session, _Stream())
            stream.joined, stream.read = time.monotonic(), False

    def is_unread(self, session: str) -> bool:
        """Whether a call was joined under this name and nobody has read its stream yet."""
        with self._lock:
            stream = self._streams.get(session)
            return stream is not None and not stream.read and not stream.readers

    @contextmanager
    def reading(self, session: str) -> Iterator[None]:
        """The stream is read in the `with` block, which ends when the caller goes away."""
        with self._lock:
            stream = self._streams.setdefault(session, _Stream())
            stream.readers += 1
            self._readers += 1
            stream.read = True
        try:
            yield
        finally:
            with self._lock:
                stream.readers -= 1
                self._readers -= 1

    def cancel(self, event: str) -> None:
        """The caller asked for the end of one event."""
        with self._lock:
            self._cancelled[event] = True

    def gone(self, session: str | None, event: str | None = None) -> bool:
        """Whether nobody waits for an event of this session; False where nothing is known of either."""
        with self._lock:
            if event in self._cancelled:
                return True
            stream = self._streams.get(session or "")
        if stream is None or stream.readers:
            return False
        return stream.read or time.monotonic() - stream.joined > UNREAD_S

    @property
    def readers(self) -> int:
        """Streams that are being read."""
        with self._lock:
            return self._readers
