"""EfficientNet-Lite0 (Tan and Le 2019; Liu 2020) in Keras, with the weights of the same network in PyTorch.

No squeeze-and-excitation, ReLU6, TensorFlow's padding, and the layers' names of Keras' EfficientNet.
"""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import h5py
import keras
import numpy as np

STEM_CHANNELS, TOP_CHANNELS = 32, 1280
EPSILON = 1e-3
"""Of every batch norm."""

NORM = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


class Stage(NamedTuple):
    """Inverted residual blocks of one kind; the first of them has the stride."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def block_names() -> list[str]:
    """`block1a` to `block7a`, in forward order."""
    return [
        f"block{number}{chr(ord('a') + at)}" for number, stage in enumerate(STAGES, 1) for at in range(stage.repeats)
    ]


def efficientnet_lite0(shape: tuple[int | None, int | None, int], *, outputs: int) -> keras.Model:
    """From `(h, w, c)` to `outputs` logits: backbone, average pooling, and the output without sigmoid."""
    layers = keras.layers
    given = layers.Input(shape)
    maps = _activated(_normed(_conv(given, STEM_CHANNELS, 3, 2, "stem_conv"), "stem_bn"), "stem_activation")
    names = iter(block_names())
    for stage in STAGES:
        for at in range(stage.repeats):
            maps = _block(maps, stage, stage.stride if at == 0 else 1, next(names))
    maps = _activated(_normed(_conv(maps, TOP_CHANNELS, 1, 1, "top_conv"), "top_bn"), "top_activation")
    features = layers.GlobalAveragePooling2D(name="avg_pool")(maps)
    logits = layers.Dense(outputs, name="predictions")(features)
    return keras.Model(given, logits, name="efficientnet_lite0")


def _block(maps: keras.KerasTensor, stage: Stage, stride: int, name: str) -> keras.KerasTensor:
    given, channels = maps, maps.shape[-1]
    if stage.expansion > 1:
        maps = _normed(_conv(maps, channels * stage.expansion, 1, 1, f"{name}_expand_conv"), f"{name}_expand_bn")
        maps = _activated(maps, f"{name}_expand_activation")
    maps = keras.layers.DepthwiseConv2D(
        stage.kernel, stride, padding="same", use_bias=False, name=f"{name}_dwconv"
    )(maps)  # fmt: skip
    maps = _activated(_normed(maps, f"{name}_bn"), f"{name}_activation")
    maps = _normed(_conv(maps, stage.channels, 1, 1, f"{name}_project_conv"), f"{name}_project_bn")
    return keras.layers.Add(name=f"{name}_add")([maps, given]) if maps.shape == given.shape and stride == 1 else maps


def _conv(maps: keras.KerasTensor, channels: int, kernel: int, stride: int, name: str) -> keras.KerasTensor:
    return keras.layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False, name=name)(maps)


def _normed(maps: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return keras.layers.BatchNormalization(epsilon=EPSILON, name=name)(maps)


def _activated(maps: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return keras.layers.ReLU(6.0, name=name)(maps)


def keras_weights(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """{"layer/variable": float32 array} from the state of `teacher.Teacher`, for an input of three equal channels."""
    weights: dict[str, np.ndarray] = {}

    def add(conv: str, norm: str, kernel: str, statistics: str, axes: tuple[int, ...] = (2, 3, 1, 0)) -> None:
        weights[f"{conv}/kernel"] = state[f"net.{kernel}.weight"].transpose(axes)
        weights.update({f"{norm}/{ours}": state[f"net.{statistics}.{theirs}"] for ours, theirs in NORM.items()})

    add("stem_conv", "stem_bn", "_conv_stem", "_bn0")
    # the grey stem's kernel is the sum over channels; three equal channels share it
    weights["stem_conv/kernel"] = np.repeat(weights["stem_conv/kernel"] / 3, 3, axis=2)
    for at, name in enumerate(block_names()):
        block = f"_blocks.{at}."
        if f"net.{block}_expand_conv.weight" in state:
            add(f"{name}_expand_conv", f"{name}_expand_bn", f"{block}_expand_conv", f"{block}_bn0")
        add(f"{name}_dwconv", f"{name}_bn", f"{block}_depthwise_conv", f"{block}_bn1", (2, 3, 0, 1))
        add(f"{name}_project_conv", f"{name}_project_bn", f"{block}_project_conv", f"{block}_bn2")
    add("top_conv", "top_bn", "_conv_head", "_bn1")
    return weights | {"predictions/kernel": state["head.weight"].T, "predictions/bias": state["head.bias"]}


def converted(state: Mapping[str, np.ndarray], size: int) -> keras.Model:
    """The Keras network of a state; its logits equal PyTorch's."""
    model = efficientnet_lite0((size, size, 3), outputs=len(state["head.bias"]))
    weights = keras_weights(state)
    for layer in model.layers:
        for variable in layer.variables:
            variable.assign(weights.pop(f"{layer.name}/{variable.name}"))
    if weights:
        raise ValueError(f"The network has no variables {sorted(weights)}.")
    return model


def save_halved(model: keras.Model, file: Path) -> None:
    """A `.keras` file whose kernels are stored in float16. It computes in float32; logits change by less than 0.02."""
    whole = io.BytesIO()
    model.save(file)
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as halved:
        for name in archive.namelist():
            # a fixed date, so that the same weights give the same bytes
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            contents = archive.read(name)
            halved.writestr(entry, _halved(contents) if name.endswith(".weights.h5") else contents)
    file.write_bytes(whole.getvalue())


def _halved(contents: bytes) -> bytes:
    """The HDF5 file with every array of two or more axes in float16."""
    source, result = h5py.File(io.BytesIO(contents)), io.BytesIO()
    with h5py.File(result, "w") as target:

        def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Group):
                made = target.require_group(name)
            else:
                made = target.create_dataset(name, data=item[()].astype(np.float16 if item.ndim > 1 else item.dtype))
            made.attrs.update(item.attrs)

        source.visititems(copy)
        target.attrs.update(source.attrs)
    return result.getvalue()
