"""An engine: the rewritten network's pieces, compiled when first used, and computed in lanes."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

import numpy as np

from cxr.engine import graph
from cxr.engine.folded import Folded
from cxr.engine.geometry import Axis, Geometry
from cxr.engine.inner_layers import InnerLayers
from cxr.engine.layout import laid_out, upright
from cxr.engine.scheduler import FairSlots, SingleFlight, WorkerPool, default_workers
from cxr.engine.tail import Tail

BATCH = 4
"""Variants of one picture that a lane computes together: larger batches gain nothing, and cancel later."""

GEOMETRIES = 4
"""Sizes of occluding windows whose pieces are kept compiled, 30 MB each."""

FEW = 2
"""Pictures left over that are computed one by one, rather than as a batch that is filled up."""


class Backend(Protocol):
    """Draws and compiles a description: `cxr.engine.on_tensorflow`, `cxr.engine.on_onnx`.

    batches  whether pictures take less time in a batch than one by one
    widens   whether what is compiled for all cores differs from what is compiled for a lane
    """

    name: str
    channels_first: bool
    batches: bool
    widens: bool

    def compiled(self, draw: Callable, shapes: list, kinds: list, *, wide: bool) -> Callable[..., list[np.ndarray]]:
        """A function of arrays of these shapes, to be called from any thread; `wide`: for all cores."""

    def gradient(self, draw: Callable, shape: tuple[int, ...], outputs: int) -> Callable[..., list[np.ndarray]]:
        """A function of an input of that shape and weights `(1, outputs)`: d (Σ weights · logits) / d input.

        The logits are the first of what is drawn. For all cores.
        """


class Engine:
    """Forward passes of one network. Arrays are NumPy; every method may be called from any thread.

    Passes are computed side by side, one in each lane, single pictures ahead of long work. A single picture that has
    the machine to itself is computed on all cores.

    name   of the library that computes
    tail   what comes after the last block, in closed form
    inner  layers before it that every path goes through
    """

    def __init__(self, net: Folded, library: Backend) -> None:
        self._net, self._library = net, library
        self._compiled: OrderedDict[tuple, Callable] = OrderedDict()
        self._gradient: Callable | None = None
        self._slots = FairSlots(default_workers())
        self._pool, self._single_flight = WorkerPool(self._slots), SingleFlight()
        self._lock = threading.Lock()
        self.name: str = library.name
        self.tail = Tail(net)
        self.inner = InnerLayers(net, library, self._pool)

    @property
    def incremental(self) -> bool:
        """Whether occlusion can be computed in parts: the planes have to halve evenly."""
        return self._net.side % 32 == 0

    def forward_with(self, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(logits `(N, n)`, the last block's output `(N, y, x, k)`) of a prepared batch `(N, h, w, c)`."""
        batch = np.ascontiguousarray(batch, np.float32)
        if len(batch) == 1:
            digest = hashlib.sha256(batch).digest()
            return self._single_flight.ask(digest, partial(self._score, batch[0]))
        parts = _batches(batch) if self._library.batches else np.split(batch, len(batch))
        found = self._pool.run([partial(self._whole, part) for part in parts])
        logits, activations = (np.concatenate(each) for each in zip(*found, strict=True))
        return logits[: len(batch)], activations[: len(batch)]

    def _score(self, prepared: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with self._slots.urgent() as alone:
            base = self._remembering(prepared, wide=alone)
        return base.logits[None], base.last[None]

    def _whole(self, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if len(part) == 1:
            # one network less in memory, for two outputs more that nobody reads
            base = self._remembering(part[0])
            return base.logits[None], base.last[None]
        logits, last = self._run(("whole",), partial(graph.whole, self._net), self._laid_out(part))
        return logits, self._upright(last)

    def forward(self, batch: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` of a prepared batch `(N, h, w, c)`."""
        return self.forward_with(batch)[0]

    def input_gradient(self, batch: np.ndarray, output: int) -> np.ndarray:
        """d logit / d input `(N, h, w, c)`."""
        weights = np.zeros((1, self._net.outputs), np.float32)
        weights[0, output] = 1
        # one by one: a batch takes as long, and memory for all its layers at once
        slices = (partial(self._input_gradient, single, weights) for single in np.split(batch, len(batch)))
        return np.concatenate(self._pool.run(slices, ahead=1 if self._library.widens else None))

    def _input_gradient(self, single: np.ndarray, weights: np.ndarray) -> np.ndarray:
        batch = self._laid_out(single)
        with self._lock:
            if self._gradient is None:
                draw = partial(graph.whole, self._net)
                self._gradient = self._library.gradient(draw, batch.shape, self._net.outputs)
        return self._upright(self._gradient(batch, weights)[0])

    def remembering(self, prepared: np.ndarray) -> "Remembered":
        """What occluding one input `(h, w, c)` starts from, in one pass."""
        with self._slots.patient():
            return self._remembering(prepared)

    def _remembering(self, prepared: np.ndarray, *, wide: bool = False) -> "Remembered":
        draw = partial(graph.remembering, self._net)
        logits, last, first, second = self._run(("remembering",), draw, self._laid_out(prepared[None]), wide=wide)
        return Remembered(prepared, logits[0], self._upright(last)[0], first[0], second[0])

    def occluded(self, base: "Remembered", windows: np.ndarray, filled: np.ndarray) -> Iterator[np.ndarray]:
        """Logits `(k, n)` of some windows after others, each taken from `filled` `(h, w, c)` in the input.

        The windows `(top, left, height, width)` have one size, lie within the input, and what they can't change is
        taken from `base`. The next ones are computed while the caller has those before.
        """
        geometry = Geometry.of(windows, self._net.side)
        slices = (
            partial(self._occluded, base, geometry.rows(at, BATCH), filled) for at in range(0, len(windows), BATCH)
        )
        for number, found in enumerate(self._pool.stream(slices)):
            yield found[: len(windows) - number * BATCH]

    def _occluded(self, base: "Remembered", places: Geometry, filled: np.ndarray) -> np.ndarray:
        """Of exactly one batch."""
        key = places.shapes
        (changed,) = self._run(("stem", key), partial(graph.stem, self._net), *self._stem_inputs(base, places, filled))
        entry = self._entry(base.first, places.first, self._net.stem.kernel.shape[-1], [(changed, places.stem)])
        patch = self._cuts(base.first, places.first)
        masks = places.masks_of_first_block()
        draw = partial(graph.first_block, self._net)
        (moved,) = self._run(("first", key), draw, entry, patch, *map(self._masks, masks))
        transition = [(moved, places.after_first)]
        width = self._net.blocks[1][0].norm.scale.size
        done = places.layers_of_second_block
        if not done:
            entry = self._entry(base.second, places.whole_second, width, transition)
        else:
            entry = self._entry(base.second, places.second, width, transition)
            patch = self._cuts(base.second, places.second)
            masks = map(self._masks, places.masks_of_second_block())
            draw = partial(graph.second_block, self._net)
            (grown,) = self._run(("second", key), draw, entry, patch, *masks)
            width = grown.shape[1 if self._library.channels_first else -1]
            # the patch's own border is right: what the masks left out is the base's
            entry = self._entry(base.second, places.whole_second, width, [(grown, places.second), *transition])
        (logits,) = self._run(("rest", done), partial(graph.rest, self._net, done=done), entry)
        return logits

    def _stem_inputs(self, base: "Remembered", places: Geometry, filled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Crops of the occluded inputs, with zeros beyond them, and which of the stem's pixels exist."""
        margin = places.margin
        padding = ((margin, margin), (margin, margin), (0, 0))
        picture, fill = np.pad(base.prepared, padding), np.pad(filled, padding)
        crops = []
        for (top, left), (high, wide), window in zip(
            places.crop_starts, places.crop_sides, places.windows, strict=True
        ):
            crop = picture[top : top + high, left : left + wide].copy()
            rows, columns = (
                slice(edge + margin - start, edge + margin - start + length)
                for edge, start, length in zip(window[:2], (top, left), window[2:], strict=True)
            )
            crop[rows, columns] = fill[top : top + high, left : left + wide][rows, columns]
            crops.append(crop)
        return self._laid_out(np.stack(crops)), self._laid_out(places.existing()[..., None].astype(np.float32))

    def _entry(self, base: np.ndarray, patch: "tuple[Axis, Axis]", channels: int, changes: list) -> np.ndarray:
        """A block's input on a patch: the base's first channels, with what has changed laid over it.

        changes  (values of a batch, their places), those that have most channels first
        """
        entry = self._cuts(base[:channels] if self._library.channels_first else base[..., :channels], patch)
        for values, place in changes:
            for row in range(len(values)):
                target, source = [], []
                for ours, theirs in zip(patch, place, strict=True):
                    first = max(ours.starts[row], theirs.starts[row])
                    last = min(ours.starts[row] + ours.side, theirs.starts[row] + theirs.side)
                    target.append(slice(first - ours.starts[row], last - ours.starts[row]))
                    source.append(slice(first - theirs.starts[row], last - theirs.starts[row]))
                if self._library.channels_first:
                    entry[row, : values.shape[1], target[0], target[1]] = values[row, :, source[0], source[1]]
                else:
                    entry[row, target[0], target[1], : values.shape[-1]] = values[row, source[0], source[1]]
        return entry

    def _cuts(self, base: np.ndarray, patch: "tuple[Axis, Axis]") -> np.ndarray:
        """(N, …) patches of one map."""
        rows, columns = patch
        cuts = []
        for top, left in zip(rows.starts, columns.starts, strict=True):
            place = slice(top, top + rows.side), slice(left, left + columns.side)
            cuts.append(base[:, place[0], place[1]] if self._library.channels_first else base[place])
        return np.stack(cuts)

    def _laid_out(self, values: np.ndarray) -> np.ndarray:
        """From `(N, h, w, c)` to the library's own order."""
        return laid_out(values, channels_first=self._library.channels_first)

    def _masks(self, mask: np.ndarray) -> np.ndarray:
        return self._laid_out(mask[..., None])

    def _upright(self, values: np.ndarray) -> np.ndarray:
        """From the library's own order to `(N, h, w, c)`."""
        return upright(values, channels_first=self._library.channels_first)

    def _run(self, key: tuple, draw: Callable, *arrays: np.ndarray, wide: bool = False) -> list[np.ndarray]:
        shapes, kinds = [each.shape for each in arrays], [each.dtype.type for each in arrays]
        wide = wide and self._library.widens
        key = (*key, len(arrays[0]), wide)
        with self._lock:
            found = self._compiled.get(key)
            if found is None:
                found = self._compiled[key] = self._library.compiled(draw, shapes, kinds, wide=wide)
                self._forget_geometries()
            self._compiled.move_to_end(key)
        return found(*arrays)

    def _forget_geometries(self) -> None:
        """Pieces of the windows that were used longest ago."""
        stems = [key for key in self._compiled if key[0] == "stem"]
        for stale in stems[: max(0, len(stems) - GEOMETRIES)]:
            for key in [key for key in self._compiled if key[1] == stale[1]]:
                del self._compiled[key]


class Remembered:
    """One input with its logits (n,), last block (y, x, k), and the first two blocks as the engine lays them out."""

    def __init__(
        self, prepared: np.ndarray, logits: np.ndarray, last: np.ndarray, first: np.ndarray, second: np.ndarray
    ) -> None:
        self.prepared, self.logits, self.last, self.first, self.second = prepared, logits, last, first, second


def _batches(batch: np.ndarray) -> Iterator[np.ndarray]:
    """Parts of the two sizes that are compiled, in order; copies of the last picture fill the last one up."""
    for at in range(0, len(batch), BATCH):
        part = batch[at : at + BATCH]
        if len(part) <= FEW:
            yield from (part[row : row + 1] for row in range(len(part)))
        else:
            yield np.concatenate([part, np.repeat(part[-1:], BATCH - len(part), axis=0)])
