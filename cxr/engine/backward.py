"""Backpropagation through an ONNX graph: nodes that compute the gradient of a weighted sum of its outputs.

ONNX Runtime has no automatic differentiation for inference. The network uses few operations, each with a short rule.
The gradient of a tensor that several nodes read is the sum of the gradients from each of them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import onnx

Shapes = Mapping[str, Sequence[int]]


class GraphBuilder(Protocol):
    """An ONNX graph to which nodes are added; `cxr.engine.on_onnx` has one."""

    nodes: list[onnx.NodeProto]

    def node(self, operation: str, *inputs: str, **attributes) -> str:
        """Add a node; the name of its output."""

    def constant(self, values: np.ndarray) -> str:
        """Add a constant; its name."""

    def values(self, name: str) -> np.ndarray:
        """Values of a constant."""


def gradient(graph: GraphBuilder, shapes: Shapes, output: str, seed: str, source: str) -> str:
    """The tensor d (Σ seed · output) / d source; `shapes` of every tensor of the graph."""
    gradients: dict[str, list[str]] = {output: [seed]}
    for node in reversed(list(graph.nodes)):
        if node.output[0] == source:
            break
        if node.output[0] in gradients:
            back = _summed(graph, gradients.pop(node.output[0]))
            for name, part in RULES[node.op_type](graph, shapes, node, back):
                gradients.setdefault(name, []).append(part)
    return _summed(graph, gradients[source])


def _summed(graph: GraphBuilder, parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else graph.node("Sum", *parts)


Parts = list[tuple[str, str]]
"""A node's inputs, each with the name of its gradient."""


def _convolution(graph: GraphBuilder, shapes: Shapes, node: onnx.NodeProto, back: str) -> Parts:
    kernel, given = graph.values(node.input[1]), _attributes(node)
    (side, _), (stride, _), pad = given["kernel_shape"], given["strides"], given["pads"][0]
    if stride == 1:
        flipped = graph.constant(kernel.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1])
        sides = {"kernel_shape": [side] * 2, "strides": [1, 1], "pads": [side - 1 - pad] * 4}
        return [(node.input[0], graph.node("Conv", back, flipped, **sides))]
    left = [(length + 2 * pad - side) % stride for length in shapes[node.input[0]][2:]]
    sides = {"kernel_shape": [side] * 2, "strides": [stride] * 2, "pads": [pad] * 4, "output_padding": left}
    return [(node.input[0], graph.node("ConvTranspose", back, node.input[1], **sides))]


def _rectified(graph: GraphBuilder, shapes: Shapes, node: onnx.NodeProto, back: str) -> Parts:
    output = node.output[0]
    planes = len(shapes[output]) == 4
    mask = _mask(graph, output, channels=shapes[output][1]) if planes else graph.node("Sign", output)
    return [(node.input[0], graph.node("Mul", back, mask))]


STEEP = 1e30
"""Its square times the smallest positive float32 is more than 1."""


def _mask(graph: GraphBuilder, rectified: str, *, channels: int) -> str:
    """1 where a ReLU's output `(1, channels, y, x)` is positive, 0 where it is zero, both exactly.

    A convolution channel by channel with an activation: ONNX Runtime computes the two at once, in the layout that the
    convolutions beside it use. `Sign` takes longer, and takes every tensor out of that layout and back.
    """
    kernel = graph.constant(np.full((channels, 1, 1, 1), STEEP, np.float32))
    sides = {"kernel_shape": [1, 1], "strides": [1, 1], "pads": [0] * 4}
    steep = graph.node("Conv", rectified, kernel, group=channels, **sides)
    return graph.node("HardSigmoid", steep, alpha=STEEP, beta=0.0)


def _scaled(graph: GraphBuilder, shapes: Shapes, node: onnx.NodeProto, back: str) -> Parts:
    """A norm: its scale goes into the kernel of the convolution that the gradient comes from, if there is one."""
    scale, convolution = graph.values(node.input[1]), _convolution_of(graph, back)
    if convolution is None:
        return [(node.input[0], graph.node("Mul", back, graph.constant(scale[:, None, None])))]
    kernel = graph.values(convolution.input[1]) * scale[:, None, None, None]
    convolution.input[1] = graph.constant(kernel)
    return [(node.input[0], back)]


def _convolution_of(graph: GraphBuilder, back: str) -> onnx.NodeProto | None:
    """The convolution that a gradient comes from by steps that commute with a scale of its channels."""
    nodes = {node.output[0]: node for node in graph.nodes}
    node = nodes.get(back)
    while node is not None and node.op_type in ("Mul", "Resize", "Pad"):
        node = nodes.get(node.input[0])
    return node if node is not None and node.op_type == "Conv" else None


def _largest(graph: GraphBuilder, shapes: Shapes, node: onnx.NodeProto, back: str) -> Parts:
    """Max pooling: the gradient goes to the position of the maximum; one that two windows share gets the sum."""
    if len(node.output) == 1:
        node.output.append(f"{node.output[0]}_indices")
    shape, flat = shapes[node.input[0]], graph.constant(np.array([-1]))
    zeros = graph.constant(np.zeros(np.prod(shape), np.float32))
    indices, values = graph.node("Reshape", node.output[1], flat), graph.node("Reshape", back, flat)
    scattered = graph.node("ScatterElements", zeros, indices, values, reduction="add")
    return [(node.input[0], graph.node("Reshape", scattered, graph.constant(np.array(shape))))]


def _averaged(graph: GraphBuilder, shapes: Shapes, node: onnx.NodeProto, back: str) -> Parts:
    """Average pooling: a quarter of the gradient to each of four pixels; an odd last row or column gets zero."""
    quarter = graph.node("Mul", back, graph.constant(np.array(0.25, np.float32)))
    scales = graph.constant(np.array([1, 1, 2, 2], np.float32))
    ways = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    larger = graph.node("Resize", quarter, "", scales, **ways)
    missing = [length % 2 for length in shapes[node.input[0]][2:]]
    if any(missing):
        larger = graph.node("Pad", larger, graph.constant(np.array([0, 0, 0, 0, 0, 0, *missing])))
    return [(node.input[0], larger)]


def _joined(graph: GraphBuilder, shapes: Shapes, node: onnx.NodeProto, back: str) -> Parts:
    parts, first = [], 0
    for name in node.input:
        last = first + shapes[name][1]
        ends = (graph.constant(np.array([at])) for at in (first, last, 1))
        parts.append((name, graph.node("Slice", back, *ends)))
        first = last
    return parts


def _pooled(graph: GraphBuilder, shapes: Shapes, node: onnx.NodeProto, back: str) -> Parts:
    shape = shapes[node.input[0]]
    part = graph.node("Mul", back, graph.constant(np.array(1 / (shape[2] * shape[3]), np.float32)))
    return [(node.input[0], graph.node("Expand", part, graph.constant(np.array(shape))))]


def _flat(graph: GraphBuilder, shapes: Shapes, node: onnx.NodeProto, back: str) -> Parts:
    return [(node.input[0], graph.node("Reshape", back, graph.constant(np.array(shapes[node.input[0]]))))]


def _connected(graph: GraphBuilder, shapes: Shapes, node: onnx.NodeProto, back: str) -> Parts:
    return [(node.input[0], graph.node("MatMul", back, graph.constant(graph.values(node.input[1]).T)))]


RULES: dict[str, Callable[[GraphBuilder, Shapes, onnx.NodeProto, str], Parts]] = {
    "Conv": _convolution,
    "Relu": _rectified,
    "BatchNormalization": _scaled,
    "MaxPool": _largest,
    "AveragePool": _averaged,
    "Concat": _joined,
    "GlobalAveragePool": _pooled,
    "Flatten": _flat,
    "Gemm": _connected,
}


def _attributes(node: onnx.NodeProto) -> dict:
    return {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
