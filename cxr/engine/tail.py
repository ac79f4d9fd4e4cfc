"""The network after its last block, in NumPy: norm, ReLU, mean, dense layers; gradients in closed form."""

from collections.abc import Sequence

import numpy as np

from cxr.engine.folded import Folded

CONCAT, NORM, RELU = "conv5_block16_concat", "bn", "relu"


class Tail:
    """From the last block's output `(N, y, x, k)` to logits, and gradients back.

    layers  those whose activations and gradients have a closed form
    """

    def __init__(self, net: Folded) -> None:
        self._net = net
        self.layers: tuple[str, ...] = (CONCAT, NORM, RELU) if net.final_relu else (CONCAT, NORM)

    def activations(self, layer: str, concat: np.ndarray) -> np.ndarray:
        """A layer's output, from the last block's output."""
        if layer == CONCAT:
            return concat
        normed = concat * self._net.last.scale + self._net.last.shift
        return normed if layer == NORM else np.maximum(normed, 0)

    def features(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """Input of the output layer, `(N, k)`."""
        return self._features(layer, activations)[-1]

    def _features(self, layer: str, activations: np.ndarray) -> list[np.ndarray]:
        """Inputs of all dense layers, each `(N, k)`."""
        values = [self._last(layer, activations).mean(axis=(1, 2))]
        for weights, bias in self._net.head[:-1]:
            values.append(np.maximum(values[-1] @ weights + bias, 0))
        return values

    def logits(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """`(N, n)` of a layer's output."""
        weights, bias = self._net.head[-1]
        return self.features(layer, activations) @ weights + bias

    def gradient(self, layer: str, activations: np.ndarray, outputs: Sequence[int]) -> np.ndarray:
        """d logit / d activation `(N, len(outputs), y, x, k)`.

        Each pixel has the same weight in the mean: W / pixels, times the norm's scale if the norm comes later, and zero
        where the ReLU is zero. W is the gradient of the mean: the dense layer's weights, or a product of several.
        """
        pixels = activations.shape[1] * activations.shape[2]
        weights = self._slopes(layer, activations, outputs)[:, :, None, None] / np.float32(pixels)
        shape = (len(activations), len(outputs), *activations.shape[1:])
        if layer == RELU:
            return np.broadcast_to(weights, shape)
        if layer == CONCAT:
            weights = weights * self._net.last.scale
        if not self._net.final_relu:
            return np.broadcast_to(weights, shape)
        normed = activations if layer == NORM else self.activations(NORM, activations)
        return weights * (normed > 0).astype(np.float32)[:, None]

    def _slopes(self, layer: str, activations: np.ndarray, outputs: Sequence[int]) -> np.ndarray:
        """d logit / d mean `(N, len(outputs), k)`, or `(1, …)` where it is the same for every input."""
        slopes = self._net.head[-1][0][:, outputs].T[None]
        hidden = self._net.head[:-1]
        if hidden:
            _, *results = self._features(layer, activations)
            for (weights, _), values in reversed(list(zip(hidden, results, strict=True))):
                slopes = (slopes * (values > 0)[:, None]) @ weights.T
        return slopes

    def _last(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """The activations over which the mean is taken."""
        if layer == CONCAT:
            return self.activations(self.layers[-1], activations)
        return np.maximum(activations, 0) if layer == NORM and self._net.final_relu else activations
