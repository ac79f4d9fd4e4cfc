"""The network as a description that any library can draw, whole and in the pieces that occlusion needs.

A description is a function of `Operations` and tensors. Every tensor is `(N, height, width, channels)` here, however
the library lays it out.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from cxr.engine.folded import Affine, Convolution, DenseLayer, Folded

Tensor = Any


class Operations(Protocol):
    """What a library must offer."""

    def convolve(self, x: Tensor, convolution: Convolution, *, stride: int = 1, pad: int = 0) -> Tensor:
        """With `pad` zeros on all sides."""

    def rectified(self, x: Tensor) -> Tensor:
        """max(x, 0)."""

    def scaled(self, x: Tensor, affine: Affine) -> Tensor:
        """x · scale + shift, channel by channel."""

    def largest(self, x: Tensor, *, pad: int) -> Tensor:
        """The largest of each 3×3, every other pixel; x is not negative, so zeros may pad it."""

    def averaged(self, x: Tensor) -> Tensor:
        """The mean of each 2×2."""

    def joined(self, tensors: Sequence[Tensor]) -> Tensor:
        """Along the channels."""

    def channels(self, x: Tensor, first: int, last: int) -> Tensor:
        """Channels `first` to `last`, the last left out."""

    def where(self, mask: Tensor, x: Tensor, other: Tensor) -> Tensor:
        """x where the mask is true, else the other."""

    def masked(self, x: Tensor, keep: Tensor) -> Tensor:
        """x · keep, keep `(N, height, width, 1)`."""

    def pooled(self, x: Tensor) -> Tensor:
        """(N, channels): the mean over all pixels."""

    def connected(self, x: Tensor, weights: Tensor, bias: Tensor) -> Tensor:
        """x @ weights + bias of `(N, k)`."""


def whole(net: Folded, ops: Operations, x: Tensor) -> tuple[Tensor, ...]:
    """(logits, the last block's output), of an input."""
    return _from_block(net, ops, _stem(net, ops, x, pad=True), 0)


def remembering(net: Folded, ops: Operations, x: Tensor) -> tuple[Tensor, ...]:
    """(logits, the last block's output, the first block's, the second's): what occlusion starts from."""
    first = _block(ops, net.blocks[0], _stem(net, ops, x, pad=True))
    second = _block(ops, net.blocks[1], _transition(net, ops, first, 0))
    return *_from_block(net, ops, _transition(net, ops, second, 1), 2), first, second


def stem(net: Folded, ops: Operations, crop: Tensor, keep: Tensor) -> tuple[Tensor, ...]:
    """The stem's output of a crop that has every pixel it needs, zeros beyond the picture included.

    keep  `(N, h, w, 1)`: 0 where the convolution lies beyond the picture, where the pooling has to see zeros
    """
    return (_stem(net, ops, crop, pad=False, keep=keep),)


def first_block(net: Folded, ops: Operations, x: Tensor, base: Tensor, *masks: Tensor) -> tuple[Tensor, ...]:
    """The first block on a patch, and the transition after it.

    x      the patch of the block's input, changed where the stem changed
    base   the patch of the block's output on the picture itself
    masks  for each layer, where its output can have changed: everywhere else, at the patch's border too, base is right
    """
    return (_transition(net, ops, _patched(ops, net.blocks[0], x, base, masks), 0),)


def second_block(net: Folded, ops: Operations, x: Tensor, base: Tensor, *masks: Tensor) -> tuple[Tensor, ...]:
    """The second block's first layers on a patch: as many as there are masks. The patch with their channels."""
    return (_patched(ops, net.blocks[1][: len(masks)], x, base, masks),)


def rest(net: Folded, ops: Operations, x: Tensor, *, done: int) -> tuple[Tensor, ...]:
    """Logits, from the second block's input with the channels of its first `done` layers."""
    second = _block(ops, net.blocks[1][done:], x)
    return (_from_block(net, ops, _transition(net, ops, second, 1), 2)[0],)


def _stem(net: Folded, ops: Operations, x: Tensor, *, pad: bool, keep: Tensor | None = None) -> Tensor:
    x = ops.rectified(ops.convolve(x, net.stem, stride=2, pad=3 if pad else 0))
    return ops.largest(x if keep is None else ops.masked(x, keep), pad=1 if pad else 0)


def _layer(ops: Operations, layer: DenseLayer, x: Tensor) -> Tensor:
    """The layer's own 32 channels."""
    narrow = ops.rectified(ops.convolve(ops.rectified(ops.scaled(x, layer.norm)), layer.narrow))
    return ops.convolve(narrow, layer.wide, pad=1)


def _block(ops: Operations, layers: Sequence[DenseLayer], x: Tensor) -> Tensor:
    for layer in layers:
        x = ops.joined([x, _layer(ops, layer, x)])
    return x


def _patched(ops: Operations, layers: Sequence[DenseLayer], x: Tensor, base: Tensor, masks: Sequence[Tensor]) -> Tensor:
    for layer, mask in zip(layers, masks, strict=True):
        at = len(layer.norm.scale)
        growth = layer.wide.kernel.shape[-1]
        x = ops.joined([x, ops.where(mask, _layer(ops, layer, x), ops.channels(base, at, at + growth))])
    return x


def _transition(net: Folded, ops: Operations, x: Tensor, number: int) -> Tensor:
    """Pooling before the 1×1 convolution: both are linear, and it has a quarter of the pixels to do."""
    norm, convolution = net.transitions[number]
    return ops.convolve(ops.averaged(ops.rectified(ops.scaled(x, norm))), convolution)


def _from_block(net: Folded, ops: Operations, x: Tensor, number: int) -> tuple[Tensor, Tensor]:
    """(logits, last block's output) from the input of a block."""
    for place in range(number, len(net.blocks)):
        x = _block(ops, net.blocks[place], x)
        if place < len(net.transitions):
            x = _transition(net, ops, x, place)
    features = ops.scaled(x, net.last)
    features = ops.pooled(ops.rectified(features) if net.final_relu else features)
    for place, (weights, bias) in enumerate(net.head, 1):
        features = ops.connected(features, weights, bias)
        if place < len(net.head):
            features = ops.rectified(features)
    return features, x
