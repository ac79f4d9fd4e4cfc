"""Changes of the input that are too small to be noticed."""

import numpy as np

NOISE = 0.02
"""Largest change of a pixel, in input units (standard deviations of the picture under most input rules), as captum's
default."""


def with_noise(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The input `(h, w, c)` with uniform noise of at most NOISE added, the same in every channel: float32."""
    return picture + rng.uniform(-NOISE, NOISE, size=(*picture.shape[:2], 1)).astype(np.float32)
