"""How maps of single pixels are made visible: smoothed for display, and clipped. The map itself stays as it is.

The page does the same in `scripts/smoothing.js`.
"""

import cv2
import numpy as np

PIXEL_MAP_CELLS = 100
"""A map is one of pixels from this many cells along a side."""

SMOOTHING_PX = 4
"""Standard deviation of the smoothing, in the map's own pixels."""

CLIP_SHARE = 0.995
"""Share of the values that a view shows which lies below the value with full colour."""

REACH = 3
"""Standard deviations after which the smoothing ends."""


def is_pixel_map(cells: np.ndarray) -> bool:
    """Whether a map (y, x) has so many cells that single ones can't be seen."""
    return min(cells.shape) >= PIXEL_MAP_CELLS


def smoothed(cells: np.ndarray) -> np.ndarray:
    """(y, x) float32: a Gaussian over rows and columns; beyond the border the outermost value goes on."""
    size = 2 * REACH * SMOOTHING_PX + 1
    values = np.asarray(cells, np.float32)
    return cv2.GaussianBlur(values, (size, size), SMOOTHING_PX, borderType=cv2.BORDER_REPLICATE)


def full_colour_at(cells: np.ndarray, view: str, *, clip: bool) -> float | None:
    """The value that gets full colour: the largest size that a view shows, or with `clip` its 99.5th percentile.

    None where that is zero, and for views without a scale of values.
    """
    if view not in ("positive", "signed"):
        return None
    shown = np.sort(np.abs(cells) if view == "signed" else np.maximum(cells, 0), axis=None)
    limit = float(shown[min(shown.size - 1, int(CLIP_SHARE * shown.size))])
    return (limit if clip and limit > 0 else float(shown[-1])) or None
