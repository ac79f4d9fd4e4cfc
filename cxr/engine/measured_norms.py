"""Weights whose batch norms have the statistics of a given batch, as if they were trained on it."""

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np

from cxr.engine.backend import Backend
from cxr.engine.folded import Affine, Convolution
from cxr.engine.graph import Operations, Tensor
from cxr.engine.layout import to_backend_layout
from hub.architecture import BLOCKS, backbone_shapes

Weights = Mapping[str, np.ndarray]


def with_measured_norms(weights: Weights, batch: np.ndarray, library: Backend) -> dict[str, np.ndarray]:
    """The same weights with each batch norm's mean and variance set to those of its own input.

    weights  {"layer/variable": array}, of which the norms' own statistics are not read
    batch    prepared, `(N, h, w, c)`
    """
    given = to_backend_layout(batch, channels_first=library.channels_first)
    run = library.compiled(partial(_statistics, weights), [given.shape], [np.float32], wide=True)
    names = [name for name in backbone_shapes() if name.endswith(("/moving_mean", "/moving_variance"))]
    found = (values.reshape(-1) for values in run(given))
    return {**weights, **dict(zip(names, found, strict=True))}


def _statistics(weights: Weights, ops: Operations, x: Tensor) -> tuple[Tensor, ...]:
    """Mean and variance of the input of each batch norm, in forward order."""
    return tuple(_forward(weights, ops, x))


def _forward(weights: Weights, ops: Operations, x: Tensor) -> Iterator[Tensor]:
    def convolved(x: Tensor, name: str, **how: int) -> Tensor:
        kernel = np.ascontiguousarray(weights[f"{name}/kernel"], np.float32)
        return ops.convolve(x, Convolution(kernel, np.zeros(kernel.shape[-1], np.float32)), **how)

    def rectified(x: Tensor, name: str) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The ReLU after a norm, and the norm's statistics."""
        x, *statistics = ops.standardised(x)
        affine = Affine(*(weights[f"{name}/{variable}"].astype(np.float32) for variable in ("gamma", "beta")))
        return ops.rectified(ops.scaled(x, affine)), tuple(statistics)

    x, found = rectified(convolved(x, "conv1_conv", stride=2, pad=3), "conv1_bn")
    yield from found
    x = ops.largest(x, pad=1)
    for block, count in enumerate(BLOCKS, 2):
        for place in range(1, count + 1):
            name = f"conv{block}_block{place}"
            new, found = rectified(x, f"{name}_0_bn")
            yield from found
            new, found = rectified(convolved(new, f"{name}_1_conv"), f"{name}_1_bn")
            yield from found
            x = ops.joined([x, convolved(new, f"{name}_2_conv", pad=1)])
        x, found = rectified(x, f"pool{block}_bn" if block < len(BLOCKS) + 1 else "bn")
        yield from found
        if block < len(BLOCKS) + 1:
            x = ops.averaged(convolved(x, f"pool{block}_conv"))
