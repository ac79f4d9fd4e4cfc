"""Layers inside the network: outputs, the rest of the pass, and gradients."""

import threading
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from cachetools import LRUCache

from cxr.engine import layer_chain
from cxr.engine.backend import Backend, Compiled, Description
from cxr.engine.folded import Folded
from cxr.engine.layout import to_backend_layout, to_channels_last
from cxr.engine.scheduler import WorkerPool
from cxr.errors import LayerError
from hub.architecture import map_shapes

CACHED_LAYERS = 2
"""Layers whose compiled pieces are cached: each piece holds a copy of its weights."""


class InnerLayers:
    """Inner layers of one network. Arrays are NumPy; every method may be called from any thread.

    layers  names of all layers with a map up to the last block's output, in forward order
    """

    def __init__(self, net: Folded, library: Backend, pool: WorkerPool) -> None:
        self._net, self._library, self._pool = net, library, pool
        self._compiled: LRUCache[str, dict[str, Compiled]] = LRUCache(CACHED_LAYERS)
        self._lock = threading.Lock()
        self._names = list(map_shapes(side=net.side, final_relu=net.final_relu))
        self.layers: tuple[str, ...] = tuple(self._names[: self._names.index(list(layer_chain.chain(net))[-1])])

    def is_cut(self, layer: str) -> bool:
        """Whether every path from the input to the output goes through this layer."""
        return layer in layer_chain.chain(self._net, layer)

    def source_of(self, layer: str) -> str:
        """The layer that cuts the network right before a layer that does not."""
        return layer_chain.source_of(self._net, layer)

    def _cut_after(self, layer: str) -> str:
        """The next layer that cuts the network; all do from the last block's output on."""
        following = self._names[self._names.index(layer) + 1 :]
        return next(each for each in following if each not in self.layers or self.is_cut(each))

    def forward_with(self, batch: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """(logits `(N, n)`, the layer's output `(N, y, x, k)`) of a prepared batch `(N, h, w, c)`."""
        description = partial(layer_chain.inside, self._net, layer=layer)
        found = self._each("inside", layer, description, batch)
        logits, activations = (np.concatenate(each) for each in zip(*found, strict=True))
        return logits, self._to_channels_last(activations)

    def logits(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` from the layer's output `(N, y, x, k)`: only the network after the layer is computed.

        Raises LayerError if the network reaches its output around that layer too.
        """
        if not self.is_cut(layer):
            raise LayerError(
                f"The network reaches its output around {layer!r}, so there is no part after it alone.",
                f"The nearest layers with such a part: {self.source_of(layer)} and {self._cut_after(layer)}.",
            )
        description = partial(layer_chain.after, self._net, layer=layer)
        return np.concatenate([logits for (logits,) in self._each("after", layer, description, activations)])

    def gradient(self, layer: str, activations: np.ndarray, outputs: Sequence[int]) -> np.ndarray:
        """d logit / d activation `(N, len(outputs), y, x, k)`, of the layer's own output where it cuts the network.

        activations  `(N, y, x, k)`, the output of the layer, or of `source_of` the layer if that does not cut the
                     network. Paths around the layer are left out, and every path through it is counted.
        """
        given = self._to_backend(activations)
        cuts = self.is_cut(layer)
        if cuts:
            description: Description = partial(layer_chain.after, self._net, layer=layer)
        else:
            description = partial(layer_chain.inside, self._net, layer=layer, after=self.source_of(layer))
        shape = (1, *given.shape[1:])
        make = partial(self._library.gradient, description, shape, self._net.outputs, inside=not cuts)
        run = self._piece("gradient", layer, make)
        chosen = np.eye(self._net.outputs, dtype=np.float32)[list(outputs)]
        slices = (partial(run, single, weights[None]) for single in np.split(given, len(given)) for weights in chosen)
        gradients = self._to_channels_last(np.concatenate([gradient for (gradient,) in self._pool.run(slices)]))
        return gradients.reshape(len(activations), len(outputs), *gradients.shape[1:])

    def _each(self, kind: str, layer: str, description: Description, batch: np.ndarray) -> list[list[np.ndarray]]:
        """A piece's outputs for each member of a batch; a batch of one is computed on all cores."""
        singles = np.split(self._to_backend(batch), len(batch))
        wide = self._library.widens and len(singles) == 1
        shape, kind = singles[0].shape, f"{kind}, wide" if wide else kind
        run = self._piece(kind, layer, lambda: self._library.compiled(description, [shape], [np.float32], wide=wide))
        return self._pool.run([partial(run, single) for single in singles], ahead=1 if wide else None)

    def _piece(self, kind: str, layer: str, make: Callable[[], Compiled]) -> Compiled:
        """A layer's piece, compiled at its first use; those of the layers used longest ago are dropped."""
        with self._lock:
            known = self._compiled.setdefault(layer, {})
            if kind not in known:
                known[kind] = make()
            return known[kind]

    def _to_backend(self, values: np.ndarray) -> np.ndarray:
        return to_backend_layout(values, channels_first=self._library.channels_first)

    def _to_channels_last(self, values: np.ndarray) -> np.ndarray:
        return to_channels_last(values, channels_first=self._library.channels_first)
