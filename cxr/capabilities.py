"""What a network can be asked for besides its logits, and the error of a network that can't answer."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from cxr.errors import NotAvailable

LAYERS, LAYER_GRADIENT, FORWARD_FROM = "layers", "layer_gradient", "forward_from"
INPUT_GRADIENT, ATTENTIONS, RANDOMISED = "input_gradient", "attentions", "randomised"
AVERAGE_MAPS = "average_maps"

CAPABILITIES: dict[str, str] = {
    LAYERS: "inner layers",
    LAYER_GRADIENT: "gradients at inner layers",
    FORWARD_FROM: "the part of the network after an inner layer",
    INPUT_GRADIENT: "gradients of the input",
    ATTENTIONS: "attention with its gradients",
    RANDOMISED: "a network of the same layers with random weights",
    AVERAGE_MAPS: "average maps beside the weights",
}
"""What each is called in a sentence."""

OF_A_GRAPH = frozenset(CAPABILITIES) - {ATTENTIONS, AVERAGE_MAPS}
"""What follows from a network whose operations are known."""


NO_TOKENS = (0, 0, 0)


class LayeredNetwork(Protocol):
    """What a predictor asks of a network. `outputs` are places among the logits; all arrays are NumPy.

    input_shape   (h, w, c)
    outputs       number of logits
    layers        {name: (y, x, k)} of every layer with a map, in forward order
    target_layer  the one that Grad-CAM explains by default; "" where there are no layers
    capabilities  what it can be asked for, of CAPABILITIES; the rest raises NotAvailable
    token_grid    of a transformer that gives attention: tokens before those of the picture, rows, columns; else zeros
    """

    input_shape: tuple[int, int, int]
    outputs: int

    @property
    def layers(self) -> dict[str, tuple[int, int, int]]: ...

    @property
    def target_layer(self) -> str: ...

    @property
    def capabilities(self) -> frozenset[str]: ...

    @property
    def token_grid(self) -> tuple[int, int, int]: ...

    def forward(self, batch: np.ndarray) -> np.ndarray: ...

    def forward_with(self, batch: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]: ...

    def forward_from(self, layer: str, activations: np.ndarray) -> np.ndarray: ...

    def features_from(self, layer: str, activations: np.ndarray) -> np.ndarray: ...

    def layer_gradient(self, batch: np.ndarray, layer: str, outputs: Sequence[int]) -> np.ndarray: ...

    def tail_gradient(self, layer: str, activations: np.ndarray, outputs: Sequence[int]) -> np.ndarray: ...

    def input_gradient(self, batch: np.ndarray, output: int) -> np.ndarray: ...

    def attentions(self, batch: np.ndarray, output: int) -> tuple[np.ndarray, np.ndarray]: ...

    def is_cut(self, layer: str) -> bool: ...

    def check_layer(self, name: str) -> str: ...

    def randomised(self, seed: int) -> "LayeredNetwork": ...


def not_available(missing: Iterable[str]) -> NotAvailable:
    """The error of a network that lacks what was asked for."""
    wanted = [CAPABILITIES[each] for each in CAPABILITIES if each in set(missing)]
    return NotAvailable(f"Not available: needs {' and '.join(wanted)}, which this network does not give.")
