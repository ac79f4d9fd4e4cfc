"""An engine: the pieces of the rewritten network, compiled at first use and run on a pool of workers."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial

import numpy as np
from cachetools import LRUCache

from cxr.engine import graph
from cxr.engine.backend import Backend, Compiled, Description
from cxr.engine.folded import Folded
from cxr.engine.geometry import Axis, Geometry
from cxr.engine.inner_layers import InnerLayers
from cxr.engine.layout import to_backend_layout, to_channels_last
from cxr.engine.scheduler import FairSlots, SingleFlight, WorkerPool, default_workers
from cxr.engine.tail import Tail

BATCH = 4
"""Variants of one picture that a worker computes together: larger batches are no faster, and cancel later."""

CACHED_GEOMETRIES = 4
"""Window sizes whose compiled pieces are cached, 30 MB each."""

SMALL_REST = 2
"""Up to this many leftover pictures are computed one by one; more are padded to a full batch."""


class Engine:
    """Forward passes of one network. Arrays are NumPy; every method may be called from any thread.

    Passes run in parallel, one in each worker, and single pictures go ahead of long work. A single picture on an idle
    machine is computed on all cores.

    name   of the library that computes
    tail   the network after the last block, in closed form
    inner  the layers before it that every path goes through
    """

    def __init__(self, net: Folded, library: Backend) -> None:
        self._net, self._library = net, library
        self._pieces: dict[tuple, Compiled] = {}
        self._pieces_by_geometry: LRUCache[tuple, dict[tuple, Compiled]] = LRUCache(CACHED_GEOMETRIES)
        self._gradient: Compiled | None = None
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
            digest = hashlib.sha256(batch.tobytes()).digest()
            return self._single_flight.run(digest, partial(self._score, batch[0]))
        parts = _batches(batch) if self._library.batches else np.split(batch, len(batch))
        found = self._pool.run([partial(self._whole, part) for part in parts])
        logits, activations = (np.concatenate(each) for each in zip(*found, strict=True))
        return logits[: len(batch)], activations[: len(batch)]

    def _score(self, prepared: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with self._slots.urgent() as alone:
            base = self._cacheable_pass(prepared, wide=alone)
        return base.logits[None], base.last[None]

    def _whole(self, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if len(part) == 1:
            # reusing this piece saves one compiled network; its two further outputs are not read
            base = self._cacheable_pass(part[0])
            return base.logits[None], base.last[None]
        logits, last = self._run(("whole",), partial(graph.whole, self._net), self._to_backend(part))
        return logits, self._to_channels_last(last)

    def forward(self, batch: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` of a prepared batch `(N, h, w, c)`."""
        return self.forward_with(batch)[0]

    def input_gradient(self, batch: np.ndarray, output: int) -> np.ndarray:
        """d logit / d input `(N, h, w, c)`."""
        weights = np.zeros((1, self._net.outputs), np.float32)
        weights[0, output] = 1
        # one by one: a batch takes as long, and needs the memory of all its pictures' layers at once
        slices = (partial(self._input_gradient, single, weights) for single in np.split(batch, len(batch)))
        return np.concatenate(self._pool.run(slices, ahead=1 if self._library.widens else None))

    def _input_gradient(self, single: np.ndarray, weights: np.ndarray) -> np.ndarray:
        batch = self._to_backend(single)
        with self._lock:
            if self._gradient is None:
                description = partial(graph.whole, self._net)
                self._gradient = self._library.gradient(description, batch.shape, self._net.outputs)
        return self._to_channels_last(self._gradient(batch, weights)[0])

    def cacheable_pass(self, prepared: np.ndarray) -> "CachedActivations":
        """One pass over one input `(h, w, c)`: the activations that `occluded` starts from."""
        with self._slots.patient():
            return self._cacheable_pass(prepared)

    def _cacheable_pass(self, prepared: np.ndarray, *, wide: bool = False) -> "CachedActivations":
        description = partial(graph.whole_with_blocks, self._net)
        logits, last, first, second = self._run(
            ("whole_with_blocks",), description, self._to_backend(prepared[None]), wide=wide
        )
        return CachedActivations(prepared, logits[0], self._to_channels_last(last)[0], first[0], second[0])

    def occluded(self, base: "CachedActivations", windows: np.ndarray, filled: np.ndarray) -> Iterator[np.ndarray]:
        """Logits `(k, n)`, a batch of windows at a time, each window of the input replaced by `filled` `(h, w, c)`.

        The windows `(top, left, height, width)` have one size and lie within the input. Activations that a window
        can't change are taken from `base`. The next batch is computed while the caller uses the last one.
        """
        geometry = Geometry.of(windows, self._net.side)
        slices = (
            partial(self._occluded, base, geometry.rows(at, BATCH), filled) for at in range(0, len(windows), BATCH)
        )
        for number, found in enumerate(self._pool.stream(slices)):
            yield found[: len(windows) - number * BATCH]

    def _occluded(self, base: "CachedActivations", geometry: Geometry, filled: np.ndarray) -> np.ndarray:
        """`occluded` for exactly one batch."""
        shapes = geometry.shapes
        (changed,) = self._run(
            ("stem",), partial(graph.stem, self._net), *self._stem_inputs(base, geometry, filled), of=shapes
        )
        entry = self._entry(base.first, geometry.first, self._net.stem.kernel.shape[-1], [(changed, geometry.stem)])
        patch = self._cuts(base.first, geometry.first)
        masks = geometry.masks_of_first_block()
        description = partial(graph.first_block, self._net)
        (moved,) = self._run(("first",), description, entry, patch, *map(self._masks, masks), of=shapes)
        transition = [(moved, geometry.after_first)]
        width = self._net.blocks[1][0].norm.scale.size
        done = geometry.layers_of_second_block
        if not done:
            entry = self._entry(base.second, geometry.whole_second, width, transition)
        else:
            entry = self._entry(base.second, geometry.second, width, transition)
            patch = self._cuts(base.second, geometry.second)
            masks = geometry.masks_of_second_block()
            description = partial(graph.second_block, self._net)
            (grown,) = self._run(("second",), description, entry, patch, *map(self._masks, masks), of=shapes)
            width = grown.shape[1 if self._library.channels_first else -1]
            # the patch's border is exact too: outside the masks it holds the base's values
            entry = self._entry(base.second, geometry.whole_second, width, [(grown, geometry.second), *transition])
        (logits,) = self._run(("rest", done), partial(graph.rest, self._net, done=done), entry)
        return logits

    def _stem_inputs(
        self, base: "CachedActivations", geometry: Geometry, filled: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Crops of the occluded inputs, with zeros beyond them, and which of the stem's pixels exist."""
        margin = geometry.margin
        padding = ((margin, margin), (margin, margin), (0, 0))
        picture, fill = np.pad(base.prepared, padding), np.pad(filled, padding)
        crops = []
        for (top, left), (high, wide), window in zip(
            geometry.crop_starts, geometry.crop_sides, geometry.windows, strict=True
        ):
            crop = picture[top : top + high, left : left + wide].copy()
            rows, columns = (
                slice(edge + margin - start, edge + margin - start + length)
                for edge, start, length in zip(window[:2], (top, left), window[2:], strict=True)
            )
            crop[rows, columns] = fill[top : top + high, left : left + wide][rows, columns]
            crops.append(crop)
        return self._to_backend(np.stack(crops)), self._to_backend(geometry.existing()[..., None].astype(np.float32))

    def _entry(self, base: np.ndarray, patch: "tuple[Axis, Axis]", channels: int, changes: list) -> np.ndarray:
        """A block's input on a patch: the base's first channels, overwritten where values have changed.

        changes  (values of a batch, their axes), those with the most channels first
        """
        entry = self._cuts(base[:channels] if self._library.channels_first else base[..., :channels], patch)
        for values, axes in changes:
            for row in range(len(values)):
                target, source = [], []
                for ours, theirs in zip(patch, axes, strict=True):
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
        """Patches `(N, …)` of one map."""
        rows, columns = patch
        cuts = []
        for top, left in zip(rows.starts, columns.starts, strict=True):
            down, across = slice(top, top + rows.side), slice(left, left + columns.side)
            cuts.append(base[:, down, across] if self._library.channels_first else base[down, across])
        return np.stack(cuts)

    def _to_backend(self, values: np.ndarray) -> np.ndarray:
        """From `(N, h, w, c)` to the backend's layout."""
        return to_backend_layout(values, channels_first=self._library.channels_first)

    def _masks(self, mask: np.ndarray) -> np.ndarray:
        return self._to_backend(mask[..., None])

    def _to_channels_last(self, values: np.ndarray) -> np.ndarray:
        """From the backend's layout to `(N, h, w, c)`."""
        return to_channels_last(values, channels_first=self._library.channels_first)

    def _run(
        self, key: tuple, description: Description, *arrays: np.ndarray, of: tuple | None = None, wide: bool = False
    ) -> list[np.ndarray]:
        """A piece's outputs; it is compiled at its first use. `of`: the shapes of its geometry."""
        shapes, kinds = [each.shape for each in arrays], [each.dtype.type for each in arrays]
        wide = wide and self._library.widens
        key = (*key, len(arrays[0]), wide)
        with self._lock:
            pieces = self._pieces if of is None else self._pieces_by_geometry.setdefault(of, {})
            if key not in pieces:
                pieces[key] = self._library.compiled(description, shapes, kinds, wide=wide)
            run = pieces[key]
        return run(*arrays)


class CachedActivations:
    """Activations of one input: logits (n,), last block (y, x, k), and the first two blocks in the backend's layout."""

    def __init__(
        self, prepared: np.ndarray, logits: np.ndarray, last: np.ndarray, first: np.ndarray, second: np.ndarray
    ) -> None:
        self.prepared, self.logits, self.last, self.first, self.second = prepared, logits, last, first, second


def _batches(batch: np.ndarray) -> Iterator[np.ndarray]:
    """Parts of the two compiled sizes, in order; the last one is padded with copies of the last picture."""
    for at in range(0, len(batch), BATCH):
        part = batch[at : at + BATCH]
        if len(part) <= SMALL_REST:
            yield from (part[row : row + 1] for row in range(len(part)))
        else:
            yield np.concatenate([part, np.repeat(part[-1:], BATCH - len(part), axis=0)])
