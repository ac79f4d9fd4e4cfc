"""Output layers fitted on resampled patients, stored beside a checkpoint's weights."""

from dataclasses import dataclass

import numpy as np

from cxr.checkpoint.safetensors_file import read_safetensors
from hub.directory import Resolved
from hub.errors import CheckpointError
from hub.files import check_sha256

SPREAD = 1.96
"""Standard deviations on either side that hold 95 % of a normal distribution."""


@dataclass(frozen=True, eq=False)
class Heads:
    """kernels (heads, k, n) and biases (heads, n): each head gives logits of the same features.

    They share one backbone: what they disagree in is the output layer's uncertainty alone.
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


def read_heads(resolved: Resolved, *, features: int, outputs: int) -> Heads | None:
    """The heads that the configuration names; None if it names none, or their file was not brought along.

    Raises CheckpointError for a file with another sha256, or whose arrays don't fit the network's output layer.
    """
    described = resolved.config.get("bootstrap")
    file = resolved.directory / described["file"] if described else None
    if file is None or not file.is_file():
        return None
    if described.get("sha256"):
        check_sha256(file, described["sha256"])
    arrays = read_safetensors(file)
    shapes = {name: array.shape for name, array in arrays.items()}
    count = shapes.get("bias", (0,))[0]
    if count < 2 or shapes != {"kernel": (count, features, outputs), "bias": (count, outputs)}:
        raise CheckpointError(
            f"{file.name} holds {shapes}, not a kernel (heads, {features}, {outputs}) and a bias (heads, {outputs})."
        )
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise CheckpointError(f"{file.name} holds values that are not finite.")
    return Heads(arrays["kernel"].astype(np.float32), arrays["bias"].astype(np.float32))
