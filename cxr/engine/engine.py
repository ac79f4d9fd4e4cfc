"""An engine: the pieces of the rewritten network, compiled at first use and run on a pool of workers."""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from cxr.engine import graph
from cxr.engine.backend import Backend, Compiled, Description, Shape
from cxr.engine.folded import Folded
from cxr.engine.inner_layers import InnerLayers
from cxr.engine.layout import to_backend_layout, to_channels_last
from cxr.engine.parts import CachedActivations, Parts
from cxr.engine.scheduler import FairSlots, SingleFlight, WorkerPool, default_workers, gives_way
from cxr.engine.tail import Tail

BATCH = 4
"""Variants of one picture that a worker computes together: larger batches are no faster, and cancel later."""

SMALL_REST = 2
"""Up to this many leftover pictures are computed one by one; more are padded to a full batch."""


class Engine:
    """Forward passes of one network. Arrays are NumPy; every method may be called from any thread.

    Passes run in parallel, one in each worker, and single pictures go ahead of long work and of single pictures that
    explanations need. A single picture on an idle machine is computed on all cores.

    name   of the library that computes
    tail   the network after the last block, in closed form
    inner  the layers before it that every path goes through
    """

    def __init__(self, net: Folded, library: Backend) -> None:
        self._net, self._library = net, library
        self._pieces: dict[tuple, Compiled] = {}
        self._gradient: Compiled | None = None
        self._slots = FairSlots(default_workers())
        self._pool, self._single_flight = WorkerPool(self._slots), SingleFlight()
        self._lock = threading.Lock()
        self.name: str = library.name
        self.tail = Tail(net)
        self.inner = InnerLayers(net, library, self._pool)
        self._parts = Parts(net, self._run_on_patches, channels_first=library.channels_first)

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
        slot = self._slots.patient if gives_way() else self._slots.urgent
        with slot() as alone:
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
        return np.concatenate(self._pool.run(slices))

    def _input_gradient(self, single: np.ndarray, weights: np.ndarray) -> np.ndarray:
        batch = self._to_backend(single)
        with self._lock:
            if self._gradient is None:
                description = partial(graph.whole, self._net)
                self._gradient = self._library.gradient(description, batch.shape, self._net.outputs)
        return self._to_channels_last(self._gradient(batch, weights)[0])

    def cacheable_pass(self, prepared: np.ndarray) -> CachedActivations:
        """One pass over one input `(h, w, c)`: the activations that `occluded` starts from."""
        with self._slots.patient():
            return self._cacheable_pass(prepared)

    def _cacheable_pass(self, prepared: np.ndarray, *, wide: bool = False) -> CachedActivations:
        description = partial(graph.whole_with_blocks, self._net)
        logits, last, *planes = self._run(
            ("whole_with_blocks",), description, self._to_backend(prepared[None]), wide=wide
        )
        first, second, third = (each[0] for each in planes)
        return CachedActivations(prepared, logits[0], self._to_channels_last(last)[0], (first, second, third))

    def occluded(self, base: CachedActivations, windows: np.ndarray, filled: np.ndarray) -> Iterator[np.ndarray]:
        """Logits `(k, n)`, a few windows at a time, each window of the input replaced by `filled` `(h, w, c)`.

        The windows `(top, left, height, width)` lie within the input and are not empty. Activations that a window can't
        change are taken from `base`. The next windows are computed while the caller uses the last ones.
        """
        slices = (
            partial(self._occluded, base, windows[at : at + BATCH], filled) for at in range(0, len(windows), BATCH)
        )
        yield from self._pool.stream(slices)

    def _occluded(self, base: CachedActivations, windows: np.ndarray, filled: np.ndarray) -> np.ndarray:
        entries = [self._parts.third_block_input(base, window, filled) for window in windows]
        if self._library.batches:
            padded = np.concatenate(entries + entries[-1:] * (BATCH - len(entries)))
            return self._run(("rest",), partial(graph.rest, self._net), padded)[0][: len(windows)]
        return np.concatenate([self._run(("rest",), partial(graph.rest, self._net), each)[0] for each in entries])

    def _to_backend(self, values: np.ndarray) -> np.ndarray:
        """From `(N, h, w, c)` to the backend's layout."""
        return to_backend_layout(values, channels_first=self._library.channels_first)

    def _to_channels_last(self, values: np.ndarray) -> np.ndarray:
        """From the backend's layout to `(N, h, w, c)`."""
        return to_channels_last(values, channels_first=self._library.channels_first)

    def _run(self, key: tuple, description: Description, *arrays: np.ndarray, wide: bool = False) -> list[np.ndarray]:
        """A piece's outputs; it is compiled at its first use."""
        wide = wide and self._library.widens
        return self._piece((*key, len(arrays[0]), wide), description, arrays, [each.shape for each in arrays], wide)

    def _run_on_patches(self, key: tuple, description: Description, *arrays: np.ndarray) -> list[np.ndarray]:
        """As `_run`, of a piece that takes arrays of any height and width."""
        rows = 2 if self._library.channels_first else 1
        shapes = [(*each.shape[:rows], None, None, *each.shape[rows + 2 :]) for each in arrays]
        return self._piece(key, description, arrays, shapes, False)

    def _piece(
        self, key: tuple, description: Description, arrays: Sequence[np.ndarray], shapes: Sequence[Shape], wide: bool
    ) -> list[np.ndarray]:
        with self._lock:
            if key not in self._pieces:
                kinds = [each.dtype.type for each in arrays]
                self._pieces[key] = self._library.compiled(description, shapes, kinds, wide=wide)
            run = self._pieces[key]
        return run(*arrays)


def _batches(batch: np.ndarray) -> Iterator[np.ndarray]:
    """Parts of the two compiled sizes, in order; the last one is padded with copies of the last picture."""
    for at in range(0, len(batch), BATCH):
        part = batch[at : at + BATCH]
        if len(part) <= SMALL_REST:
            yield from (part[row : row + 1] for row in range(len(part)))
        else:
            yield np.concatenate([part, np.repeat(part[-1:], BATCH - len(part), axis=0)])
