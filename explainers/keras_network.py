"""A Keras model that no file describes alone, as a plugin: one with layers of another package, or of your own.

    class Mine(KerasModelNetwork):
        \"\"\"A vision transformer of keras-hub for pneumonia.\"\"\"

        name, labels, input = "mine", ("Pneumonia",), {"rule": "-1..1", "size": 224}

        def model(self):
            return keras.Model(…)  # from pictures (N, h, w, c) to logits (N, n), with its weights

A model of Keras' own layers needs no plugin: name its file with --model.
"""

import copy
from typing import Any

import numpy as np

from explainers.contract.network import Network


class KerasModelNetwork(Network):
    """A functional Keras model from pictures `(N, h, w, c)` to logits `(N, n)`, on Keras' TensorFlow backend.

    layers  all that give maps `(y, x, k)`, found in the model; with a `token_grid`, the layers of tokens too. Attention
            is not given
    """

    def model(self) -> Any:
        """The keras.Model with its weights. Its outputs are logits: no activation follows."""
        raise NotImplementedError(f"{type(self).__name__} must define model(self)")

    def __init__(self) -> None:
        from cxr.keras_models.transformer import KerasTransformer
        from cxr.network import KerasNetwork

        model, target = self.model(), self.target_layer
        if self.token_grid is None:
            self.net: KerasNetwork = KerasNetwork(model, target=target)
        else:
            self.net = KerasTransformer(model, grid=self.token_grid, special=self.special_tokens, target=target)
        self.layers, self.target_layer = self.net.layers, self.net.target_layer

    def forward(self, batch: np.ndarray) -> np.ndarray:
        """Logits `(N, n)`."""
        return self.net.forward(batch)

    def forward_with(self, batch: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """Logits, and a layer's output `(N, y, x, k)`, from one pass."""
        return self.net.forward_with(batch, layer)

    def activations(self, batch: np.ndarray, layer: str) -> np.ndarray:
        """A layer's output `(N, y, x, k)`."""
        return self.net.forward_with(batch, layer)[1]

    def layer_gradient(self, batch: np.ndarray, layer: str, output: int) -> np.ndarray:
        """d logit / d activation `(N, y, x, k)`."""
        return self.net.layer_gradient(batch, layer, [output])[:, 0]

    def input_gradient(self, batch: np.ndarray, output: int) -> np.ndarray:
        """d logit / d input `(N, h, w, c)`."""
        return self.net.input_gradient(batch, output)

    def forward_from(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` of a layer's activations; LayerError where the network reaches its output around it."""
        return self.net.forward_from(layer, activations)

    def randomised(self, seed: int) -> "KerasModelNetwork":
        """The same layers with the values of each weight in another order, by the seed."""
        made = copy.copy(self)
        made.net = self.net.randomised(seed)
        return made
