"""The network as a description that any library can draw, whole and in the pieces that occlusion needs.

A description is a function of `Operations` and tensors. Every tensor is `(N, height, width, channels)` here, however
the library lays it out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Place:
    """A layer that every path goes through.

    block   index of the block that it is in, or comes after
    layers  dense layers of that block that are done; all of them where `opened`
    opened  whether it is the ReLU after the block
    """

    block: int
    layers: int
    opened: bool = False


def places(net: Folded) -> dict[str, Place]:
    """{Keras' name of the layer: where it is}, in forward order; those after the last block are not among them."""
    found = {}
    for block, layers in enumerate(net.blocks):
        for done in range(1, len(layers) + 1):
            found[f"conv{block + 2}_block{done}_concat"] = Place(block, done)
        if block < len(net.transitions):
            found[f"pool{block + 2}_relu"] = Place(block, len(layers), opened=True)
    found.popitem()  # the last block's own output
    return found


def inside(net: Folded, ops: Operations, x: Tensor, *, place: Place) -> tuple[Tensor, ...]:
    """(logits, the output of the layer at a place), of an input."""
    x = _stem(net, ops, x, pad=True)
    for number in range(place.block):
        x = _transition(net, ops, _block(ops, net.blocks[number], x), number)
    x = _block(ops, net.blocks[place.block][: place.layers], x)
    x = _opened(net, ops, x, place.block) if place.opened else x
    return *after(net, ops, x, place=place), x


def after(net: Folded, ops: Operations, x: Tensor, *, place: Place) -> tuple[Tensor, ...]:
    """Logits, from the output of the layer at a place."""
    if place.opened:
        x = _closed(net, ops, x, place.block)
    else:
        x = _block(ops, net.blocks[place.block][place.layers :], x)
        x = _transition(net, ops, x, place.block) if place.block < len(net.transitions) else x
    return (_from_block(net, ops, x, place.block + 1)[0],)


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
    return _closed(net, ops, _opened(net, ops, x, number), number)


def _opened(net: Folded, ops: Operations, x: Tensor, number: int) -> Tensor:
    return ops.rectified(ops.scaled(x, net.transitions[number][0]))


def _closed(net: Folded, ops: Operations, x: Tensor, number: int) -> Tensor:
    """Pooling before the 1×1 convolution: both are linear, and it has a quarter of the pixels to do."""
    return ops.convolve(ops.averaged(x), net.transitions[number][1])


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
