"""The mean gradient over noisy copies of the input (SmoothGrad)."""

import numpy as np

from explainers.contract.context import Context

BATCH = 8
"""Gradients computed together; after each batch the run can be cancelled."""


def noisy_gradient(context: Context, finding: str, *, samples: int, noise: float) -> np.ndarray:
    """(h, w) float64: the mean signed gradient over `samples` noisy copies of the input, summed over the channels.

    noise  standard deviation of the normal noise as a share of the input's range; it is the same in every channel

    Source: Smilkov et al., SmoothGrad, 2017; arXiv 1706.03825.
    """
    deviation = noise * float(np.ptp(context.input))
    total = np.zeros(context.input.shape[:2])
    for at in range(0, samples, BATCH):
        count = min(BATCH, samples - at)
        added = context.rng.normal(scale=deviation, size=(count, *context.input.shape[:2], 1))
        batch = (context.input + added).astype(np.float32)
        total += context.input_gradient(finding, batch).sum(axis=(0, -1), dtype=np.float64)
        done = at + count
        context.progress(done / samples, f"{done} of {samples} noisy copies", total / done)
    return total / samples
