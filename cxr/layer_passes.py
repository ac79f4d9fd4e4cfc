"""Passes to, from and back to the layers of a network, each by the fastest way for that layer.

Layers after the last block are computed in closed form (`cxr.engine.tail`), all others by the engine
(`cxr.engine.inner_layers`). Networks without an engine are computed by Keras.
"""

import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from cachetools import LRUCache

from cxr.capabilities import LayeredNetwork
from cxr.deferred_network import DeferredNetwork
from cxr.digests import digest_of
from cxr.engine import Engine
from cxr.engine.inner_layers import InnerLayers
from cxr.engine.tail import Tail
from cxr.pass_counts import record

NO_LAYER = ""
"""Stands for no layer where only logits are asked for."""

CACHED_PASSES = 8
"""Inputs whose activations at a layer are cached: 200 kB each at DenseNet-121's last block, 3 MB at its first."""


class LayerPasses:
    """Passes of one network. Arrays are NumPy; every method may be called from any thread, and counts its passes.

    engine   what computes faster than Keras; None where there is no engine
    columns  outputs of the network that are findings, in the order of the logits
    seconds_a_pass  of one picture, forward, as measured so far; None before the first
    """

    def __init__(
        self, network: LayeredNetwork | DeferredNetwork, engine: Engine | None, columns: Sequence[int]
    ) -> None:
        self._network, self._engine, self._columns = network, engine, list(columns)
        self._cache: LRUCache[tuple[str, str], tuple[np.ndarray, np.ndarray]] = LRUCache(CACHED_PASSES)
        self._held: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
        self._lock = threading.Lock()
        self.seconds_a_pass: float | None = None

    def cost(self, passes: int) -> str:
        """What so many passes cost, in words; "" where an engine needs less than whole passes."""
        if self._engine is not None:
            return ""
        each = self.seconds_a_pass
        return f"Up to {passes:,} passes" + (f", about {max(1, round(passes * each))} s" if each else "")

    def _timed(self, seconds: float, pictures: int) -> None:
        """The least time that a picture took: first passes compile, and others wait for the processor."""
        self.seconds_a_pass = min(seconds / pictures, self.seconds_a_pass or math.inf)

    def forward(self, batch: np.ndarray) -> np.ndarray:
        """Logits `(N, n)`."""
        record(forward=len(batch))
        begin = time.perf_counter()
        logits = (self._engine or self.built()).forward(batch)[:, self._columns]
        self._timed(time.perf_counter() - begin, len(batch))
        return logits

    def forward_with(self, batch: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """Logits `(N, n)` and the layer's activations `(N, y, x, k)`; those of a single input are cached.

        Of NO_LAYER there are no activations.
        """
        if layer != NO_LAYER:
            self._network.check_layer(layer)
        tail = self._tail(layer)
        computed = self._network.target_layer if tail else layer
        logits, activations = self._cached(batch, computed) if len(batch) == 1 else self._pass(batch, computed)
        return logits, tail.activations(layer, activations) if tail else activations

    @contextmanager
    def holding(self, inputs: Sequence[np.ndarray], layer: str) -> Iterator[None]:
        """One pass over inputs `(h, w, c)`; in the `with` block, passes over each of them alone are taken from it."""
        computed = self._network.target_layer if self._tail(layer) else layer
        logits, activations = self._pass(np.stack(inputs), computed)
        for array in (logits, activations):
            array.flags.writeable = False
        found = {
            _key(each[None], computed): (logits[row : row + 1], activations[row : row + 1])
            for row, each in enumerate(inputs)
        }
        with self._lock:
            self._held |= found
        try:
            yield
        finally:
            with self._lock:
                for key in found:
                    self._held.pop(key, None)

    def cached_logits(self, prepared: np.ndarray) -> np.ndarray:
        """Logits `(1, n)` of one input `(h, w, c)`, from the cache where they are there."""
        return self.forward_with(prepared[None], self._network.target_layer)[0]

    def gradient(self, batch: np.ndarray, layer: str, outputs: Sequence[int]) -> np.ndarray:
        """d logit / d activation `(N, len(outputs), y, x, k)`."""
        self._network.check_layer(layer)
        tail = self._tail(layer)
        if tail:
            gradients = tail.gradient(layer, self.forward_with(batch, layer)[1], outputs)
        elif inner := self._inner(layer):
            source = layer if inner.is_cut(layer) else inner.source_of(layer)
            gradients = inner.gradient(layer, self.forward_with(batch, source)[1], outputs)
        elif self.built().is_cut(layer):
            gradients = self.built().tail_gradient(layer, self.forward_with(batch, layer)[1], outputs)
        else:
            record(forward=len(batch) * len(outputs))
            gradients = self.built().layer_gradient(batch, layer, outputs)
        record(backward=len(batch))
        return gradients

    def forward_from(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` from the layer's activations `(N, y, x, k)`."""
        if part := self._tail(layer) or self._inner(layer):
            return part.logits(layer, activations)[:, self._columns]
        return self.built().forward_from(layer, activations)[:, self._columns]

    def features(self, activations: np.ndarray) -> np.ndarray:
        """The output layer's input `(N, k)`, from the target layer's activations."""
        layer = self._network.target_layer
        part = self._tail(layer)
        return part.features(layer, activations) if part else self.built().features_from(layer, activations)

    def input_gradient(self, batch: np.ndarray, output: int) -> np.ndarray:
        """d logit / d input `(N, h, w, c)`."""
        record(forward=len(batch), backward=len(batch))
        return (self._engine or self.built()).input_gradient(batch, output)

    def attentions(self, batch: np.ndarray, output: int) -> tuple[np.ndarray, np.ndarray]:
        """Attention and its gradients, each `(N, blocks, heads, tokens, tokens)`."""
        record(forward=len(batch), backward=len(batch))
        return self.built().attentions(batch, output)

    def built(self) -> LayeredNetwork:
        """The network itself, in Keras or of a plugin."""
        return self._network.built() if isinstance(self._network, DeferredNetwork) else self._network

    def _tail(self, layer: str) -> Tail | None:
        return self._engine.tail if self._engine and layer in self._engine.tail.layers else None

    def _inner(self, layer: str) -> InnerLayers | None:
        return self._engine.inner if self._engine and layer in self._engine.inner.layers else None

    def _cached(self, batch: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """`_pass`, from the cache where it is there. The arrays are read-only."""
        key = _key(batch, layer)
        with self._lock:
            if key in self._held:
                return self._held[key]
            if key in self._cache:
                return self._cache[key]
        result = self._pass(batch, layer)
        for array in result:
            array.flags.writeable = False
        with self._lock:
            self._cache[key] = result
        return result

    def _pass(self, batch: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """(logits, activations), from one pass."""
        record(forward=len(batch))
        begin = time.perf_counter()
        if layer == NO_LAYER:
            logits, activations = self.built().forward(batch), np.empty((len(batch), 0, 0, 0), np.float32)
        elif self._engine and self._tail(layer):
            logits, activations = self._engine.forward_with(batch)
        elif inner := self._inner(layer):
            logits, activations = inner.forward_with(batch, layer)
        else:
            logits, activations = self.built().forward_with(batch, layer)
        self._timed(time.perf_counter() - begin, len(batch))
        return logits[:, self._columns], activations


def _key(batch: np.ndarray, layer: str) -> tuple[str, str]:
    return layer, digest_of(np.asarray(batch[0], np.float32))
