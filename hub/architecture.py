"""The variables of DenseNet-121 (Huang et al. 2017) by Keras' names, with the shapes that a checkpoint needs."""

from collections.abc import Iterator, Mapping

from hub.errors import CheckpointError

BLOCKS = (6, 12, 24, 16)
GROWTH = 32
BOTTLENECK = 4 * GROWTH
STEM_CHANNELS = 64
NORM = ("gamma", "beta", "moving_mean", "moving_variance")
OUTPUT_LAYER = "predictions"
STEM = "conv1_conv/kernel"
INPUT_CHANNELS = (1, 3)


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
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, before, after in zip(layers, units[:-1], units[1:], strict=True):
        shapes |= {f"{layer}/kernel": (before, after), f"{layer}/bias": (after,)}
    return shapes


def check_shapes(found: Mapping[str, tuple[int, ...]], *, head: tuple[int, ...], labels: int) -> None:
    """CheckpointError, naming keys and shapes, unless these are exactly the arrays of a DenseNet-121 with that head.

    Its first convolution may take 1 or 3 channels.
    """
    stem = found.get(STEM, ())
    channels = stem[2] if len(stem) == 4 else 3
    if channels not in INPUT_CHANNELS:
        raise CheckpointError(f"{STEM} takes {channels} channels; 1 or 3 were expected.")
    bias = found.get(f"{OUTPUT_LAYER}/bias", (labels,))
    if tuple(bias) != (labels,):
        raise CheckpointError(
            f"The network has {bias[0] if bias else 0} outputs; the checkpoint lists {labels} labels."
        )
    expected = backbone_shapes(input_channels=channels) | head_shapes(head, labels)
    if missing := sorted(expected.keys() - found.keys()):
        raise CheckpointError(f"The checkpoint lacks {len(missing)} arrays, among them {_some(missing)}.")
    if foreign := sorted(found.keys() - expected.keys()):
        raise CheckpointError(f"The checkpoint has {len(foreign)} arrays too many, among them {_some(foreign)}.")
    for name, shape in expected.items():
        if tuple(found[name]) != shape:
            raise CheckpointError(f"{name} has the shape {tuple(found[name])}; {shape} was expected.")


def _some(names: list[str]) -> str:
    return ", ".join(names[:3])


def map_shapes(*, side: int, final_relu: bool = True) -> dict[str, tuple[int, int, int]]:
    """{layer: (height, width, channels)} of every layer with a map, in forward order; layers that only pad left out."""
    return dict(_maps(side, final_relu))


def _maps(side: int, final_relu: bool) -> Iterator[tuple[str, tuple[int, int, int]]]:
    side = (side - 1) // 2 + 1
    for name in ("conv", "bn", "relu"):
        yield f"conv1_{name}", (side, side, STEM_CHANNELS)
    side, channels = (side - 1) // 2 + 1, STEM_CHANNELS
    yield "pool1", (side, side, channels)
    for block, count in enumerate(BLOCKS, 2):
        for number in range(1, count + 1):
            prefix = f"conv{block}_block{number}_"
            for name, width in (("0_bn", channels), ("0_relu", channels), ("1_conv", BOTTLENECK), ("1_bn", BOTTLENECK),
                                ("1_relu", BOTTLENECK), ("2_conv", GROWTH), ("concat", channels + GROWTH)):  # fmt: skip
                yield prefix + name, (side, side, width)
            channels += GROWTH
        if block <= len(BLOCKS):
            for name, width in (("bn", channels), ("relu", channels), ("conv", channels // 2)):
                yield f"pool{block}_{name}", (side, side, width)
            side, channels = side // 2, channels // 2
            yield f"pool{block}_pool", (side, side, channels)
    yield "bn", (side, side, channels)
    if final_relu:
        yield "relu", (side, side, channels)
