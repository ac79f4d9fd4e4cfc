"""Batch norms and convolutions by PyTorch's own kernels, for training on Keras' PyTorch backend.

On PyTorch, Keras composes a batch norm of several operations, each a pass over memory, and copies a convolution's input
twice, to channels first and back. Outputs and gradients here are the same; the running variance is PyTorch's, with
n − 1 in place of n.
"""

from typing import Any

import keras


def with_torch_layers(model: keras.Model) -> keras.Model:
    """A copy of the network, weights included, whose batch norms over the last axis and convolutions are PyTorch's."""
    twin = keras.models.clone_model(model, clone_function=_twin)
    twin.set_weights(model.get_weights())
    return twin


def _twin(layer: keras.layers.Layer) -> keras.layers.Layer:
    kinds: dict[type, Any] = {keras.layers.BatchNormalization: TorchNormalization}
    if type(layer) is keras.layers.Conv2D and TorchConvolution.can_be(layer):
        kinds[keras.layers.Conv2D] = TorchConvolution
    return kinds.get(type(layer), type(layer)).from_config(layer.get_config())


class TorchNormalization(keras.layers.BatchNormalization):
    """keras.layers.BatchNormalization of `(N, y, x, k)` over the last axis, on PyTorch alone."""

    def call(self, inputs, training=None, mask=None):
        """As the parent's; both sets of statistics follow the parent's momentum."""
        import torch

        update = bool(training and self.trainable)
        normalised = torch.nn.functional.batch_norm(
            inputs.movedim(-1, 1),
            self.moving_mean.value,
            self.moving_variance.value,
            self.gamma.value,
            self.beta.value,
            training=update,
            momentum=1 - self.momentum,
            eps=self.epsilon,
        )
        return normalised.movedim(1, -1)


class TorchConvolution(keras.layers.Conv2D):
    """keras.layers.Conv2D of `(N, y, x, k)` on PyTorch alone; its inputs are `(N, k, y, x)` by strides, not copied."""

    @staticmethod
    def can_be(layer: keras.layers.Conv2D) -> bool:
        """Whether `layer` can be replaced: it pads evenly, as PyTorch does, or not at all."""
        padding, strides, size = layer.padding, tuple(layer.strides), layer.kernel_size
        even = padding == "same" and strides == (1, 1) and all(side % 2 for side in size)
        return layer.data_format == "channels_last" and (padding == "valid" or even)

    def convolution_op(self, inputs, kernel):
        """As the parent's."""
        import torch

        convolved = torch.nn.functional.conv2d(
            inputs.movedim(-1, 1),
            keras.ops.convert_to_tensor(kernel).permute(3, 2, 0, 1),
            stride=tuple(self.strides),
            padding=self.padding,
            dilation=tuple(self.dilation_rate),
            groups=self.groups,
        )
        return convolved.movedim(1, -1)
