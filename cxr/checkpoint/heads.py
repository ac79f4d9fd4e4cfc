"""Output layers fitted on resampled patients, stored beside a checkpoint's weights."""

from dataclasses import dataclass
from functools import cached_property

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
        heads, _, findings = self.kernels.shape
        found = features @ self._side_by_side
        return found.reshape(len(features), heads, findings).transpose(1, 0, 2) + self.biases[:, None]

    @cached_property
    def _side_by_side(self) -> np.ndarray:
        """(k, heads · n): one matrix, so that one product gives the logits of all heads."""
        return np.ascontiguousarray(self.kernels.transpose(1, 0, 2).reshape(self.kernels.shape[1], -1))

    def spread(self, features: np.ndarray) -> np.ndarray:
        """`(N, n)`: half the width of a 95 % interval around each logit."""
        return SPREAD * self.logits(features).std(axis=0, ddof=1)
