"""The network, described once for all libraries: whole, and in the pieces that occlusion needs.

A description is a function of `Operations` and tensors. Every tensor is `(N, height, width, channels)` here, whatever
layout the library uses.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from cxr.engine.folded import Affine, Convolution, DenseLayer, Folded

Tensor = Any


class Operations(Protocol):
    """The operations that a library must offer."""

    def convolve(self, x: Tensor, convolution: Convolution, *, stride: int = 1, pad: int = 0) -> Tensor:
        """Convolution with `pad` zeros on all sides."""

    def rectified(self, x: Tensor) -> Tensor:
        """max(x, 0)."""

    def scaled(self, x: Tensor, affine: Affine) -> Tensor:
        """x · scale + shift, channel by channel."""

    def standardised(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """((x − mean) / √(variance + EPSILON), mean, variance), channel by channel over the batch."""

    def largest(self, x: Tensor, *, pad: int) -> Tensor:
        """Maximum of 3×3 pixels with stride 2; a ReLU before or after it makes padding with zeros exact."""

    def averaged(self, x: Tensor) -> Tensor:
        """Mean of 2×2 pixels with stride 2."""

    def joined(self, tensors: Sequence[Tensor]) -> Tensor:
        """Concatenation along the channels."""

    def channels(self, x: Tensor, first: int, last: int) -> Tensor:
        """Channels `first` to `last`, without the last."""

    def where(self, mask: Tensor, x: Tensor, other: Tensor) -> Tensor:
        """x where the mask is true, the other elsewhere."""

    def masked(self, x: Tensor, keep: Tensor) -> Tensor:
        """x · keep, keep `(N, height, width, 1)`."""

    def pooled(self, x: Tensor) -> Tensor:
        """(N, channels): the mean over all pixels."""

    def connected(self, x: Tensor, weights: Tensor, bias: Tensor) -> Tensor:
        """x @ weights + bias, for x `(N, k)`."""


def whole(net: Folded, ops: Operations, x: Tensor) -> tuple[Tensor, ...]:
    """(logits, the last block's output) of an input."""
    return _from_block(net, ops, _stem(net, ops, x, pad=True), 0)


def whole_with_blocks(net: Folded, ops: Operations, x: Tensor) -> tuple[Tensor, ...]:
    """(logits, outputs of the last, the first and the second block, input of the third) of an input."""
    first = _block(ops, net.blocks[0], _stem(net, ops, x, pad=True))
    second = _block(ops, net.blocks[1], _transition(net, ops, first, 0))
    third = _transition(net, ops, second, 1)
    return *_from_block(net, ops, third, 2), first, second, third


def stem(net: Folded, ops: Operations, crop: Tensor, keep: Tensor) -> tuple[Tensor, ...]:
    """The stem's output on a crop that contains all pixels it depends on, including zeros beyond the picture.

    keep  `(N, h, w, 1)`: 0 where the convolution is beyond the picture, since the pooling must see zeros there
    """
    return (_stem(net, ops, crop, pad=False, keep=keep),)


def stage(
    net: Folded, block: int, first: int, last: int, ops: Operations, x: Tensor, base: Tensor, *masks: Tensor
) -> tuple[Tensor, ...]:
    """Some of a block's layers on a patch, and the transition if they are its last ones.

    x      the patch of the first layer's input, with the values that changed
    base   the patch of the channels that the layers add, on the picture itself
    masks  for each layer, where its output can have changed; everywhere else, at the patch's border too, it is `base`
    """
    layers = net.blocks[block]
    x = _patched(ops, layers[first:last], x, base, masks)
    return (_transition(net, ops, x, block) if last == len(layers) else x,)


def rest(net: Folded, ops: Operations, x: Tensor) -> tuple[Tensor, ...]:
    """Logits, from the third block's input."""
    return (_from_block(net, ops, x, 2)[0],)


def _stem(net: Folded, ops: Operations, x: Tensor, *, pad: bool, keep: Tensor | None = None) -> Tensor:
    x = ops.convolve(x, net.stem, stride=2, pad=3 if pad else 0)
    # the ReLU and the maximum commute, and the maximum leaves a quarter of the pixels to the ReLU and to its gradient
    return ops.rectified(ops.largest(x if keep is None else ops.masked(x, keep), pad=1 if pad else 0))


def new_channels(ops: Operations, layer: DenseLayer, x: Tensor) -> Tensor:
    """The 32 channels that the layer adds."""
    narrow = ops.rectified(ops.convolve(ops.rectified(ops.scaled(x, layer.norm)), layer.narrow))
    return ops.convolve(narrow, layer.wide, pad=1)


def _block(ops: Operations, layers: Sequence[DenseLayer], x: Tensor) -> Tensor:
    for layer in layers:
        x = ops.joined([x, new_channels(ops, layer, x)])
    return x


def _patched(ops: Operations, layers: Sequence[DenseLayer], x: Tensor, base: Tensor, masks: Sequence[Tensor]) -> Tensor:
    at = 0
    for layer, mask in zip(layers, masks, strict=True):
        growth = layer.wide.kernel.shape[-1]
        x = ops.joined([x, ops.where(mask, new_channels(ops, layer, x), ops.channels(base, at, at + growth))])
        at += growth
    return x


def _transition(net: Folded, ops: Operations, x: Tensor, number: int) -> Tensor:
    return _transition_convolution(net, ops, _transition_relu(net, ops, x, number), number)


def _transition_relu(net: Folded, ops: Operations, x: Tensor, number: int) -> Tensor:
    return ops.rectified(ops.scaled(x, net.transitions[number][0]))


def _transition_convolution(net: Folded, ops: Operations, x: Tensor, number: int) -> Tensor:
    """Pools before the 1×1 convolution: both are linear, and the convolution then has a quarter of the pixels."""
    return ops.convolve(ops.averaged(x), net.transitions[number][1])


def _from_block(net: Folded, ops: Operations, x: Tensor, number: int) -> tuple[Tensor, Tensor]:
    """(logits, last block's output) from the input of a block."""
    for block in range(number, len(net.blocks)):
        x = _block(ops, net.blocks[block], x)
        if block < len(net.transitions):
            x = _transition(net, ops, x, block)
    return head(net, ops, x), x


def head(net: Folded, ops: Operations, x: Tensor) -> Tensor:
    """Logits, from the last block's output."""
    features = ops.scaled(x, net.last)
    features = ops.pooled(ops.rectified(features) if net.final_relu else features)
    for layer, (weights, bias) in enumerate(net.head, 1):
        features = ops.connected(features, weights, bias)
        if layer < len(net.head):
            features = ops.rectified(features)
    return features
