"""Randomised networks: an explanation that does not change with the weights does not depend on what was learnt."""

from collections.abc import Mapping

import numpy as np

from cxr.checkpoint import Checkpoint, CheckpointConfig, Identity
from cxr.engine import build_backend
from cxr.engine.measured_norms import with_measured_norms
from cxr.preparation import InputRule, prepare
from hub.architecture import backbone_shapes, head_shapes

CHESTS, SIDE = 4, 256
"""Synthetic chests on which the batch norms are measured, and their side in pixels."""


def randomised_checkpoint(config: CheckpointConfig, rule: InputRule, seed: int, *, engine: str) -> Checkpoint:
    """The same architecture with kernels from He's normal distribution by the seed, and norms that fit them.

    engine  what computes: "tensorflow", "onnxruntime" or "auto"
    """
    from cxr.phantom import phantom

    shapes = backbone_shapes(input_channels=rule.input_shape[2]) | head_shapes(tuple(config.head), len(config.labels))
    weights = random_weights(shapes, seed)
    chests = np.stack([prepare(phantom(number, size=SIDE).radiograph, rule).array for number in range(CHESTS)])
    measured = with_measured_norms(weights, chests, build_backend(engine))
    return Checkpoint(config, measured, Identity(f"randomised, seed {seed}", "randomised", None, ""))


def random_weights(shapes: Mapping[str, tuple[int, ...]], seed: int) -> dict[str, np.ndarray]:
    """{"layer/variable": array}: random kernels, biases and shifts zero, scales and variances one."""
    rng = np.random.default_rng([seed, 121])
    weights = {}
    for name, shape in shapes.items():
        variable = name.rsplit("/", 1)[1]
        if variable == "kernel":
            inputs = int(np.prod(shape[:-1]))
            values = rng.normal(scale=np.sqrt(2 / inputs), size=shape)
        else:
            values = np.ones(shape) if variable in ("gamma", "moving_variance") else np.zeros(shape)
        weights[name] = values.astype(np.float32)
    return weights
