"""Counting what an explanation costs in passes through the network."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Passes:
    """Pictures that went through the network. Back to a layer counts as one pass, however many findings it serves."""

    forward: int = 0
    backward: int = 0


_counting: ContextVar[tuple[Passes, ...]] = ContextVar("passes", default=())


@contextmanager
def count_passes() -> Iterator[Passes]:
    """Passes made by this thread inside the `with` block; blocks may be nested, each counts all inside it."""
    counter = Passes()
    token = _counting.set((*_counting.get(), counter))
    try:
        yield counter
    finally:
        _counting.reset(token)


def record(*, forward: int = 0, backward: int = 0) -> None:
    """Add to every counter that is open in this thread."""
    for counter in _counting.get():
        counter.forward += forward
        counter.backward += backward
