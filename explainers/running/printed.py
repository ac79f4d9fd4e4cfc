"""What plugins print: passed on up to a limit, so that one that prints for ever fills no log."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

MOST_CHARACTERS = 10_000
"""That one run of an explainer or a measure may print."""

LEFT_OUT = "\n(the plugin printed more, which was left out)\n"


class _Allowance(threading.local):
    """What the running thread may still print; None for a thread that runs no plugin."""

    left: int | None = None
    exceeded: bool = False


_allowance = _Allowance()


@contextmanager
def limited_printing() -> Iterator[None]:
    """In the `with` block, this thread prints at most MOST_CHARACTERS to the streams that `limit_streams` changed."""
    _allowance.left, _allowance.exceeded = MOST_CHARACTERS, False
    try:
        yield
    finally:
        _allowance.left = None


def allowed(text: str) -> str:
    """The part of a text that this thread may still print."""
    left = _allowance.left
    if left is None:
        return text
    _allowance.left = max(0, left - len(text))
    if len(text) <= left:
        return text
    said, _allowance.exceeded = _allowance.exceeded, True
    return text[:left] + ("" if said else LEFT_OUT)


def limit_streams() -> None:
    """Let `sys.stdout` and `sys.stderr` hold to the limit."""
    sys.stdout = cast(TextIO, _LimitedStream(sys.stdout))
    sys.stderr = cast(TextIO, _LimitedStream(sys.stderr))


def is_record_allowed(record: logging.LogRecord) -> bool:
    """A filter of logging handlers that counts what a plugin logs as printed."""
    return bool(allowed(record.getMessage()))


class _LimitedStream:
    """A text stream that writes what is allowed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write to the stream, as far as it is allowed; the length of the text, as streams say it."""
        self._stream.write(allowed(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
