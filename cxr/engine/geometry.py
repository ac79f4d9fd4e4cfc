"""Receptive fields of occluded windows: the pixels of each plane that can change, and the patches that contain them.

Along one axis, in half-open ranges [first, last), for an input of `side` pixels:

    stem             side / 2 after the convolution (7 wide, stride 2), side / 4 after the pooling (3 wide, stride 2)
    first block      side / 4: each of its 6 layers reaches one pixel farther
    second block     side / 8, after pooling by 2: each of its 12 layers reaches one pixel farther
    later blocks     every pixel can change

A block is computed in stages of a few layers. The patch of a stage contains the pixels that can change in it and one
pixel around them, which their values depend on. At the picture's border it ends with the picture, since the
convolutions pad with zeros there. Each window has patches of its own size.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hub.architecture import BLOCKS

STEM_REACH = 5
"""A pixel of the stem's output depends on this many input pixels before four times its position, and as many after."""

MARGIN = 2 * STEM_REACH
"""Width of the zeros around the input, into which crops may reach."""

CACHED_REACHES = 1024
"""Windows whose reach along one axis is cached, a few hundred bytes each."""

Range = tuple[int, int]
"""First pixel, and first pixel after the last one."""


@dataclass(frozen=True)
class Stage:
    """Dense layers `first` to `last`, without the last, of a block; after a block's last layer comes its transition."""

    block: int
    first: int
    last: int

    @property
    def ends_block(self) -> bool:
        """Whether the transition follows."""
        return self.last == BLOCKS[self.block]


STAGES = (Stage(0, 0, 3), Stage(0, 3, 6), Stage(1, 0, 6), Stage(1, 6, 12))
"""With more stages patches are smaller, and copies between them cost more than that saves."""


@dataclass(frozen=True, eq=False)
class Reach:
    """What one window reaches along one axis.

    pooled   the pixels of the stem's output that can change: its patch
    exists   of the stem's convolution, which pixels that the pooling sees lie in the plane, bool
    patches  of each stage
    changes  of each stage, for each of its layers, the pixels of the patch that can change: (layers, pixels) bool
    """

    pooled: Range
    exists: np.ndarray
    patches: tuple[Range, ...]
    changes: tuple[np.ndarray, ...]

    @classmethod
    @lru_cache(maxsize=CACHED_REACHES)
    def of(cls, edge: int, length: int, side: int) -> "Reach":
        """The reach of a window of `length` pixels that begins at `edge`, on an input of `side` pixels."""
        convolved = max((edge - 2) // 2, 0), min((edge + length + 2) // 2 + 1, side // 2)
        pooled = convolved[0] // 2, min(convolved[1] // 2 + 1, side // 4)
        pixels = np.arange(2 * pooled[0] - 1, 2 * pooled[1])
        patches, changes = [], []
        changed, plane = pooled, side // 4
        for stage in STAGES:
            ranges = [_grown(changed, by, plane) for by in range(1, stage.last - stage.first + 1)]
            patch = _grown(ranges[-1], 1, plane)
            if stage.ends_block:
                patch = patch[0] // 2 * 2, -(-patch[1] // 2) * 2  # the transition pools by 2
            patches.append(patch)
            changes.append(np.stack([_inside(each, patch) for each in ranges]))
            changed = ranges[-1]
            if stage.ends_block:
                changed, plane = (changed[0] // 2, (changed[1] + 1) // 2), plane // 2
        return cls(pooled, (pixels >= 0) & (pixels < side // 2), tuple(patches), tuple(changes))

    @property
    def crop(self) -> Range:
        """The input pixels that the stem's patch depends on, in the input with its margin."""
        return 4 * self.pooled[0] - STEM_REACH + MARGIN, 4 * (self.pooled[1] - 1) + STEM_REACH + 1 + MARGIN


def _grown(pixels: Range, by: int, plane: int) -> Range:
    return max(pixels[0] - by, 0), min(pixels[1] + by, plane)


def _inside(pixels: Range, patch: Range) -> np.ndarray:
    at = np.arange(*patch)
    return (at >= pixels[0]) & (at < pixels[1])
