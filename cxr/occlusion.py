"""Logits of one input with filled windows: by whole passes, or faster, from the input's own activations."""

import threading
from collections.abc import Iterator, Sequence

import numpy as np
from cachetools import LRUCache

from cxr.digests import digest_of
from cxr.engine import Engine
from cxr.engine.parts import CachedActivations
from cxr.layer_passes import LayerPasses
from cxr.pass_counts import record

WINDOWS_A_STEP = 8
"""Windows occluded in whole passes between two reports of progress."""

FEW_WINDOWS = 4
"""Up to this many windows, whole passes are faster than the first use of the network's pieces, which compiles them."""

CACHED_BASES = 2
"""Inputs whose first blocks' activations are cached: 5 MB each."""


class Occlusion:
    """Occlusion of inputs of one network. Safe under threads.

    engine   what computes passes in parts; None where there is no engine
    columns  outputs of the network that are findings, in the order of the logits
    passes   whole passes of the same network
    """

    def __init__(self, engine: Engine | None, columns: Sequence[int], passes: LayerPasses) -> None:
        self._engine, self._columns, self._passes = engine, columns, passes
        self._bases: LRUCache[str, CachedActivations] = LRUCache(CACHED_BASES)
        self._lock = threading.Lock()

    def steps(self, prepared: np.ndarray, windows: np.ndarray, fill: np.ndarray | float) -> Iterator[np.ndarray]:
        """Logits `(k, n)` of a few windows at a time, in order; see `Predictor.occluded`."""
        filled = np.broadcast_to(np.asarray(fill, np.float32), prepared.shape)
        windows = _within(np.asarray(windows, int).reshape(-1, 4), prepared.shape)
        if self._engine and windows[:, 2:].all() and self._in_parts(windows):
            yield from self._from_base(self._engine, prepared, windows, filled)
            return
        for at in range(0, len(windows), WINDOWS_A_STEP):
            yield self._some(prepared, windows[at : at + WINDOWS_A_STEP], filled)

    def _some(self, prepared: np.ndarray, windows: np.ndarray, filled: np.ndarray) -> np.ndarray:
        """Logits of a few windows, of which some may be empty."""
        logits = np.empty((len(windows), len(self._columns)), np.float32)
        is_empty = ~windows[:, 2:].all(axis=1)
        if is_empty.any():
            logits[is_empty] = self._passes.cached_logits(prepared)
        rest = windows[~is_empty]
        if self._engine and self._in_parts(rest):
            logits[~is_empty] = np.concatenate(list(self._from_base(self._engine, prepared, rest, filled)))
        elif len(rest):
            logits[~is_empty] = self._passes.forward(np.stack([_occluded(prepared, filled, each) for each in rest]))
        return logits

    def _in_parts(self, windows: np.ndarray) -> bool:
        """Whether windows are computed from the input's own activations: where that is faster."""
        return bool(self._engine and self._engine.incremental) and len(windows) > FEW_WINDOWS

    def _from_base(
        self, engine: Engine, prepared: np.ndarray, windows: np.ndarray, filled: np.ndarray
    ) -> Iterator[np.ndarray]:
        for found in engine.occluded(self._base(engine, prepared), windows, filled):
            record(forward=len(found))
            yield found[:, self._columns]

    def _base(self, engine: Engine, prepared: np.ndarray) -> CachedActivations:
        """The activations of the input without a window, from the cache or one pass."""
        prepared = np.ascontiguousarray(prepared, np.float32)
        key = digest_of(prepared)
        with self._lock:
            if key in self._bases:
                return self._bases[key]
        record(forward=1)
        base = engine.cacheable_pass(prepared)
        with self._lock:
            self._bases[key] = base
        return base


def _within(windows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Windows cut where they leave the input; of size 0 where nothing is left."""
    first = np.clip(windows[:, :2], 0, shape[:2])
    last = np.clip(windows[:, :2] + windows[:, 2:], first, shape[:2])
    return np.concatenate([first, last - first], axis=1)


def _occluded(prepared: np.ndarray, filled: np.ndarray, window: np.ndarray) -> np.ndarray:
    top, left, height, width = window
    result = prepared.copy()
    result[top : top + height, left : left + width] = filled[top : top + height, left : left + width]
    return result
