"""Changes of a radiograph that leave its findings what they are."""

import zlib
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Augmentation:
    """How far a training picture may differ from its source. Changes are uniform within their limits.

    shift     of the side
    scale     factor between 1 / (1 + scale) and 1 + scale
    rotation  in degrees
    gamma     brightness b becomes b^g with log g within ± gamma
    coarser   share of pictures that are first averaged to between half and all of their detail: sources differ in
              sharpness, and a network that sees sharpness can learn the source instead of the finding
    noise     largest standard deviation of the grain, as a share of full brightness
    erase     share of pictures that lose one rectangle of up to a quarter of each side, filled with the mean
    mirror    share of pictures that are mirrored; 0 by default, since it moves the heart to the other side

    There is no vertical flip: no radiograph is taken head down.
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
        return self.draw(rng).of(grey, size)

    def draw(self, rng: np.random.Generator) -> "View":
        """A random change within the limits."""
        height, width = rng.uniform(1 / 16, 1 / 4, 2)
        rectangle = (*(rng.uniform(0, 1, 2) * (1 - height, 1 - width)), height, width)
        return View(
            detail=rng.uniform(0.5, 1) if rng.random() < self.coarser else 1.0,
            scale=float(np.exp(rng.uniform(-1, 1) * np.log1p(self.scale))),
            rotation=rng.uniform(-self.rotation, self.rotation),
            shift=tuple(rng.uniform(-self.shift, self.shift, 2)),
            gamma=float(np.exp(rng.uniform(-self.gamma, self.gamma))),
            noise=rng.uniform(0, self.noise),
            noise_seed=int(rng.integers(2**32)),
            erased=rectangle if rng.random() < self.erase else None,
            mirrored=bool(rng.random() < self.mirror),
        )

    def view(self, image: str, seed: int) -> "View":
        """The change that a picture's name and a seed give: the same in every run and every program."""
        return self.draw(np.random.default_rng([zlib.crc32(image.encode()), seed]))


@dataclass(frozen=True)
class View:
    """One change of a picture; at every size of the result the same, except for the grain, which has single pixels.

    detail      side that the picture is averaged to first, of its own
    scale       factor; rotation in degrees; shift of the side, to the right and down
    gamma       brightness b becomes b^gamma
    noise       standard deviation of the grain, of full brightness
    erased      top, left, height and width of a rectangle that is filled with the mean, of the side; None for none
    """

    detail: float
    scale: float
    rotation: float
    shift: tuple[float, float]
    gamma: float
    noise: float
    noise_seed: int
    erased: tuple[float, float, float, float] | None
    mirrored: bool

    def of(self, grey: np.ndarray, size: int) -> np.ndarray:
        """`(size, size)` float32 from a square picture in [0, 1]."""
        if self.detail < 1:
            grey = _coarser(grey, self.detail)
        changed = cv2.warpAffine(
            grey, self._matrix(grey.shape[0], size), (size, size), flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        changed = np.clip(changed, 0, 1) ** self.gamma
        changed = changed + self.noise * np.random.default_rng(self.noise_seed).standard_normal(
            changed.shape, np.float32
        )
        if self.erased:
            top, left, height, width = np.rint(np.array(self.erased) * size).astype(int)
            changed[top : top + height, left : left + width] = changed.mean()
        if self.mirrored:
            changed = changed[:, ::-1]
        return changed.astype(np.float32)

    def _matrix(self, side: int, size: int) -> np.ndarray:
        """(2, 3) from pixels of the source to pixels of the result, about the pictures' middles."""
        matrix = cv2.getRotationMatrix2D(((side - 1) / 2,) * 2, self.rotation, size / side * self.scale)
        matrix[:, 2] = matrix[:, 2] + ((size - side) / 2 + np.array(self.shift) * size)
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
