"""The way back through an ONNX graph: nodes that compute the gradient of a weighted sum of its outputs.

ONNX Runtime differentiates nothing by itself. The network consists of few operations, each with a short rule; a tensor
that several nodes read has the sum of what comes back from them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import onnx

Shapes = Mapping[str, Sequence[int]]


class Graph(Protocol):
    """What nodes are added to: `cxr.engine.on_onnx`."""

    nodes: list[onnx.NodeProto]

    def node(self, operation: str, *inputs: str, **attributes) -> str:
        """The name of a new node's output."""

    def constant(self, values: np.ndarray) -> str:
        """The name of a new constant."""

    def values(self, name: str) -> np.ndarray:
        """Of a constant."""


def gradient(graph: Graph, shapes: Shapes, output: str, seed: str, wanted: str) -> str:
    """The tensor d (Σ seed · output) / d wanted; `shapes` are those of the tensors that are there."""
    coming: dict[str, list[str]] = {output: [seed]}
    for node in reversed(list(graph.nodes)):
        if node.output[0] in coming:
            back = _summed(graph, coming.pop(node.output[0]))
            for name, part in RULES[node.op_type](graph, shapes, node, back):
                coming.setdefault(name, []).append(part)
    return _summed(graph, coming[wanted])


def _summed(graph: Graph, parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else graph.node("Sum", *parts)


Parts = list[tuple[str, str]]
"""Inputs of a node, and what comes back to each."""


def _convolution(graph: Graph, shapes: Shapes, node: onnx.NodeProto, back: str) -> Parts:
    kernel, given = graph.values(node.input[1]), _attributes(node)
    (side, _), (stride, _), pad = given["kernel_shape"], given["strides"], given["pads"][0]
    if stride == 1:
        turned = graph.constant(kernel.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1])
        sides = {"kernel_shape": [side] * 2, "strides": [1, 1], "pads": [side - 1 - pad] * 4}
        return [(node.input[0], graph.node("Conv", back, turned, **sides))]
    left = [(length + 2 * pad - side) % stride for length in shapes[node.input[0]][2:]]
    sides = {"kernel_shape": [side] * 2, "strides": [stride] * 2, "pads": [pad] * 4, "output_padding": left}
    return [(node.input[0], graph.node("ConvTranspose", back, node.input[1], **sides))]


def _rectified(graph: Graph, shapes: Shapes, node: onnx.NodeProto, back: str) -> Parts:
    return [(node.input[0], graph.node("Mul", back, graph.node("Sign", node.output[0])))]


def _scaled(graph: Graph, shapes: Shapes, node: onnx.NodeProto, back: str) -> Parts:
    scale = graph.constant(graph.values(node.input[1])[:, None, None])
    return [(node.input[0], graph.node("Mul", back, scale))]


def _largest(graph: Graph, shapes: Shapes, node: onnx.NodeProto, back: str) -> Parts:
    """To where the largest was; places that two windows chose get the sum."""
    if len(node.output) == 1:
        node.output.append(f"{node.output[0]}_places")
    shape, flat = shapes[node.input[0]], graph.constant(np.array([-1]))
    nothing = graph.constant(np.zeros(np.prod(shape), np.float32))
    places, values = graph.node("Reshape", node.output[1], flat), graph.node("Reshape", back, flat)
    scattered = graph.node("ScatterElements", nothing, places, values, reduction="add")
    return [(node.input[0], graph.node("Reshape", scattered, graph.constant(np.array(shape))))]


def _averaged(graph: Graph, shapes: Shapes, node: onnx.NodeProto, back: str) -> Parts:
    """A quarter to each of the four; a pixel that has no other beside it was in no mean."""
    quarter = graph.node("Mul", back, graph.constant(np.float32(0.25)))
    scales = graph.constant(np.array([1, 1, 2, 2], np.float32))
    ways = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    larger = graph.node("Resize", quarter, "", scales, **ways)
    missing = [length % 2 for length in shapes[node.input[0]][2:]]
    if any(missing):
        larger = graph.node("Pad", larger, graph.constant(np.array([0, 0, 0, 0, 0, 0, *missing])))
    return [(node.input[0], larger)]


def _joined(graph: Graph, shapes: Shapes, node: onnx.NodeProto, back: str) -> Parts:
    parts, first = [], 0
    for name in node.input:
        last = first + shapes[name][1]
        ends = (graph.constant(np.array([place])) for place in (first, last, 1))
        parts.append((name, graph.node("Slice", back, *ends)))
        first = last
    return parts


def _pooled(graph: Graph, shapes: Shapes, node: onnx.NodeProto, back: str) -> Parts:
    shape = shapes[node.input[0]]
    part = graph.node("Mul", back, graph.constant(np.float32(1 / (shape[2] * shape[3]))))
    return [(node.input[0], graph.node("Expand", part, graph.constant(np.array(shape))))]


def _flat(graph: Graph, shapes: Shapes, node: onnx.NodeProto, back: str) -> Parts:
    return [(node.input[0], graph.node("Reshape", back, graph.constant(np.array(shapes[node.input[0]]))))]


def _connected(graph: Graph, shapes: Shapes, node: onnx.NodeProto, back: str) -> Parts:
    return [(node.input[0], graph.node("MatMul", back, graph.constant(graph.values(node.input[1]).T)))]


RULES: dict[str, Callable[[Graph, Shapes, onnx.NodeProto, str], Parts]] = {
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
