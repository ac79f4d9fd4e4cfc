"""Output layers fitted on resampled patients, stored beside a checkpoint's weights."""

from dataclasses import dataclass

import numpy as np

SPREAD = 1.96
"""Standard deviations on either side that hold 95 % of a normal distribution."""


@dataclass(frozen=True, eq=False)
class Heads:
    """kernels (heads, k, n) and biases (heads, n): each head gives logits of the same features.

    They share one backbone, so their disagreement shows the uncertainty of the output layer alone.
    """

    kernels: np.ndarray
    biases: np.ndarray

    def __len__(self) -> int:
        return len(self.kernels)

    def logits(self, features: np.ndarray) -> np.ndarray:
        """`(heads, N, n)` of features `(N, k)`."""
        return np.einsum("nk,hkf->hnf", features, self.kernels, optimize=True) + self.biases[:, None]

    def spread(self, features: np.ndarray) -> np.ndarray:
        """`(N, n)`: half the width of a 95 % interval around each logit."""
        return SPREAD * self.logits(features).std(axis=0, ddof=1)
