"""Predictor: the one owner of a network. Scores a radiograph, and lends the primitives that explainers are made of."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from cachetools import LRUCache

from cxr.checkpoint import Checkpoint, CheckpointConfig, Heads, Identity, read_checkpoint
from cxr.deferred_network import DeferredNetwork
from cxr.engine import AUTO, Engine, build_engine, chosen_engine
from cxr.engine.engine import CachedActivations
from cxr.engine.folded import fold
from cxr.engine.geometry import sizes
from cxr.engine.inner_layers import InnerLayers
from cxr.engine.tail import Tail
from cxr.findings import check_finding
from cxr.pass_counts import record
from cxr.prediction import Prediction, finding_scores
from cxr.preparation import InputRule, Prepared, prepare
from cxr.reading.radiograph import Radiograph
from hub.directory import Resolved
from hub.sources import resolve

if TYPE_CHECKING:
    from cxr.network import Network

CACHED_PASSES = 8
"""Inputs whose activations at a layer are cached: 200 kB each at DenseNet-121's last block, 3 MB at its first."""

WINDOWS_A_STEP = 8
"""Windows occluded in whole passes between two reports of progress."""

FEW_WINDOWS = 4
"""Of one size, for which whole passes are quicker than compiling what is computed in parts."""

USUAL_WINDOW = 32
"""Side in pixels of the windows whose computation in parts is compiled ahead of its first use."""

CACHED_BASES = 2
"""Inputs whose first blocks' activations are cached for occlusion: 5 MB each."""


class Predictor:
    """A network with its configuration. Arrays in and out are NumPy; every method may be called from any thread.

    labels    findings in the order of the logits that all methods return
    config    the checkpoint's configuration
    identity  which network this is
    layers    {layer: (y, x, k)} of every layer with a map, in forward order
    benchmark the summary of a benchmark of explainers that the checkpoint carries, as it was written; else empty
    """

    def __init__(
        self,
        network: "Network | DeferredNetwork",
        config: CheckpointConfig,
        identity: Identity,
        heads: Heads | None = None,
        *,
        engine: Engine | None = None,
        average_maps: Mapping[str, np.ndarray] | None = None,
        benchmark: Mapping | None = None,
    ) -> None:
        self._network = network
        self._engine = engine
        self._heads = heads
        self._average_maps = average_maps or {}
        self.benchmark: Mapping = benchmark or {}
        self._passes: LRUCache[tuple[str, str], tuple[np.ndarray, np.ndarray]] = LRUCache(CACHED_PASSES)
        self._bases: LRUCache[str, CachedActivations] = LRUCache(CACHED_BASES)
        self._lock = threading.Lock()
        self._randomised: dict[int, Predictor] = {}
        self._building = threading.Lock()
        self.config = config
        self.identity = identity
        self.rule = InputRule.from_config(config.input)
        self.labels: tuple[str, ...] = tuple(config.findings)
        self._columns = list(config.findings.values())

    @classmethod
    def load(cls, source: str | Resolved, *, engine: str = AUTO) -> "Predictor":
        """From a source string: `starter`, a preset, a local directory, or `org/name[@revision]`.

        engine  what computes forward passes: "tensorflow", "onnxruntime", or "auto" for the fastest that is there

        Raises SourceError if it can't be had, CheckpointError if its files are not what they should be, EngineError
        for an engine that isn't there.
        """
        resolved = source if isinstance(source, Resolved) else resolve(source)
        return cls.from_checkpoint(read_checkpoint(resolved), engine=engine)

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint, *, engine: str = AUTO) -> "Predictor":
        """From weights in memory."""
        config = checkpoint.config
        InputRule.from_config(config.input)  # a wrong rule is refused before a network is built
        engine = chosen_engine(engine)
        folded = fold(
            checkpoint.weights, side=config.input["size"], final_relu=config.final_relu, hidden=len(config.head)
        )
        network = DeferredNetwork(checkpoint)
        return cls(
            network,
            config,
            checkpoint.identity,
            checkpoint.heads,
            engine=build_engine(folded, engine),
            average_maps=checkpoint.average_maps,
            benchmark=checkpoint.benchmark,
        )

    @property
    def engine(self) -> str:
        """What computes forward passes: "tensorflow", "onnxruntime", or "keras" for a network without an engine."""
        return self._engine.name if self._engine else "keras"

    @property
    def layers(self) -> dict[str, tuple[int, int, int]]:
        """{name: (y, x, k)} of every layer with a map, in forward order."""
        return self._network.layers

    @property
    def target_layer(self) -> str:
        """The layer that Grad-CAM explains by default."""
        return self._network.target_layer

    @property
    def heads(self) -> Heads | None:
        """Output layers fitted on resampled patients, over all outputs of the network; None where there are none."""
        return self._heads

    @property
    def average_maps(self) -> Mapping[str, np.ndarray]:
        """{finding: (y, x)} mean Grad-CAM maps over many radiographs; empty for a checkpoint that carries none."""
        return self._average_maps

    def prepare(self, radiograph: Radiograph) -> Prepared:
        """The radiograph as this network was trained to see it."""
        return prepare(radiograph, self.rule)

    def predict(self, radiograph: Radiograph) -> Prediction:
        """Scores of every finding, from one forward pass, or none if this input was scored before."""
        prepared = self.prepare(radiograph)
        logits, activations = self.forward_with(prepared.array[None], self.target_layer)
        by_finding = dict(zip(self.labels, map(float, logits[0]), strict=True))
        scores = finding_scores(by_finding, self.config, spread=self._spread(activations))
        check = () if prepared.statistics.ok else (prepared.statistics.verdict,)
        warnings = (*self._fallback(), *radiograph.warnings, *check)
        return Prediction(scores, warnings, prepared.statistics, self.identity)

    def _fallback(self) -> tuple[str, ...]:
        """A warning where another network was requested."""
        if not self.identity.requested:
            return ()
        return (f"{self.identity.requested!r} was requested; {self.identity.name!r} answers in its place.",)

    def forward(self, batch: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` float32 of a prepared batch `(N, h, w, c)`."""
        self._check(batch)
        record(forward=len(batch))
        return (self._engine or self._built()).forward(batch)[:, self._columns]

    def forward_with(self, batch: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """Logits `(N, n)` and the activations `(N, y, x, k)` of a layer, from one pass.

        Those of a single input are cached, so that scores and the Grad-CAM maps of all findings cost one pass together,
        also at layers after the last block. Raises LayerError for a layer that is not there.
        """
        self._check(batch)
        self._network.check_layer(layer)
        tail = self._tail(layer)
        computed = self._network.target_layer if tail else layer
        logits, activations = self._cached_pass(batch, computed) if len(batch) == 1 else self._pass(batch, computed)
        return logits, tail.activations(layer, activations) if tail else activations

    def activations(self, batch: np.ndarray, layer: str) -> np.ndarray:
        """A layer's output `(N, y, x, k)`. Raises LayerError for a layer that is not there."""
        return self.forward_with(batch, layer)[1]

    def layer_gradient(self, batch: np.ndarray, layer: str, finding: str | None = None) -> np.ndarray:
        """d logit / d activation: `(N, y, x, k)` of one finding, or `(N, n, y, x, k)` of all of them.

        Exact for any layer with a map, inner ones of a dense block included. Where the layer cuts the network, only
        the part after it is differentiated.
        """
        self._check(batch)
        outputs = self._outputs(finding)
        self._network.check_layer(layer)
        tail = self._tail(layer)
        if tail and tail.linear:
            gradients = tail.gradient(layer, self.activations(batch, layer), outputs)
        elif inner := self._inner(layer):
            gradients = inner.gradient(layer, self.activations(batch, layer), outputs)
        elif self._built().is_cut(layer):
            gradients = self._built().tail_gradient(layer, self.activations(batch, layer), outputs)
        else:
            record(forward=len(batch) * len(outputs))
            gradients = self._built().layer_gradient(batch, layer, outputs)
        record(backward=len(batch))
        return gradients if finding is None else gradients[:, 0]

    def forward_from(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` of a layer's activations `(N, y, x, k)`, through the part of the network after it alone.

        Raises LayerError where the network reaches its output around that layer too.
        """
        if part := self._tail(layer) or self._inner(layer):
            logits = part.logits(layer, activations)
        else:
            logits = self._built().forward_from(layer, activations)
        return logits[:, self._columns]

    def column(self, finding: str) -> int:
        """The output of the network that is a finding's, among all of them."""
        return self.config.findings[check_finding(finding, self.labels)]

    def randomised(self, seed: int) -> "Predictor":
        """A network of the same layers that learnt nothing: all its weights are drawn anew. Kept once built.

        Takes seconds. Its norms are set to their own statistics on synthetic chests, so that its activations neither
        vanish nor explode.
        """
        with self._building:
            if seed not in self._randomised:
                from cxr.randomised import randomised_checkpoint

                checkpoint = randomised_checkpoint(self.config, self.rule, seed)
                engine = self.engine if self._engine else AUTO
                self._randomised[seed] = Predictor.from_checkpoint(checkpoint, engine=engine)
            return self._randomised[seed]

    def features(self, batch: np.ndarray) -> np.ndarray:
        """What the output layer sees of a prepared batch: `(N, k)`, the pooled maps unless there are hidden layers."""
        return self._features(self.forward_with(batch, self.target_layer)[1])

    def input_gradient(self, batch: np.ndarray, finding: str) -> np.ndarray:
        """d logit / d input `(N, h, w, c)`: one pass forward and one back."""
        self._check(batch)
        (output,) = self._outputs(finding)
        record(forward=len(batch), backward=len(batch))
        return (self._engine or self._built()).input_gradient(batch, output)

    def occluded(
        self,
        prepared: np.ndarray,
        windows: np.ndarray,
        fill: np.ndarray | float,
        *,
        progress: Callable[[float], None] | None = None,
    ) -> np.ndarray:
        """Logits `(len(windows), n)` of one input `(h, w, c)` with one window filled each time.

        windows   whole numbers `(m, 4)`: top, left, height, width in input pixels, cut where they leave the input
        fill      what stands in a window, in the prepared frame: a number, or an array that broadcasts to `(h, w, c)`.
                  The rest of the input stays as it is; nothing is standardised again
        progress  called with the done fraction after every few windows
        """
        logits = np.empty((len(windows), len(self.labels)), np.float32)
        done = 0
        for found in self.occluded_in_steps(prepared, windows, fill):
            logits[done : done + len(found)] = found
            done += len(found)
            if progress:
                progress(done / len(windows))
        return logits

    def occluded_in_steps(
        self, prepared: np.ndarray, windows: np.ndarray, fill: np.ndarray | float
    ) -> Iterator[np.ndarray]:
        """The rows of `occluded`, a few at a time, in their order; the next ones are computed meanwhile."""
        self._check(prepared[None])
        filled = np.broadcast_to(np.asarray(fill, np.float32), prepared.shape)
        windows = _within(np.asarray(windows, int).reshape(-1, 4), prepared.shape)
        if len(sizes(windows)) == 1 and self._in_parts(windows):
            yield from self._occluded_in_parts(prepared, windows, filled)
            return
        for at in range(0, len(windows), WINDOWS_A_STEP):
            yield self._occluded(prepared, windows[at : at + WINDOWS_A_STEP], filled)

    def _occluded(self, prepared: np.ndarray, windows: np.ndarray, filled: np.ndarray) -> np.ndarray:
        """Exact logits of windows of several sizes."""
        logits = np.empty((len(windows), len(self.labels)), np.float32)
        for (height, width), rows in sizes(windows):
            if not height * width:
                logits[rows] = self.forward_with(prepared[None], self.target_layer)[0]
            elif self._in_parts(windows[rows]):
                logits[rows] = np.concatenate(list(self._occluded_in_parts(prepared, windows[rows], filled)))
            else:
                logits[rows] = self.forward(np.stack([_occlude(prepared, filled, windows[row]) for row in rows]))
        return logits

    def _in_parts(self, windows: np.ndarray) -> bool:
        """Whether windows of one size are computed from the maps of the input itself: where that is quicker."""
        return bool(self._engine and self._engine.incremental and windows[0, 2:].all() and len(windows) > FEW_WINDOWS)

    def _occluded_in_parts(self, prepared: np.ndarray, windows: np.ndarray, filled: np.ndarray) -> Iterator[np.ndarray]:
        engine = self._engine
        for found in engine.occluded(self._base(engine, prepared), windows, filled):
            record(forward=len(found))
            yield found[:, self._columns]

    def _base(self, engine: Engine, prepared: np.ndarray) -> CachedActivations:
        key = hashlib.sha256(np.ascontiguousarray(prepared, np.float32)).hexdigest()
        with self._lock:
            if key in self._bases:
                return self._bases[key]
        record(forward=1)
        base = engine.cacheable_pass(np.ascontiguousarray(prepared, np.float32))
        with self._lock:
            self._bases[key] = base
        return base

    def _spread(self, activations: np.ndarray) -> dict[str, float]:
        """{finding: half width of the logit's interval} among the bootstrap heads; empty where there are none."""
        if self._heads is None:
            return {}
        spread = self._heads.spread(self._features(activations))[0, self._columns]
        return dict(zip(self.labels, map(float, spread), strict=True))

    def build(self) -> None:
        """Compile what occlusion and the input's gradient need; else their first uses do, and wait seconds for it."""
        blank = np.zeros(self._network.input_shape, np.float32)
        side = USUAL_WINDOW
        self.occluded(blank, np.array([(0, left, side, side) for left in range(0, 4 * FEW_WINDOWS + 4, 4)]), 1.0)
        self.input_gradient(blank[None], self.labels[0])

    def _features(self, activations: np.ndarray) -> np.ndarray:
        tail = self._tail(self.target_layer)
        features_of = tail.features if tail else self._built().features_from
        return features_of(self.target_layer, activations)

    def _built(self) -> "Network":
        """The network in Keras, which layers need around which a path leads."""
        return self._network.built() if isinstance(self._network, DeferredNetwork) else self._network

    def _tail(self, layer: str) -> Tail | None:
        """The closed form that the layer belongs to, if it does."""
        return self._engine.tail if self._engine and layer in self._engine.tail.layers else None

    def _inner(self, layer: str) -> InnerLayers | None:
        """What knows a layer before the last block's end, if every path goes through that."""
        return self._engine.inner if self._engine and layer in self._engine.inner.layers else None

    def _cached_pass(self, batch: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]:
        key = layer, hashlib.sha256(np.ascontiguousarray(batch, np.float32)).hexdigest()
        with self._lock:
            if key in self._passes:
                return self._passes[key]
        result = self._pass(batch, layer)
        for array in result:
            array.flags.writeable = False
        with self._lock:
            self._passes[key] = result
        return result

    def _pass(self, batch: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """(logits, activations), from one pass."""
        record(forward=len(batch))
        if self._tail(layer):
            logits, activations = self._engine.forward_with(batch)
        elif inner := self._inner(layer):
            logits, activations = inner.forward_with(batch, layer)
        else:
            logits, activations = self._built().forward_with(batch, layer)
        return logits[:, self._columns], activations

    def _outputs(self, finding: str | None) -> Sequence[int]:
        if finding is None:
            return self._columns
        return [self.config.findings[check_finding(finding, self.labels)]]

    def _check(self, batch: np.ndarray) -> None:
        if batch.ndim != 4 or batch.shape[1:] != self._network.input_shape:
            expected = ", ".join(map(str, self._network.input_shape))
            raise ValueError(f"A prepared batch has the shape (N, {expected}); this one has {batch.shape}.")


def _within(windows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Windows cut where they leave the input; of size 0 where nothing is left."""
    first = np.clip(windows[:, :2], 0, shape[:2])
    last = np.clip(windows[:, :2] + windows[:, 2:], first, shape[:2])
    return np.concatenate([first, last - first], axis=1)


def _occlude(prepared: np.ndarray, filled: np.ndarray, window: np.ndarray) -> np.ndarray:
    top, left, height, width = window
    result = prepared.copy()
    result[top : top + height, left : left + width] = filled[top : top + height, left : left + width]
    return result
