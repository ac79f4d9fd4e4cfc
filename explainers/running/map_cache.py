"""A cache of the maps of all findings, from explainers that compute them together: another finding costs nothing."""

import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from cachetools import LRUCache

SIZE = 32
"""Largest number of sets of maps; a set of 14 findings on 27 × 27 cells takes 40 kB."""

POLL_S = 0.1
"""Between two looks at whether a run that waits for another's maps shall end."""


@dataclass(eq=False)
class _Turn:
    """Who may compute the maps of one key, and how many runs compute or wait."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    runs: int = 0


@dataclass(frozen=True, eq=False)
class CachedMaps:
    """One run of an explainer for all findings.

    maps     (n, y, x), in the order of the network's labels
    notes    what the explainer noted
    passes   {"forward", "backward"}
    seconds  that the run took
    """

    maps: np.ndarray
    notes: Mapping[str, Any]
    passes: Mapping[str, int]
    seconds: float


class MapCache:
    """The sets of maps that were used last. Safe under threads. Keys hold digests, never pictures."""

    def __init__(self, size: int = SIZE) -> None:
        self._maps: LRUCache[Hashable, CachedMaps] = LRUCache(size)
        self._turns: dict[Hashable, _Turn] = {}
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, key: Hashable, check: Callable[[], None]) -> Iterator[None]:
        """One run at a time is in the `with` block of a key; the next one finds there what that run has stored.

        check  called several times a second while the run waits; what it raises ends the waiting
        """
        with self._lock:
            turn = self._turns.setdefault(key, _Turn())
            turn.runs += 1
        try:
            while not turn.lock.acquire(timeout=POLL_S):
                check()
            try:
                yield
            finally:
                turn.lock.release()
        finally:
            with self._lock:
                turn.runs -= 1
                if not turn.runs:
                    del self._turns[key]

    def get(self, key: Hashable) -> CachedMaps | None:
        """The set of maps of this key, or None."""
        with self._lock:
            return self._maps.get(key)

    def put(self, key: Hashable, maps: CachedMaps) -> None:
        """Store a set of maps; the one that was used least recently makes room."""
        with self._lock:
            self._maps[key] = maps
