"""Order of axes: `(N, h, w, c)` everywhere except inside a library that puts channels first."""

import numpy as np


def to_backend_layout(values: np.ndarray, *, channels_first: bool) -> np.ndarray:
    """From `(N, h, w, c)` to the library's order of axes, float32 unless it is a mask."""
    values = np.moveaxis(values, -1, 1) if channels_first else values
    return np.ascontiguousarray(values, None if values.dtype == bool else np.float32)


def to_channels_last(values: np.ndarray, *, channels_first: bool) -> np.ndarray:
    """From the library's order of axes to `(N, h, w, c)`."""
    return np.ascontiguousarray(np.moveaxis(values, 1, -1)) if channels_first else values
