"""Receptive fields of occluded windows: the pixels of each plane that can change, and the patches that contain them.

Along one axis, in half-open ranges [first, last), for an input of `side` pixels:

    stem             side / 2 after the convolution (7 wide, stride 2), side / 4 after the pooling (3 wide, stride 2)
    first block      side / 4: each of its 6 layers reaches one pixel farther
    second block     side / 8, after pooling by 2: each of its 12 layers reaches one pixel farther
    later blocks     every pixel can change

A patch contains the pixels that can change and one pixel around them, which their values depend on. At the picture's
border it ends with the picture, since the convolutions pad with zeros there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hub.architecture import BLOCKS

FIRST, SECOND = BLOCKS[:2]
STEM_REACH = 5
"""A pixel of the stem's output depends on this many input pixels before four times its position, and as many after."""


@dataclass(frozen=True, eq=False)
class Axis:
    """Patches along one axis of a plane: their starts, and their common length in pixels."""

    starts: np.ndarray
    side: int

    def rows(self, chosen: np.ndarray) -> "Axis":
        """The patches of some windows."""
        return Axis(self.starts[chosen], self.side)


Range = tuple[np.ndarray, np.ndarray]
"""First pixel of each window's range, and first pixel after the range."""


@dataclass(frozen=True, eq=False)
class _Ranges:
    """The pixels that windows can change: in the stem's output, the first block and the second block's first layers."""

    pooled: Range
    first: Range
    second: Range

    @classmethod
    def of(cls, edges: np.ndarray, length: int, side: int, layers: int) -> "_Ranges":
        quarter, eighth = side // 4, side // 8
        convolved = np.maximum((edges - 2) // 2, 0), np.minimum((edges + length + 2) // 2 + 1, side // 2)
        pooled = convolved[0] // 2, np.minimum(convolved[1] // 2 + 1, quarter)
        first = _grown(*pooled, by=FIRST, plane=quarter)
        return cls(pooled, first, _grown(first[0] // 2, (first[1] + 1) // 2, by=layers, plane=eighth))


@dataclass(frozen=True, eq=False)
class Reach:
    """What windows reach along one axis; see the module's docstring. Arrays are (windows,)."""

    edges: np.ndarray
    length: int
    pooled: Range
    stem: Axis
    first: Axis
    second: Axis
    planes: tuple[int, int]
    layers: int

    @classmethod
    def of(cls, edges: np.ndarray, length: int, side: int, layers: int) -> "Reach":
        """The reach of windows that begin at `edges`; `layers` of the second block are computed on patches.

        All patches are as large as the largest one that the window needs, at a border or not. So a compiled piece
        serves all windows whose starts have the same remainder modulo 4, the stride of the first block's plane.
        """
        starts = np.arange(side - length + 1)
        anywhere = _Ranges.of(starts[np.isin(starts % 4, edges % 4)], length, side, layers)
        found = _Ranges.of(edges, length, side, layers)
        quarter, eighth = side // 4, side // 8
        stem = _fitted(found.pooled, _span(anywhere.pooled), plane=quarter, around=0)
        first = _fitted(found.first, _span(anywhere.first), plane=quarter, around=1, even=True)
        second = _fitted(found.second, _span(anywhere.second), plane=eighth, around=1)
        return cls(edges, length, found.pooled, stem, first, second, (quarter, eighth), layers)

    def changes(self, chosen: np.ndarray) -> Iterator[np.ndarray]:
        """Per layer of the first block, the pixels of its patch that can change: (windows, side) bool."""
        for layer in range(1, FIRST + 1):
            yield _inside(_grown(*self.pooled, by=layer, plane=self.planes[0]), self.first, chosen)

    def later_changes(self, chosen: np.ndarray) -> Iterator[np.ndarray]:
        """The same for the second block's first layers."""
        grown = _grown(*self.pooled, by=FIRST, plane=self.planes[0])
        halved = grown[0] // 2, (grown[1] + 1) // 2
        for layer in range(1, self.layers + 1):
            yield _inside(_grown(*halved, by=layer, plane=self.planes[1]), self.second, chosen)


@dataclass(frozen=True, eq=False)
class Geometry:
    """Windows of one size with their patches; `rows` selects a batch."""

    windows: np.ndarray
    down: Reach
    across: Reach
    chosen: np.ndarray

    @classmethod
    def of(cls, windows: np.ndarray, side: int) -> "Geometry":
        """The geometry of windows `(m, 4)`: top, left, height, width, all of one size and within the input."""
        windows = np.asarray(windows, int)
        lengths = windows[0, 2:]
        if (windows[:, 2:] != lengths).any():
            raise ValueError("The windows have more than one size.")
        layers = _layers_on_patches(max(lengths), side)
        down, across = (Reach.of(windows[:, at], int(lengths[at]), side, layers) for at in range(2))
        return cls(windows, down, across, np.arange(len(windows)))

    def rows(self, at: int, count: int) -> "Geometry":
        """`count` windows, beginning with number `at`; the last window is repeated beyond the end."""
        chosen = np.minimum(np.arange(at, at + count), len(self.down.edges) - 1)
        return Geometry(self.windows[chosen], self.down, self.across, chosen)

    @cached_property
    def shapes(self) -> tuple:
        """All that the shapes of the compiled pieces depend on."""
        return tuple(
            (each.stem.side, each.first.side, each.second.side, each.layers) for each in (self.down, self.across)
        )

    @property
    def layers_of_second_block(self) -> int:
        """Number of the second block's layers that are computed on patches."""
        return self.down.layers

    @property
    def stem(self) -> tuple[Axis, Axis]:
        """Height and width of the recomputed patch of the stem's output."""
        return self.down.stem.rows(self.chosen), self.across.stem.rows(self.chosen)

    @property
    def first(self) -> tuple[Axis, Axis]:
        """Height and width of the first block's patch."""
        return self.down.first.rows(self.chosen), self.across.first.rows(self.chosen)

    @property
    def after_first(self) -> tuple[Axis, Axis]:
        """Height and width of the first block's patch, after the transition."""
        down, across = (Axis(each.starts // 2, each.side // 2) for each in self.first)
        return down, across

    @property
    def second(self) -> tuple[Axis, Axis]:
        """Height and width of the patch of the second block's first layers."""
        return self.down.second.rows(self.chosen), self.across.second.rows(self.chosen)

    @property
    def whole_second(self) -> tuple[Axis, Axis]:
        """Height and width of the second block's whole plane."""
        everything = Axis(np.zeros(len(self.chosen), int), self.down.planes[1])
        return everything, everything

    @property
    def margin(self) -> int:
        """Width of the zeros around the input, into which crops may reach."""
        return 2 * STEM_REACH

    @property
    def crop_sides(self) -> list[tuple[int, int]]:
        """Height and width of each crop of the input."""
        height, width = (4 * (axis.side - 1) + 2 * STEM_REACH + 1 for axis in self.stem)
        return [(height, width)] * len(self.chosen)

    @property
    def crop_starts(self) -> list[tuple[int, int]]:
        """Top and left of each crop, in the input with its margin."""
        return list(zip(*(4 * axis.starts - STEM_REACH + self.margin for axis in self.stem), strict=True))

    def existing(self) -> np.ndarray:
        """The pixels of the stem's convolution that lie within the plane: `(N, height, width)` bool."""
        inside = []
        for axis, reach in zip(self.stem, (self.down, self.across), strict=True):
            pixels = 2 * axis.starts[:, None] - 1 + np.arange(2 * axis.side + 1)
            inside.append((pixels >= 0) & (pixels < 2 * reach.planes[0]))
        return inside[0][:, :, None] & inside[1][:, None, :]

    def masks_of_first_block(self) -> list[np.ndarray]:
        """Per layer of the first block, where its output can change: `(N, height, width)` bool."""
        return _crossed(self.down.changes(self.chosen), self.across.changes(self.chosen))

    def masks_of_second_block(self) -> list[np.ndarray]:
        """The same for each of the second block's layers that is computed on patches."""
        return _crossed(self.down.later_changes(self.chosen), self.across.later_changes(self.chosen))


def _layers_on_patches(length: int, side: int) -> int:
    """The number of the second block's layers to compute on patches that saves the most time."""
    eighth = side // 8
    middle = np.array([(side - length) // 2])

    def saved(layers: int) -> float:
        patch = Reach.of(middle, length, side, layers).second.side
        return layers * (1 - (patch / eighth) ** 2)

    return max(range(SECOND + 1), key=saved)


def _grown(first: np.ndarray, last: np.ndarray, *, by: int, plane: int) -> Range:
    return np.maximum(first - by, 0), np.minimum(last + by, plane)


def _span(ranges: Range) -> int:
    return int((ranges[1] - ranges[0]).max())


def _fitted(ranges: Range, span: int, *, plane: int, around: int, even: bool = False) -> Axis:
    """Patches of one size, each with its range and `around` more pixels on both sides, within the plane."""
    side = span + 2 * around
    if even:
        side += 1  # for starts that have to be even
        side += side % 2
    side = min(side, plane)
    starts = np.clip(ranges[0] - around, 0, plane - side)
    return Axis(starts // 2 * 2 if even else starts, side)


def _inside(ranges: Range, axis: Axis, chosen: np.ndarray) -> np.ndarray:
    pixels = axis.starts[chosen, None] + np.arange(axis.side)
    return (pixels >= ranges[0][chosen, None]) & (pixels < ranges[1][chosen, None])


def _crossed(down: Iterator[np.ndarray], across: Iterator[np.ndarray]) -> list[np.ndarray]:
    return [rows[:, :, None] & columns[:, None, :] for rows, columns in zip(down, across, strict=True)]


def sizes(windows: np.ndarray) -> Sequence[tuple[tuple[int, int], np.ndarray]]:
    """[((height, width), rows of `windows`)], one item for each size of window."""
    found, of = np.unique(windows[:, 2:], axis=0, return_inverse=True)
    return [((int(height), int(width)), np.flatnonzero(of.ravel() == at)) for at, (height, width) in enumerate(found)]
