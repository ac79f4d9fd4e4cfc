"""Pieces of the network as ONNX graphs of fixed shapes, run by ONNX Runtime."""

import os
from collections.abc import Sequence

import numpy as np
import onnx

# From version 1.29 on, ONNX Runtime stores a device id in the home folder and contacts its maker, unless this variable
# is set before it is imported
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from cxr.engine.backend import Compiled, Description, Shape
from cxr.engine.backward import gradient
from cxr.engine.folded import EPSILON, Affine, Convolution
from cxr.engine.scheduler import cores, default_workers

OPSET, IR_VERSION = 17, 9
"""An opset that every ONNX Runtime of the last years supports."""

KINDS = {np.float32: TensorProto.FLOAT, np.bool_: TensorProto.BOOL}


class OnnxRuntime:
    """`Backend`: builds a description as a session of `(N, channels, height, width)` arrays."""

    name = "onnxruntime"
    channels_first = True
    batches = False
    widens = True

    def compiled(
        self, description: Description, shapes: Sequence[Shape], kinds: Sequence[type], *, wide: bool = False
    ) -> Compiled:
        """A function of arrays of these shapes and kinds (float32 or bool), on one worker's cores or on all of them."""
        graph = _OnnxGraphBuilder()
        names = [f"input{number}" for number in range(len(shapes))]
        outputs = description(graph, *names)
        return _runs(graph.model(names, shapes, kinds, outputs), names, wide=wide)

    def gradient(
        self, description: Description, shape: tuple[int, ...], outputs: int, *, inside: bool = False
    ) -> Compiled:
        """A function of an input of that shape and weights `(1, outputs)`: d (Σ weights · logits) / d input.

        The logits are the first output of the description. On one worker's cores: the steps between convolutions use
        one core, on which the other cores of a wide pass would wait.

        inside  whether the gradient is that of the description's second output instead of the input's
        """
        graph = _OnnxGraphBuilder()
        names, shapes, kinds = ["input", "weights"], [shape, (1, outputs)], [np.float32, np.float32]
        logits, *others = description(graph, "input")
        forward = onnx.shape_inference.infer_shapes(graph.model(names, shapes, kinds, [logits]))
        found = {
            each.name: [axis.dim_value for axis in each.type.tensor_type.shape.dim]
            for each in (*forward.graph.input, *forward.graph.value_info, *forward.graph.output)
        }
        back = gradient(graph, found, logits, "weights", others[0] if inside else "input")
        return _runs(graph.model(names, shapes, kinds, [back]), names, arena=True)


def _runs(model: onnx.ModelProto, names: Sequence[str], *, wide: bool = False, arena: bool = False) -> Compiled:
    # an arena never frees memory; it takes a third off the time of gradients, and saves other passes of one worker none
    session = _session(model, wide=wide, arena=arena or wide)
    return lambda *arrays: session.run(None, dict(zip(names, arrays, strict=True)))


def _session(model: onnx.ModelProto, *, wide: bool, arena: bool) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores() if wide else cores() // default_workers()
    # waiting threads spin during a pass only; otherwise they would keep a core from the rest of the server
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.enable_cpu_mem_arena = arena
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


class _OnnxGraphBuilder:
    """`cxr.engine.graph.Operations` on names of tensors: each call adds a node."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._values: dict[str, np.ndarray] = {}

    def convolve(self, x: str, convolution: Convolution, *, stride: int = 1, pad: int = 0) -> str:
        kernel = self.constant(convolution.kernel.transpose(3, 2, 0, 1))
        side = list(convolution.kernel.shape[:2])
        bias = [self.constant(convolution.bias)] if convolution.bias.any() else []
        return self.node("Conv", x, kernel, *bias, kernel_shape=side, strides=[stride] * 2, pads=[pad] * 4)

    def rectified(self, x: str) -> str:
        return self.node("Relu", x)

    def scaled(self, x: str, affine: Affine) -> str:
        # a norm of mean 0 and variance 1, which ONNX Runtime does in one step
        count = len(affine.scale)
        norm = (affine.scale, affine.shift, np.zeros(count, np.float32), np.ones(count, np.float32))
        return self.node("BatchNormalization", x, *map(self.constant, norm), epsilon=0.0)

    def standardised(self, x: str) -> tuple[str, str, str]:
        axes = [0, 2, 3]
        mean = self.node("ReduceMean", x, axes=axes)
        centred = self.node("Sub", x, mean)
        variance = self.node("ReduceMean", self.node("Mul", centred, centred), axes=axes)
        spread = self.node("Sqrt", self.node("Add", variance, self.constant(np.array(EPSILON, np.float32))))
        return self.node("Div", centred, spread), mean, variance

    def largest(self, x: str, *, pad: int) -> str:
        return self.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[pad] * 4)

    def averaged(self, x: str) -> str:
        return self.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])

    def joined(self, tensors: Sequence[str]) -> str:
        return self.node("Concat", *tensors, axis=1)

    def channels(self, x: str, first: int, last: int) -> str:
        ends = (self.constant(np.array([at], np.int64)) for at in (first, last, 1))
        return self.node("Slice", x, *ends)

    def where(self, mask: str, x: str, other: str) -> str:
        return self.node("Where", mask, x, other)

    def masked(self, x: str, keep: str) -> str:
        return self.node("Mul", x, keep)

    def pooled(self, x: str) -> str:
        return self.node("Flatten", self.node("GlobalAveragePool", x))

    def connected(self, x: str, weights: np.ndarray, bias: np.ndarray) -> str:
        return self.node("Gemm", x, self.constant(weights), self.constant(bias))

    def node(self, operation: str, *inputs: str, **attributes) -> str:
        name = f"tensor{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, list(inputs), [name], **attributes))
        return name

    def constant(self, values: np.ndarray) -> str:
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        self._values[name] = values
        return name

    def values(self, name: str) -> np.ndarray:
        """Values of a constant."""
        return self._values[name]

    def model(
        self, inputs: Sequence[str], shapes: Sequence[Shape], kinds: Sequence[type], outputs: Sequence[str]
    ) -> onnx.ModelProto:
        """The graph as a model with inputs of these names, shapes and kinds, and the constants that its nodes read."""
        read = {name for node in self.nodes for name in node.input}
        return helper.make_model(
            helper.make_graph(
                self.nodes,
                "densenet121",
                [
                    helper.make_tensor_value_info(name, KINDS[kind], shape)
                    for name, shape, kind in zip(inputs, shapes, kinds, strict=True)
                ],
                [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
                [each for each in self.constants if each.name in read],
            ),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
