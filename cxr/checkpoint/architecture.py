"""The variables of DenseNet-121 (Huang et al. 2017) by Keras' names, with their shapes: what a checkpoint must hold."""

from collections.abc import Iterator, Mapping

import numpy as np

from hub.errors import CheckpointError

BLOCKS = (6, 12, 24, 16)
GROWTH = 32
BOTTLENECK = 4 * GROWTH
STEM_CHANNELS = 64
NORM = ("gamma", "beta", "moving_mean", "moving_variance")
OUTPUT_LAYER = "predictions"


def backbone_shapes(*, input_channels: int = 3) -> dict[str, tuple[int, ...]]:
    """{"layer/variable": shape} of everything before the pooling, in forward order."""
    return dict(_backbone(input_channels))


def _backbone(input_channels: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "conv1_conv/kernel", (7, 7, input_channels, STEM_CHANNELS)
    yield from _norm("conv1_bn", STEM_CHANNELS)
    channels = STEM_CHANNELS
    for block, count in enumerate(BLOCKS, 2):
        for number in range(1, count + 1):
            prefix = f"conv{block}_block{number}_"
            yield from _norm(prefix + "0_bn", channels)
            yield prefix + "1_conv/kernel", (1, 1, channels, BOTTLENECK)
            yield from _norm(prefix + "1_bn", BOTTLENECK)
            yield prefix + "2_conv/kernel", (3, 3, BOTTLENECK, GROWTH)
            channels += GROWTH
        if block < len(BLOCKS) + 1:
            yield from _norm(f"pool{block}_bn", channels)
            yield f"pool{block}_conv/kernel", (1, 1, channels, channels // 2)
            channels //= 2
    yield from _norm("bn", channels)


def _norm(layer: str, channels: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    for variable in NORM:
        yield f"{layer}/{variable}", (channels,)


def head_shapes(head: tuple[int, ...], outputs: int) -> dict[str, tuple[int, ...]]:
    """{"layer/variable": shape} of hidden layers `head_1`… and the output layer `predictions`."""
    units = [backbone_shapes()["bn/gamma"][0], *head, outputs]
    layers = [*(f"head_{number}" for number in range(1, len(head) + 1)), OUTPUT_LAYER]
    shapes = {}
    for layer, before, after in zip(layers, units[:-1], units[1:], strict=True):
        shapes |= {f"{layer}/kernel": (before, after), f"{layer}/bias": (after,)}
    return shapes


def check_weights(weights: Mapping[str, np.ndarray], expected: Mapping[str, tuple[int, ...]]) -> None:
    """CheckpointError, naming keys and shapes, unless `weights` are exactly the expected ones, finite."""
    if missing := sorted(expected.keys() - weights.keys()):
        raise CheckpointError(f"The checkpoint lacks {len(missing)} arrays, among them {_some(missing)}.")
    if foreign := sorted(weights.keys() - expected.keys()):
        raise CheckpointError(f"The checkpoint has {len(foreign)} arrays too many, among them {_some(foreign)}.")
    for name, shape in expected.items():
        if tuple(weights[name].shape) != shape:
            raise CheckpointError(f"{name} has the shape {tuple(weights[name].shape)}; {shape} was expected.")
        if not np.isfinite(weights[name]).all():
            raise CheckpointError(f"{name} holds values that are not finite.")


def _some(names: list[str]) -> str:
    return ", ".join(names[:3])
