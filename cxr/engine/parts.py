"""Passes in parts: what a window changes is computed, and everything else is taken from the input's own activations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from cxr.engine import graph
from cxr.engine.folded import Folded
from cxr.engine.geometry import MARGIN, STAGES, Range, Reach
from cxr.engine.layout import to_backend_layout

Run = Callable[..., list[np.ndarray]]
"""Runs a piece by its key and description on arrays of any height and width; see `Engine`."""

Place = tuple[Range, Range]
"""Rows and columns of a plane."""


@dataclass(frozen=True, eq=False)
class CachedActivations:
    """Activations of one input.

    logits  (n,); last, the last block's output (y, x, k)
    planes  outputs of the first two blocks, and the input of the third, in the backend's layout
    """

    prepared: np.ndarray
    logits: np.ndarray
    last: np.ndarray
    planes: tuple[np.ndarray, np.ndarray, np.ndarray]


class Parts:
    """The part of a pass before the third block, for inputs that differ from a known one in one window.

    run            runs a piece of the network
    channels_first whether the backend's layout is `(N, channels, height, width)`
    """

    def __init__(self, net: Folded, run: Run, *, channels_first: bool) -> None:
        self._net, self._run, self._channels_first = net, run, channels_first

    def third_block_input(self, base: CachedActivations, window: Sequence[int], filled: np.ndarray) -> np.ndarray:
        """Input of the third block `(1, …)` in the backend's layout, with a window replaced by `filled` `(h, w, c)`."""
        top, left, height, width = map(int, window)
        reaches = Reach.of(top, height, self._net.side), Reach.of(left, width, self._net.side)
        values = self._stem(base, (top, left, height, width), filled, reaches)
        place: Place = (reaches[0].pooled, reaches[1].pooled)
        for number, stage in enumerate(STAGES):
            patch: Place = (reaches[0].patches[number], reaches[1].patches[number])
            layers, plane = self._net.blocks[stage.block], base.planes[stage.block]
            known, grown = (self._width(stage.block, layer) for layer in (stage.first, stage.last))
            entry = self._cut(plane, patch, 0, known)
            self._insert(entry, patch, values, place)
            masks = [
                self._to_backend((rows[:, None] & columns[None])[None, ..., None])
                for rows, columns in zip(*(reach.changes[number] for reach in reaches), strict=True)
            ]
            description = partial(graph.stage, self._net, stage.block, stage.first, stage.last)
            (values,) = self._run(("stage", number), description, entry, self._cut(plane, patch, known, grown), *masks)
            place = patch
            if stage.last == len(layers):
                place = tuple((first // 2, last // 2) for first, last in patch)  # type: ignore[assignment]
        whole = base.planes[2][None].copy()
        side = self._net.side // 16
        self._insert(whole, ((0, side), (0, side)), values, place)
        return whole

    def _width(self, block: int, layer: int) -> int:
        """Channels of the input of a dense layer; of the block's output where there are no more layers."""
        layers = self._net.blocks[block]
        if layer < len(layers):
            return layers[layer].norm.scale.size
        return layers[-1].norm.scale.size + layers[-1].wide.kernel.shape[-1]

    def _stem(
        self,
        base: CachedActivations,
        window: tuple[int, int, int, int],
        filled: np.ndarray,
        reaches: tuple[Reach, Reach],
    ) -> np.ndarray:
        """The stem's output on its patch, from a crop of the input with zeros beyond the picture."""
        crops = [reach.crop for reach in reaches]
        crop = _padded(base.prepared, crops)
        edges = [edge + MARGIN - first for edge, (first, _) in zip(window[:2], crops, strict=True)]
        rows, columns = (slice(edge, edge + length) for edge, length in zip(edges, window[2:], strict=True))
        top, left, height, width = window
        crop[rows, columns] = filled[top : top + height, left : left + width]
        exists = (reaches[0].exists[:, None] & reaches[1].exists[None]).astype(np.float32)
        keep = self._to_backend(exists[None, ..., None])
        return self._run(("stem",), partial(graph.stem, self._net), self._to_backend(crop[None]), keep)[0]

    def _cut(self, plane: np.ndarray, place: Place, first: int, last: int) -> np.ndarray:
        """A copy `(1, …)` of a patch of a plane's channels."""
        rows, columns = (slice(*each) for each in place)
        found = plane[first:last, rows, columns] if self._channels_first else plane[rows, columns, first:last]
        return found[None].copy()

    def _insert(self, target: np.ndarray, patch: Place, values: np.ndarray, place: Place) -> None:
        """Write values at their place into an array that is a patch of the same plane, as far as they overlap."""
        to, of = [], []
        for (first, last), (begin, end) in zip(patch, place, strict=True):
            low, high = max(first, begin), min(last, end)
            to.append(slice(low - first, high - first))
            of.append(slice(low - begin, high - begin))
        if self._channels_first:
            target[0, : values.shape[1], to[0], to[1]] = values[0, :, of[0], of[1]]
        else:
            target[0, to[0], to[1], : values.shape[-1]] = values[0, of[0], of[1]]

    def _to_backend(self, values: np.ndarray) -> np.ndarray:
        return to_backend_layout(values, channels_first=self._channels_first)


def _padded(picture: np.ndarray, crops: Sequence[Range]) -> np.ndarray:
    """A copy of a crop of `(h, w, c)` with its margin: zeros beyond the picture."""
    result = np.zeros((*(last - first for first, last in crops), picture.shape[2]), np.float32)
    to, of = [], []
    for (first, last), length in zip(crops, picture.shape, strict=False):
        low, high = max(first, MARGIN), min(last, MARGIN + length)
        to.append(slice(low - first, high - first))
        of.append(slice(low - MARGIN, high - MARGIN))
    result[tuple(to)] = picture[tuple(of)]
    return result
