"""A cache of the maps of all findings, from explainers that compute them together: another finding costs nothing."""

import threading
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from cachetools import LRUCache

SIZE = 32
"""Largest number of sets of maps; a set of 14 findings on 27 × 27 cells takes 40 kB."""


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
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> CachedMaps | None:
        """The set of maps of this key, or None."""
        with self._lock:
            return self._maps.get(key)

    def put(self, key: Hashable, maps: CachedMaps) -> None:
        """Store a set of maps; the one that was used least recently makes room."""
        with self._lock:
            self._maps[key] = maps
