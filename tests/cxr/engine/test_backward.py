"""Gradients of small graphs through ONNX Runtime, against sums worked out in NumPy."""

import numpy as np
import pytest

from cxr.engine.folded import Affine, Convolution
from cxr.engine.graph import Operations, Tensor

pytest.importorskip("onnxruntime")

from cxr.engine.on_onnx import OnnxRuntime

CHANNELS, SIDE = 16, 5
"""An odd side: average pooling leaves out the last row and column."""


@pytest.fixture(scope="module")
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def _gradient(description, x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return OnnxRuntime().gradient(description, x.shape, len(weights))(x, weights[None])[0]


def _mean(ops: Operations, x: Tensor, channels: int = CHANNELS) -> Tensor:
    """Each channel's mean as a logit."""
    return ops.connected(ops.pooled(x), np.eye(channels, dtype=np.float32), np.zeros(channels, np.float32))


def test_a_relu_passes_the_gradient_on_wherever_its_output_is_positive(rng):
    smallest, largest = np.finfo(np.float32).smallest_subnormal, np.finfo(np.float32).max
    values = np.array([0, -0.0, smallest, -smallest, 1e-38, 1e-20, -1e-20, 1, -1, 1e9, largest, -largest], np.float32)
    x = rng.choice(values, (1, CHANNELS, SIDE, SIDE))
    weights = np.arange(1, CHANNELS + 1, dtype=np.float32)
    found = _gradient(lambda ops, x: (_mean(ops, ops.rectified(x)),), x, weights)
    passed = weights[:, None, None] / np.float32(SIDE * SIDE)
    assert (found[x <= 0] == 0).all()
    assert found == pytest.approx(np.where(x > 0, passed, 0), rel=1e-6, abs=0)


@pytest.mark.parametrize("pooled", [False, True])
def test_a_norms_scale_is_in_the_gradient_once(rng, pooled):
    norm = Affine(*rng.normal(size=(2, CHANNELS)).astype(np.float32))
    kernel = rng.normal(size=(1, 1, CHANNELS, 8)).astype(np.float32)
    x, weights = rng.normal(size=(1, CHANNELS, SIDE, SIDE)).astype(np.float32), np.ones(8, np.float32)

    def description(ops: Operations, x: Tensor) -> tuple[Tensor]:
        rectified = ops.rectified(ops.scaled(x, norm))
        inner = ops.averaged(rectified) if pooled else rectified
        return (_mean(ops, ops.convolve(inner, Convolution(kernel, np.zeros(8, np.float32))), 8),)

    scale, shift = norm.scale[:, None, None], norm.shift[:, None, None]
    used = np.zeros((SIDE, SIDE))
    used[: SIDE - pooled, : SIDE - pooled] = 1 / (SIDE - pooled) ** 2
    expected = scale * (x * scale + shift > 0) * kernel.sum((0, 1, 3))[:, None, None] * used
    assert _gradient(description, x, weights) == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_a_norm_that_two_layers_read_scales_the_sum_of_their_gradients(rng):
    norm = Affine(*rng.normal(size=(2, CHANNELS)).astype(np.float32))
    kernels = rng.normal(size=(2, 1, 1, CHANNELS, CHANNELS)).astype(np.float32)
    x, weights = rng.normal(size=(1, CHANNELS, SIDE, SIDE)).astype(np.float32), np.ones(2 * CHANNELS, np.float32)

    def description(ops: Operations, x: Tensor) -> tuple[Tensor]:
        normed = ops.scaled(x, norm)
        layers = (ops.convolve(normed, Convolution(each, np.zeros(CHANNELS, np.float32))) for each in kernels)
        return (_mean(ops, ops.joined(list(layers)), 2 * CHANNELS),)

    slopes = norm.scale * kernels.sum((0, 1, 2, 4)) / SIDE**2
    expected = np.broadcast_to(slopes[:, None, None], x.shape)
    assert _gradient(description, x, weights) == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_of_equal_maxima_the_first_gets_the_gradient():
    # windows of 3×3 with stride 2 and a border of one: the middle pixel is in all four, and all its pixels are equal
    x = np.ones((1, CHANNELS, 3, 3), np.float32)
    found = _gradient(lambda ops, x: (_mean(ops, ops.rectified(ops.largest(x, pad=1))),), x, np.ones(CHANNELS, "f4"))
    expected = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 0]]) / 4
    assert found == pytest.approx(np.broadcast_to(expected, x.shape))
