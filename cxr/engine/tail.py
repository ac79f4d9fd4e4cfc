"""The network after its last block, in NumPy: norm, ReLU, mean, dense layers; gradients in closed form."""

from collections.abc import Sequence

import numpy as np

from cxr.engine.folded import Folded

CONCAT, NORM, RELU = "conv5_block16_concat", "bn", "relu"


class Tail:
    """From the last block's output `(N, y, x, k)` to logits, and gradients back.

    layers  those whose activations have a closed form; their gradients have one too, unless hidden dense layers follow
    """

    def __init__(self, net: Folded) -> None:
        self._net = net
        self.layers: tuple[str, ...] = (CONCAT, NORM, RELU) if net.final_relu else (CONCAT, NORM)

    @property
    def linear(self) -> bool:
        """Whether one dense layer follows the mean, so that gradients have a closed form."""
        return len(self._net.head) == 1

    def activations(self, layer: str, concat: np.ndarray) -> np.ndarray:
        """A layer's output, from the last block's output."""
        if layer == CONCAT:
            return concat
        normed = concat * self._net.last.scale + self._net.last.shift
        return normed if layer == NORM else np.maximum(normed, 0)

    def features(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """Input of the output layer, `(N, k)`."""
        values = self._last(layer, activations).mean(axis=(1, 2))
        for weights, bias in self._net.head[:-1]:
            values = np.maximum(values @ weights + bias, 0)
        return values

    def logits(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """`(N, n)` of a layer's output."""
        weights, bias = self._net.head[-1]
        return self.features(layer, activations) @ weights + bias

    def gradient(self, layer: str, activations: np.ndarray, outputs: Sequence[int]) -> np.ndarray:
        """d logit / d activation `(N, len(outputs), y, x, k)`; only where `linear`.

        Each pixel has the same weight in the mean: W / pixels, times the norm's scale if the norm comes later, and zero
        where the ReLU is zero.
        """
        pixels = activations.shape[1] * activations.shape[2]
        weights = self._net.head[-1][0][:, outputs].T[None, :, None, None] / np.float32(pixels)
        shape = (len(activations), len(outputs), *activations.shape[1:])
        if layer == RELU:
            return np.broadcast_to(weights, shape)
        if layer == CONCAT:
            weights = weights * self._net.last.scale
        if not self._net.final_relu:
            return np.broadcast_to(weights, shape)
        normed = activations if layer == NORM else self.activations(NORM, activations)
        return weights * (normed > 0).astype(np.float32)[:, None]

    def _last(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """The activations over which the mean is taken."""
        if layer == CONCAT:
            return self.activations(self.layers[-1], activations)
        return np.maximum(activations, 0) if layer == NORM and self._net.final_relu else activations
