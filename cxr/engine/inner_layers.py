"""Layers inside the network that every path goes through: their outputs, what follows from them, and the way back."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from cxr.engine import graph
from cxr.engine.folded import Folded
from cxr.engine.layout import laid_out, upright
from cxr.engine.scheduler import WorkerPool

if TYPE_CHECKING:
    from cxr.engine.engine import Backend

KEPT = 2
"""Layers whose pieces stay compiled: each piece holds the weights that it computes with."""


class InnerLayers:
    """Of one network. Arrays are NumPy; every method may be called from any thread.

    layers  names of those that it knows, in forward order: what each dense layer of a block leaves, and the ReLU after
            each block but the last
    """

    def __init__(self, net: Folded, library: "Backend", pool: WorkerPool) -> None:
        self._net, self._library, self._pool = net, library, pool
        self._places = graph.places(net)
        self._compiled: OrderedDict[str, dict[str, Callable]] = OrderedDict()
        self._lock = threading.Lock()
        self.layers: tuple[str, ...] = tuple(self._places)

    def forward_with(self, batch: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """(logits `(N, n)`, the layer's output `(N, y, x, k)`) of a prepared batch `(N, h, w, c)`."""
        draw = partial(graph.inside, self._net, place=self._places[layer])
        found = self._each("inside", layer, draw, batch)
        logits, activations = (np.concatenate(each) for each in zip(*found, strict=True))
        return logits, self._upright(activations)

    def logits(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """`(N, n)` of the layer's output `(N, y, x, k)`, through what comes after it alone."""
        draw = partial(graph.after, self._net, place=self._places[layer])
        return np.concatenate([logits for (logits,) in self._each("after", layer, draw, activations)])

    def gradient(self, layer: str, activations: np.ndarray, outputs: Sequence[int]) -> np.ndarray:
        """d logit / d activation `(N, len(outputs), y, x, k)`, back through what comes after the layer alone."""
        laid = self._laid_out(activations)
        draw = partial(graph.after, self._net, place=self._places[layer])
        shape = (1, *laid.shape[1:])
        run = self._piece("gradient", layer, lambda: self._library.gradient(draw, shape, self._net.outputs))
        chosen = np.eye(self._net.outputs, dtype=np.float32)[list(outputs)]
        slices = (partial(run, single, weights[None]) for single in np.split(laid, len(laid)) for weights in chosen)
        # what is compiled for all cores runs one after the other
        found = self._pool.run(slices, ahead=1 if self._library.widens else None)
        gradients = self._upright(np.concatenate([gradient for (gradient,) in found]))
        return gradients.reshape(len(activations), len(outputs), *gradients.shape[1:])

    def _each(self, kind: str, layer: str, draw: Callable, batch: np.ndarray) -> list[list[np.ndarray]]:
        """What a piece gives for each member of a batch; a single one is computed on all cores."""
        singles = np.split(self._laid_out(batch), len(batch))
        wide = self._library.widens and len(singles) == 1
        shape, kind = singles[0].shape, f"{kind}, wide" if wide else kind
        run = self._piece(kind, layer, lambda: self._library.compiled(draw, [shape], [np.float32], wide=wide))
        return self._pool.run([partial(run, single) for single in singles], ahead=1 if wide else None)

    def _piece(self, kind: str, layer: str, make: Callable[[], Callable]) -> Callable:
        """What is compiled of a layer at its first use, and forgotten when others were used since."""
        with self._lock:
            known = self._compiled.setdefault(layer, {})
            self._compiled.move_to_end(layer)
            while len(self._compiled) > KEPT:
                self._compiled.popitem(last=False)
            if kind not in known:
                known[kind] = make()
            return known[kind]

    def _laid_out(self, values: np.ndarray) -> np.ndarray:
        return laid_out(values, channels_first=self._library.channels_first)

    def _upright(self, values: np.ndarray) -> np.ndarray:
        return upright(values, channels_first=self._library.channels_first)
