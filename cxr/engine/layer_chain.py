"""The network as a chain of its layers by Keras' names: the output of any of them, and what follows from it.

Every path goes through a layer of the chain. The layers inside a dense layer are a chain of their own, beside which the
block's earlier channels go on. Only where the output of a folded layer is asked for, it is computed apart.
"""

from collections.abc import Callable, Iterator
from functools import partial

from cxr.engine import graph
from cxr.engine.folded import DenseLayer, Folded
from cxr.engine.graph import Operations, Tensor

Step = Callable[[Operations, Tensor], Tensor]
"""A layer's output, from the output of the layer before it."""


def chain(net: Folded, layer: str = "") -> dict[str, Step]:
    """{name: step} from the input to the last block's output, each dense layer one step, in forward order.

    layer  the one whose output is asked for: it is not folded into the next
    """
    return dict(_chain(net, layer))


def inside(net: Folded, ops: Operations, x: Tensor, *, layer: str, after: str = "") -> tuple[Tensor, ...]:
    """(logits, a layer's output), from the input of the network, or from the output of an earlier layer of the chain.

    after  that earlier layer; "" for the input
    """
    found, around = None, _concat_of(layer)
    for name, step in _steps_after(net, layer, after):
        if name == around != layer:
            new = x
            for part, small_step in _parts(_dense_layer(net, name), layer):
                new = small_step(ops, new)
                found = new if layer.endswith(f"_{part}") else found
            x = ops.joined([x, new])
        else:
            x = step(ops, x)
            found = x if name == layer else found
    return graph.head(net, ops, x), found


def after(net: Folded, ops: Operations, x: Tensor, *, layer: str) -> tuple[Tensor, ...]:
    """Logits, from the output of a layer of the chain."""
    for _, step in _steps_after(net, layer, layer):
        x = step(ops, x)
    return (graph.head(net, ops, x),)


def source_of(net: Folded, layer: str) -> str:
    """The layer of the chain whose output a dense layer takes; `layer` is one inside that dense layer."""
    names = list(chain(net))
    return names[names.index(_concat_of(layer)) - 1]


def _concat_of(layer: str) -> str:
    """`conv2_block1_concat` for `conv2_block1_0_bn`."""
    return "_".join([*layer.split("_")[:2], "concat"])


def _steps_after(net: Folded, layer: str, done: str) -> list[tuple[str, Step]]:
    steps = list(_chain(net, layer))
    names = [name for name, _ in steps]
    return steps[names.index(done) + 1 :] if done else steps


def _chain(net: Folded, layer: str) -> Iterator[tuple[str, Step]]:
    stem = net.stem
    if layer == "conv1_conv":
        yield "conv1_conv", lambda ops, x: ops.convolve(x, stem.plain, stride=2, pad=3)
        yield "conv1_bn", lambda ops, x: ops.scaled(x, stem.norm)
    else:
        yield "conv1_bn", lambda ops, x: ops.convolve(x, stem, stride=2, pad=3)
    yield "conv1_relu", lambda ops, x: ops.rectified(x)
    yield "pool1", lambda ops, x: ops.largest(x, pad=1)
    for number, layers in enumerate(net.blocks):
        for place, each in enumerate(layers, 1):
            yield f"conv{number + 2}_block{place}_concat", partial(_joined, each)
        if number < len(net.transitions):
            yield from _transition(net, number, layer)


def _transition(net: Folded, number: int, layer: str) -> Iterator[tuple[str, Step]]:
    (norm, convolution), name = net.transitions[number], f"pool{number + 2}"
    yield f"{name}_bn", lambda ops, x: ops.scaled(x, norm)
    yield f"{name}_relu", lambda ops, x: ops.rectified(x)
    if layer == f"{name}_conv":
        yield layer, lambda ops, x: ops.convolve(x, convolution)
        yield f"{name}_pool", lambda ops, x: ops.averaged(x)
    else:
        # both are linear, and the convolution then has a quarter of the pixels
        yield f"{name}_pool", lambda ops, x: ops.convolve(ops.averaged(x), convolution)


def _joined(layer: DenseLayer, ops: Operations, x: Tensor) -> Tensor:
    return ops.joined([x, graph.new_channels(ops, layer, x)])


def _dense_layer(net: Folded, concat: str) -> DenseLayer:
    block, place, _ = concat.removeprefix("conv").split("_")
    return net.blocks[int(block) - 2][int(place.removeprefix("block")) - 1]


def _parts(layer: DenseLayer, asked: str) -> Iterator[tuple[str, Step]]:
    """The steps inside a dense layer, by the ends of their names."""
    yield "0_bn", lambda ops, x: ops.scaled(x, layer.norm)
    yield "0_relu", lambda ops, x: ops.rectified(x)
    if asked.endswith("1_conv"):
        yield "1_conv", lambda ops, x: ops.convolve(x, layer.narrow.plain)
        yield "1_bn", lambda ops, x: ops.scaled(x, layer.narrow.norm)
    else:
        yield "1_bn", lambda ops, x: ops.convolve(x, layer.narrow)
    yield "1_relu", lambda ops, x: ops.rectified(x)
    yield "2_conv", lambda ops, x: ops.convolve(x, layer.wide, pad=1)
