"""DenseNet-121's weights, each batch norm as scale and shift, folded into the convolution before it if there is one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hub.architecture import BLOCKS, OUTPUT_LAYER

EPSILON = 1.001e-5
"""Of Keras' DenseNet; checkpoints of other layouts were converted to it."""


@dataclass(frozen=True, eq=False)
class Convolution:
    """kernel (h, w, in, out) and bias (out,)."""

    kernel: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True, eq=False)
class Affine:
    """scale and shift (channels,) of a norm without a convolution before it."""

    scale: np.ndarray
    shift: np.ndarray


@dataclass(frozen=True, eq=False)
class FoldedConvolution(Convolution):
    """A convolution with the norm after it folded in; `plain` and `norm` are the two apart."""

    plain: Convolution
    norm: Affine


@dataclass(frozen=True, eq=False)
class DenseLayer:
    """norm and ReLU, 1×1 convolution and ReLU, 3×3 convolution; adds 32 channels."""

    norm: Affine
    narrow: FoldedConvolution
    wide: Convolution


@dataclass(frozen=True, eq=False)
class Folded:
    """A whole network.

    side         of the input in pixels; channels, of the input
    blocks       dense layers of each of the four blocks
    transitions  (norm, convolution) after each of the first three
    final_relu   whether a ReLU follows the last norm
    head         (weights (in, out), bias) of each dense layer, the output layer last
    """

    side: int
    channels: int
    stem: FoldedConvolution
    blocks: tuple[tuple[DenseLayer, ...], ...]
    transitions: tuple[tuple[Affine, Convolution], ...]
    last: Affine
    final_relu: bool
    head: tuple[tuple[np.ndarray, np.ndarray], ...]

    @property
    def outputs(self) -> int:
        """Number of logits."""
        return len(self.head[-1][1])


def fold(weights: Mapping[str, np.ndarray], *, side: int, final_relu: bool, hidden: int) -> Folded:
    """Fold a checkpoint's {"layer/variable": array}; `hidden` is its number of hidden dense layers."""
    blocks = tuple(
        tuple(_layer(weights, f"conv{block}_block{number}") for number in range(1, count + 1))
        for block, count in enumerate(BLOCKS, 2)
    )
    transitions = tuple(
        (_affine(weights, f"pool{block}_bn"), _plain(weights, f"pool{block}_conv")) for block in (2, 3, 4)
    )
    names = [*(f"head_{number}" for number in range(1, hidden + 1)), OUTPUT_LAYER]
    return Folded(
        side=side,
        channels=weights["conv1_conv/kernel"].shape[2],
        stem=_with_norm(weights, "conv1_conv", "conv1_bn"),
        blocks=blocks,
        transitions=transitions,
        last=_affine(weights, "bn"),
        final_relu=final_relu,
        head=tuple((_single(weights[f"{name}/kernel"]), _single(weights[f"{name}/bias"])) for name in names),
    )


def _layer(weights: Mapping[str, np.ndarray], name: str) -> DenseLayer:
    return DenseLayer(
        norm=_affine(weights, f"{name}_0_bn"),
        narrow=_with_norm(weights, f"{name}_1_conv", f"{name}_1_bn"),
        wide=_plain(weights, f"{name}_2_conv"),
    )


def _scale_and_shift(weights: Mapping[str, np.ndarray], norm: str) -> tuple[np.ndarray, np.ndarray]:
    gamma, beta, mean, variance = (
        weights[f"{norm}/{name}"].astype(np.float64) for name in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / np.sqrt(variance + EPSILON)
    return scale, beta - mean * scale


def _affine(weights: Mapping[str, np.ndarray], norm: str) -> Affine:
    return Affine(*map(_single, _scale_and_shift(weights, norm)))


def _with_norm(weights: Mapping[str, np.ndarray], convolution: str, norm: str) -> FoldedConvolution:
    scale, shift = _scale_and_shift(weights, norm)
    kernel = _single(weights[f"{convolution}/kernel"].astype(np.float64) * scale)
    return FoldedConvolution(kernel, _single(shift), _plain(weights, convolution), _affine(weights, norm))


def _plain(weights: Mapping[str, np.ndarray], convolution: str) -> Convolution:
    kernel = _single(weights[f"{convolution}/kernel"])
    return Convolution(kernel, np.zeros(kernel.shape[-1], np.float32))


def _single(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, np.float32)
