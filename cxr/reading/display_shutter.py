"""The display shutter of a DICOM file (PS3.3 C.7.6.11): what lies outside of it is not part of the radiograph.

Collimators leave bright margins, which devices cover when they show the picture. They store the margins and say with
rectangles, circles and polygons what is to be covered.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from cxr.reading.dicom_tags import SHUTTER_EDGES, Tags

LEAST_SHOWN = 0.05
"""Share of the picture that has to stay visible: a shutter that leaves less is a mistake."""

FULL_SCALE = 65535
"""The brightest presentation value, whatever the depth of the file."""


@dataclass(frozen=True, eq=False)
class Shutter:
    """hidden: (rows, columns) bool; brightness of the hidden part in [0, 1]; sentences."""

    hidden: np.ndarray
    brightness: float = 0.0
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def display_shutter(tags: Tags, size: tuple[int, int]) -> Shutter:
    """The file's shutter on a picture of (rows, columns); nothing is hidden without one that can be used."""
    shown, used = np.ones(size, bool), False
    for shape in tags.words("ShutterShape"):
        part = _shape(tags, shape, size)
        if part is None:
            tags.refuse("ShutterShape")
            continue
        shown, used = shown & part, True
    if used and shown.mean() < LEAST_SHOWN:
        tags.refuse("ShutterShape")
        shown[:] = True
    warnings = ("The file's display shutter can't be used and was ignored.",) if "ShutterShape" in tags.unusable else ()
    hidden = ~shown
    if not hidden.any():
        return Shutter(hidden, warnings=warnings)
    value = tags.number("ShutterPresentationValue") or 0.0
    notes = (f"The file's display shutter covers {hidden.mean():.0%} of the picture.",)
    return Shutter(hidden, float(np.clip(value / FULL_SCALE, 0, 1)), notes, warnings)


def _shape(tags: Tags, shape: str, size: tuple[int, int]) -> np.ndarray | None:
    """(rows, columns) bool of what a shape leaves visible; None for one that can't be used. Pixels count from 1."""
    if shape == "RECTANGULAR":
        edges = [tags.number(name) for name in SHUTTER_EDGES]
        return None if None in edges else _rectangle([each or 0.0 for each in edges], size)
    if shape == "CIRCULAR":
        centre, radius = tags.numbers("CenterOfCircularShutter"), tags.number("RadiusOfCircularShutter")
        known = [each for each in centre if each is not None]
        return _circle(known, radius, size) if len(known) == len(centre) == 2 and radius and radius > 0 else None
    if shape == "POLYGONAL":
        corners = tags.numbers("VerticesOfThePolygonalShutter")
        usable = len(corners) >= 6 and len(corners) % 2 == 0 and None not in corners
        return _polygon([each or 0.0 for each in corners], size) if usable else None
    return None


def _rectangle(edges: list[float], size: tuple[int, int]) -> np.ndarray | None:
    left, right, upper, lower = edges
    if left >= right or upper >= lower:
        return None
    rows, columns = (np.arange(1, length + 1) for length in size)
    return np.outer((rows >= upper) & (rows <= lower), (columns >= left) & (columns <= right))


def _circle(centre: list[float], radius: float, size: tuple[int, int]) -> np.ndarray:
    rows, columns = (np.arange(1, length + 1, dtype=np.float64) for length in size)
    return (rows[:, None] - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2


def _polygon(corners: list[float], size: tuple[int, int]) -> np.ndarray:
    """Corners are (row, column) pairs."""
    points = np.clip(np.reshape(corners, (-1, 2))[:, ::-1] - 1, -1e5, 1e5)
    drawn = cv2.fillPoly(np.zeros(size, np.uint8), [np.rint(points).astype(np.int32)], 1)
    return drawn.astype(bool)
