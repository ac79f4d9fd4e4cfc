"""A network that is built in Keras only when an operation needs it."""

import threading
from typing import TYPE_CHECKING

from cxr.capabilities import NO_TOKENS, OF_A_GRAPH
from cxr.checkpoint import Checkpoint
from cxr.layers import check_layer, target_layer
from hub.architecture import STEM, map_shapes

if TYPE_CHECKING:
    from cxr.network import KerasNetwork


class DeferredNetwork:
    """Facts about a checkpoint's network that need no building, and the network, built at its first use.

    input_shape  (h, w, c); outputs, the number of logits; layers, {name: (y, x, k)} in forward order
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        side = checkpoint.config.input["size"]
        self._checkpoint: Checkpoint | None = checkpoint
        self._built: KerasNetwork | None = None
        self._lock = threading.Lock()
        self.input_shape: tuple[int, int, int] = (side, side, checkpoint.weights[STEM].shape[2])
        self.outputs = len(checkpoint.config.labels)
        self.layers = map_shapes(side=side, final_relu=checkpoint.config.final_relu)
        self.target_layer = target_layer(self.layers)
        self.token_grid = NO_TOKENS

    @property
    def capabilities(self) -> frozenset[str]:
        """What it can be asked for."""
        return OF_A_GRAPH

    def built(self) -> "KerasNetwork":
        """The network itself; the first call takes seconds, and imports TensorFlow."""
        with self._lock:
            if self._built is None:
                from cxr.network import build_network

                assert self._checkpoint is not None
                self._built = build_network(self._checkpoint)
                self._checkpoint = None  # its weights are in the network now
            return self._built

    def check_layer(self, name: str) -> str:
        """The name, if a layer with a map has exactly that name; LayerError otherwise."""
        return check_layer(name, self.layers)
