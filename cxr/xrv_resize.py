"""How torchxrayvision shrinks a picture: skimage's resize, as weights of one axis."""

import numpy as np


def gaussian_then_linear(length: int, size: int) -> np.ndarray:
    """(size, length) float32: one axis of skimage's resize (order 1, mode "constant", anti-aliased) as weights.

    A Gaussian of σ = (length / size - 1) / 2, cut at 4 σ, then linear interpolation at the output's half-pixel
    centres. Beyond the border everything is zero, which is mid-grey on this rule's scale.
    """
    factor = length / size
    sigma = max(0.0, (factor - 1) / 2)
    radius = int(4 * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / (sigma or 1)) ** 2)
    kernel = np.pad(kernel / kernel.sum(), 2)
    positions = (np.arange(size) + 0.5) * factor - 0.5
    low = np.floor(positions).astype(int)
    share = (positions - low)[:, None]
    offsets = np.arange(length) - low[:, None] + radius + 2
    last = len(kernel) - 1
    weights = (1 - share) * kernel[np.clip(offsets, 0, last)] + share * kernel[np.clip(offsets - 1, 0, last)]
    return weights.astype(np.float32)
