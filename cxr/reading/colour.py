"""Colour in pictures that should be grey: the share of coloured pixels, and the conversion to grey."""

import numpy as np

COLOURED = 0.1
"""Difference between a pixel's channels, as a share of full scale, above which it counts as coloured. JPEG's errors and
the tint of a warm lamp on a grey film stay below."""

COLOURED_SHARE = 0.002
"""Share of coloured pixels above which a picture is in colour: a coloured label on a screenshot has about this size."""


def coloured_share(scaled: np.ndarray) -> float:
    """Share of the pixels (height, width, 3) in [0, 1] whose channels differ by more than `COLOURED`."""
    return float((scaled.max(axis=2) - scaled.min(axis=2) > COLOURED).mean())


def luma(scaled: np.ndarray) -> np.ndarray:
    """(height, width) float32 of (height, width, 3) in [0, 1]: ITU-R BT.601."""
    return np.clip(scaled @ np.array([0.299, 0.587, 0.114], np.float32), 0, 1)
