"""Pieces of the network as TensorFlow functions of fixed shapes, their weights as constants."""

from collections.abc import Sequence

import numpy as np

from cxr.engine.backend import Compiled, Description, Shape
from cxr.engine.folded import EPSILON, Affine, Convolution
from cxr.quiet_import import quiet_import

with quiet_import():
    import tensorflow as tf


class TensorFlow:
    """`Backend`: builds a description as a compiled function of `(N, height, width, channels)` arrays."""

    name = "tensorflow"
    channels_first = False
    batches = True
    widens = False

    def __init__(self) -> None:
        self._tensors: dict[int, tuple[np.ndarray, tf.Tensor]] = {}

    def compiled(
        self, description: Description, shapes: Sequence[Shape], kinds: Sequence[type], *, wide: bool = False
    ) -> Compiled:
        """A function of arrays of these shapes and kinds (float32 or bool); it computes on all cores anyway."""
        signature = [tf.TensorSpec(shape, kind) for shape, kind in zip(shapes, kinds, strict=True)]
        function = tf.function(lambda *tensors: description(self, *tensors), input_signature=signature, autograph=False)
        concrete = function.get_concrete_function()
        return lambda *arrays: [result.numpy() for result in concrete(*map(tf.constant, arrays))]

    def gradient(
        self, description: Description, shape: tuple[int, ...], outputs: int, *, inside: bool = False
    ) -> Compiled:
        """A function of an input of that shape and weights `(1, outputs)`: d (Σ weights · logits) / d input.

        inside  whether the gradient is that of the description's second output instead of the input's
        """

        def back(library: TensorFlow, batch: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, ...]:
            with tf.GradientTape() as tape:
                tape.watch(batch)
                logits, *others = description(library, batch)
                chosen = tf.reduce_sum(logits * weights)
            return (tape.gradient(chosen, others[0] if inside else batch),)

        return self.compiled(back, [shape, (1, outputs)], [np.float32, np.float32])

    def convolve(self, x: tf.Tensor, convolution: Convolution, *, stride: int = 1, pad: int = 0) -> tf.Tensor:
        padding = [[0, 0], [pad, pad], [pad, pad], [0, 0]] if pad else "VALID"
        kernel = self._tensor(convolution.kernel)
        return tf.nn.bias_add(tf.nn.conv2d(x, kernel, stride, padding), self._tensor(convolution.bias))

    def rectified(self, x: tf.Tensor) -> tf.Tensor:
        return tf.nn.relu(x)

    def scaled(self, x: tf.Tensor, affine: Affine) -> tf.Tensor:
        return x * self._tensor(affine.scale) + self._tensor(affine.shift)

    def standardised(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        mean, variance = tf.nn.moments(x, (0, 1, 2))
        return (x - mean) * tf.math.rsqrt(variance + EPSILON), mean, variance

    def largest(self, x: tf.Tensor, *, pad: int) -> tf.Tensor:
        return tf.nn.max_pool2d(x, 3, 2, [[0, 0], [pad, pad], [pad, pad], [0, 0]] if pad else "VALID")

    def averaged(self, x: tf.Tensor) -> tf.Tensor:
        return tf.nn.avg_pool2d(x, 2, 2, "VALID")

    def joined(self, tensors: Sequence[tf.Tensor]) -> tf.Tensor:
        return tf.concat(tensors, -1)

    def channels(self, x: tf.Tensor, first: int, last: int) -> tf.Tensor:
        return x[..., first:last]

    def where(self, mask: tf.Tensor, x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
        return tf.where(mask, x, other)

    def masked(self, x: tf.Tensor, keep: tf.Tensor) -> tf.Tensor:
        return x * keep

    def pooled(self, x: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(x, (1, 2))

    def connected(self, x: tf.Tensor, weights: np.ndarray, bias: np.ndarray) -> tf.Tensor:
        return tf.matmul(x, self._tensor(weights)) + self._tensor(bias)

    def _tensor(self, values: np.ndarray) -> tf.Tensor:
        """One tensor shared by all pieces, outside their graphs: as a constant it would be copied into each of them."""
        if id(values) not in self._tensors:
            with tf.init_scope():
                self._tensors[id(values)] = values, tf.constant(values)
        return self._tensors[id(values)][1]
