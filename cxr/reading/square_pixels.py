"""Pixels that are not square: their ratio, and resampling to square ones."""

from dataclasses import dataclass

import cv2
import numpy as np

from cxr.reading.dicom_tags import Tags
from cxr.reading.pixels import LARGEST_PIXELS

SPACING_TAGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio")
"""Tags with (distance between rows, distance between columns), of which the first usable one counts: the last is
there only where no distance is known (PS3.3 C.7.6.3.1.7)."""

NEARLY_SQUARE = 1.01
"""Ratio up to which pixels count as square: distances are rounded when they are written."""

LARGEST_RATIO = 4.0
"""Largest ratio; a larger one is a mistake. Scanners of fax machines reach 2.1."""


@dataclass(frozen=True)
class PixelShape:
    """ratio: height of a pixel divided by its width; warnings: sentences on tags that can't be used."""

    ratio: float = 1.0
    warnings: tuple[str, ...] = ()

    @property
    def is_square(self) -> bool:
        """Whether the pixels count as square."""
        return 1 / NEARLY_SQUARE <= self.ratio <= NEARLY_SQUARE


def pixel_shape(tags: Tags) -> PixelShape:
    """The pixels' shape by the file's tags; square without a usable tag."""
    unusable: list[str] = []
    for name in SPACING_TAGS:
        if name not in tags:
            continue
        numbers = [number for number in tags.numbers(name) if number is not None]
        if len(numbers) == 2 and len(tags.numbers(name)) == 2 and min(numbers) > 0:
            ratio = numbers[0] / numbers[1]
            if 1 / LARGEST_RATIO <= ratio <= LARGEST_RATIO:
                return PixelShape(ratio, _ignored(unusable))
        unusable.append(name)
    return PixelShape(1.0, _ignored(unusable))


def _ignored(names: list[str]) -> tuple[str, ...]:
    verb = "were" if len(names) > 1 else "was"
    return (f"The file's {' and '.join(names)} can't be used and {verb} ignored.",) if names else ()


def squared(brightness: np.ndarray, ratio: float) -> np.ndarray:
    """(height, width) float32 with square pixels: the axis with the wider steps is enlarged, bilinearly.

    A picture that would become larger than the limit is averaged along the other axis instead.
    """
    height, width = brightness.shape
    size = (round(height * ratio), width) if ratio > 1 else (height, round(width / ratio))
    if size[0] * size[1] > LARGEST_PIXELS:
        size = (height, round(width / ratio)) if ratio > 1 else (round(height * ratio), width)
        return cv2.resize(brightness, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return cv2.resize(brightness, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
