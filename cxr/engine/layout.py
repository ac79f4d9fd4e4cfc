"""Arrays are `(N, h, w, c)` everywhere but inside a library that computes with its channels first."""

import numpy as np


def laid_out(values: np.ndarray, *, channels_first: bool) -> np.ndarray:
    """From `(N, h, w, c)` to a library's own order, float32 unless it is a mask."""
    values = np.moveaxis(values, -1, 1) if channels_first else values
    return np.ascontiguousarray(values, None if values.dtype == bool else np.float32)


def upright(values: np.ndarray, *, channels_first: bool) -> np.ndarray:
    """From a library's own order to `(N, h, w, c)`."""
    return np.ascontiguousarray(np.moveaxis(values, 1, -1)) if channels_first else values
