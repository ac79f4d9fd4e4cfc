"""Changes of a radiograph that leave its findings what they are."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Augmentation:
    """How far a training picture may differ from its source. All limits are drawn from evenly, in both directions.

    shift     of the side
    scale     factor between 1 / (1 + scale) and 1 + scale
    rotation  in degrees
    gamma     brightness b becomes b^g with log g within ± gamma
    coarser   share of pictures that are averaged to between half and all of their detail first: sources differ in
              sharpness, and a network that may see the difference learns the source instead of the finding
    noise     standard deviation of grain, of full brightness, at most
    erase     share of pictures that lose one rectangle of up to a quarter of each side, filled with the mean
    mirror    share of pictures that are mirrored; 0 unless asked for, since it moves the heart to the other side

    There is no vertical flip: no chest is taken head down.
    """

    shift: float = 0.06
    scale: float = 0.12
    rotation: float = 8.0
    gamma: float = 0.3
    coarser: float = 0.3
    noise: float = 0.02
    erase: float = 0.2
    mirror: float = 0.0

    def apply(self, grey: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
        """`(size, size)` float32 from a square picture in [0, 1]."""
        if rng.random() < self.coarser:
            grey = _coarser(grey, rng.uniform(0.5, 1))
        changed = cv2.warpAffine(
            grey, self._matrix(grey.shape[0], size, rng), (size, size), flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        changed = np.clip(changed, 0, 1) ** np.exp(rng.uniform(-self.gamma, self.gamma))
        changed += rng.uniform(0, self.noise) * rng.standard_normal(changed.shape, np.float32)
        if rng.random() < self.erase:
            _erase(changed, rng)
        if rng.random() < self.mirror:
            changed = changed[:, ::-1]
        return changed.astype(np.float32)

    def _matrix(self, side: int, size: int, rng: np.random.Generator) -> np.ndarray:
        """(2, 3) from pixels of the source to pixels of the result, about the pictures' middles."""
        factor = size / side * np.exp(rng.uniform(-1, 1) * np.log1p(self.scale))
        matrix = cv2.getRotationMatrix2D(((side - 1) / 2,) * 2, rng.uniform(-self.rotation, self.rotation), factor)
        matrix[:, 2] += (size - side) / 2 + rng.uniform(-self.shift, self.shift, 2) * size
        return matrix


def standardised(grey: np.ndarray, size: int) -> np.ndarray:
    """`(size, size)` float32, minus mean, by standard deviation: the rule `samplewise` after its `detail`."""
    if grey.shape[0] > size:
        grey = cv2.resize(grey, (size, size), interpolation=cv2.INTER_AREA)
    elif grey.shape[0] < size:
        grey = cv2.resize(grey, (size, size), interpolation=cv2.INTER_CUBIC)
    return (grey - grey.mean()) / (grey.std() + 1e-6)


def _coarser(grey: np.ndarray, share: float) -> np.ndarray:
    side = grey.shape[0]
    small = max(1, round(side * share))
    return cv2.resize(
        cv2.resize(grey, (small, small), interpolation=cv2.INTER_AREA), (side, side), interpolation=cv2.INTER_CUBIC
    )


def _erase(grey: np.ndarray, rng: np.random.Generator) -> None:
    side = grey.shape[0]
    height, width = rng.integers(side // 16, side // 4 + 1, 2)
    top, left = rng.integers(0, side - height), rng.integers(0, side - width)
    grey[top : top + height, left : left + width] = grey.mean()
