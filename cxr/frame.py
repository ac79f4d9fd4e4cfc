"""Coordinates of the network's input and of the radiograph, and maps on both, for every input rule.

Coordinates are continuous, in pixels from the top left corner of the picture or of the input: pixel i covers
[i, i + 1) and its centre is i + 0.5. All of them are (y, x), top before left.
"""

from dataclasses import dataclass

import numpy as np

Box = tuple[float, float, float, float]
"""(top, left, height, width) in continuous pixels."""


@dataclass(frozen=True)
class Frame:
    """An affine, axis-parallel transform between input and image.

    image_size  (height, width) of the radiograph, upright, in its pixels
    input_size  (height, width) of the prepared input
    crop        the part of the radiograph that the whole input covers, in image coordinates
    """

    image_size: tuple[int, int]
    input_size: tuple[int, int]
    crop: Box

    def map_to_input(self, cells: np.ndarray) -> np.ndarray:
        """Enlarge a map `(y, x)` on its own grid to the input: `(height, width)` float32, bilinear, half-pixel centres.

        Cell i of n covers [i / n, (i + 1) / n) of the side. Beyond the centre of an outermost cell, its value is
        repeated.
        """
        height, width = self.input_size
        return _sampled(cells, _centres(height) / height, _centres(width) / width)

    def map_to_image(self, cells: np.ndarray) -> np.ndarray:
        """Enlarge a map `(y, x)` on its own grid to the radiograph: `(height, width)` float32, NaN outside the crop.

        Sampled once, straight from the cells, as `map_to_input` does; a pixel is inside if its centre is.
        """
        top, left, height, width = self.crop
        rows = (_centres(self.image_size[0]) - top) / height
        columns = (_centres(self.image_size[1]) - left) / width
        enlarged = _sampled(cells, rows, columns)
        enlarged[(rows < 0) | (rows > 1), :] = np.nan
        enlarged[:, (columns < 0) | (columns > 1)] = np.nan
        return enlarged

    def point_to_image(self, y: float, x: float) -> tuple[float, float]:
        """Where a point of the input lies on the radiograph."""
        top, left, height, width = self.crop
        return top + y * height / self.input_size[0], left + x * width / self.input_size[1]

    def point_to_input(self, y: float, x: float) -> tuple[float, float]:
        """Where a point of the radiograph lies on the input; outside [0, size] if the crop leaves it out."""
        top, left, height, width = self.crop
        return (y - top) * self.input_size[0] / height, (x - left) * self.input_size[1] / width

    def box_to_image(self, box: Box) -> Box:
        """A box of the input, in coordinates of the radiograph."""
        top, left = self.point_to_image(box[0], box[1])
        bottom, right = self.point_to_image(box[0] + box[2], box[1] + box[3])
        return top, left, bottom - top, right - left

    def box_to_input(self, box: Box) -> Box:
        """A box of the radiograph, in coordinates of the input; not cut where it reaches beyond the crop."""
        top, left = self.point_to_input(box[0], box[1])
        bottom, right = self.point_to_input(box[0] + box[2], box[1] + box[3])
        return top, left, bottom - top, right - left


def _centres(count: int) -> np.ndarray:
    return np.arange(count) + 0.5


def _sampled(cells: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Bilinear values of `cells` at the fractions `rows` × `columns` of its sides, clamped to the outermost centres."""
    cells = np.asarray(cells, np.float32)
    if cells.ndim != 2 or 0 in cells.shape:
        raise ValueError(f"A map has two axes (y, x) and at least one cell; this array has the shape {cells.shape}.")
    low, high, share = _neighbours(rows, cells.shape[0])
    between_rows = cells[low] * (1 - share)[:, None] + cells[high] * share[:, None]
    low, high, share = _neighbours(columns, cells.shape[1])
    return between_rows[:, low] * (1 - share) + between_rows[:, high] * share


def _neighbours(fractions: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    positions = np.clip(fractions * count - 0.5, 0, count - 1)
    low = np.floor(positions).astype(int)
    return low, np.minimum(low + 1, count - 1), (positions - low).astype(np.float32)
