"""Predictor: owns a network. It scores radiographs, and offers the primitives that explainers are made of."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from cxr.capabilities import AVERAGE_MAPS, LayeredNetwork
from cxr.checkpoint import Checkpoint, CheckpointConfig, Heads, Identity, read_checkpoint
from cxr.deferred_network import DeferredNetwork
from cxr.engine import AUTO, Engine, build_engine, chosen_engine
from cxr.engine.folded import fold
from cxr.evaluation.claims import sentences_on
from cxr.findings import check_finding
from cxr.layer_passes import LayerPasses
from cxr.occlusion import FEW_WINDOWS, Occlusion
from cxr.own_preparation import OwnPreparation
from cxr.prediction import Prediction, finding_scores
from cxr.preparation import InputRule, Prepared, prepare
from cxr.reading.radiograph import Radiograph
from hub.config import KERAS
from hub.directory import Resolved
from hub.sources import resolve

USUAL_WINDOW = 32
"""Side in pixels of the windows whose computation in parts is compiled ahead of its first use."""


class Predictor:
    """A network with its configuration. Arrays in and out are NumPy; every method may be called from any thread.

    labels    findings in the order of the logits that all methods return
    config    the checkpoint's configuration
    identity  which network this is
    layers    {layer: (y, x, k)} of every layer with a map, in forward order
    heads     output layers fitted on resampled patients, over all outputs of the network; None where there are none
    average_maps  {finding: (y, x)} mean Grad-CAM maps over many radiographs; empty where the checkpoint carries none
    benchmark the summary of a benchmark of explainers that the checkpoint carries, as it was written; else empty
    capabilities, token_grid  what the network can be asked for besides logits, see `cxr.capabilities`
    rule      how a radiograph becomes the input
    notes     sentences on the network that go with every prediction
    """

    def __init__(
        self,
        network: LayeredNetwork | DeferredNetwork,
        config: CheckpointConfig,
        identity: Identity,
        heads: Heads | None = None,
        *,
        engine: Engine | None = None,
        average_maps: Mapping[str, np.ndarray] | None = None,
        benchmark: Mapping | None = None,
        rule: InputRule | OwnPreparation | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self.notes = tuple(notes)
        self._network, self._engine = network, engine
        self.heads = heads
        self.average_maps: Mapping[str, np.ndarray] = average_maps or {}
        self.benchmark: Mapping = benchmark or {}
        self._randomised: dict[int, Predictor] = {}
        self._building = threading.Lock()
        carried = {AVERAGE_MAPS} if self.average_maps else set()
        self.capabilities, self.token_grid = network.capabilities | carried, network.token_grid
        self.config, self.identity = config, identity
        self.rule: InputRule | OwnPreparation = rule or InputRule.from_config(config.input)
        self.labels: tuple[str, ...] = tuple(config.findings)
        self._columns = list(config.findings.values())
        self._passes = LayerPasses(network, engine, self._columns)
        self._occlusion = Occlusion(engine, self._columns, self._passes)

    @classmethod
    def load(
        cls,
        source: str | os.PathLike[str] | Resolved,
        *,
        engine: str = AUTO,
        stated: Mapping[str, Any] | None = None,
    ) -> "Predictor":
        """From a source string: `starter`, a preset, a local folder, a Keras model's file, or `org/name[@revision]`.

        engine  what computes forward passes: "tensorflow", "onnxruntime", or "auto" for the fastest that is there
        stated  `labels`, `input` and other fields of a Keras model's description, before its `cxr-lens.json`

        Raises SourceError if there is no such checkpoint, CheckpointError if its files are wrong, EngineError for an
        engine that is not installed.
        """
        resolved = source if isinstance(source, Resolved) else resolve(source, stated=stated)
        if resolved.config["architecture"] == KERAS:
            from cxr.keras_models.reading import read_whole_model

            return cls(**vars(read_whole_model(resolved)))
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
        return cls(
            DeferredNetwork(checkpoint),
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
        """The layer that Grad-CAM explains by default; "" for a network without inner layers."""
        return self._network.target_layer

    def cost(self, passes: int) -> str:
        """What so many passes cost, in words; "" where an engine needs less than whole passes."""
        return self._passes.cost(passes)

    def prepare(self, radiograph: Radiograph) -> Prepared:
        """The radiograph as this network was trained to see it."""
        if isinstance(self.rule, OwnPreparation):
            return self.rule.prepare(radiograph)
        return prepare(radiograph, self.rule)

    def predict(self, radiograph: Radiograph, prepared: Prepared | None = None) -> Prediction:
        """Scores of every finding, from one forward pass, or none if this input was scored before.

        prepared  the radiograph as this network sees it, where the caller has it
        """
        prepared = prepared or self.prepare(radiograph)
        logits, activations = self.forward_with(prepared.array[None], self.target_layer)
        by_finding = dict(zip(self.labels, map(float, logits[0]), strict=True))
        scores = finding_scores(by_finding, self.config, spread=self._spread(activations), view=radiograph.view)
        check = () if prepared.statistics.ok else (prepared.statistics.verdict,)
        warnings = (*self.identity.fallback(), *self.notes, *radiograph.warnings, *check)
        return Prediction(scores, warnings, prepared.statistics, self.identity, sentences_on(self.config))

    def forward(self, batch: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` float32 of a prepared batch `(N, h, w, c)`."""
        self._check(batch)
        return self._passes.forward(batch)

    def forward_with(self, batch: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """Logits `(N, n)` and the activations `(N, y, x, k)` of a layer, from one pass.

        Those of a single input are cached, so that scores and the Grad-CAM maps of all findings cost one pass together,
        also at layers after the last block. Raises LayerError for a layer that is not there.
        """
        self._check(batch)
        return self._passes.forward_with(batch, layer)

    @contextmanager
    def passes_of(self, inputs: Sequence[np.ndarray]) -> Iterator[None]:
        """One pass over several radiographs together, each a prepared array `(h, w, c)`.

        In the `with` block, scores and class activation maps of each of them cost no further pass, in any thread.
        """
        for each in inputs:
            self._check(each[None])
        with self._passes.holding(inputs, self.target_layer):
            yield

    def activations(self, batch: np.ndarray, layer: str) -> np.ndarray:
        """A layer's output `(N, y, x, k)`. Raises LayerError for a layer that is not there."""
        return self.forward_with(batch, layer)[1]

    def layer_gradient(self, batch: np.ndarray, layer: str, finding: str | None = None) -> np.ndarray:
        """d logit / d activation: `(N, y, x, k)` of one finding, or `(N, n, y, x, k)` of all of them.

        Exact for any layer with a map, inner ones of a dense block included. Where the layer cuts the network, only
        the part after it is differentiated.
        """
        self._check(batch)
        gradients = self._passes.gradient(batch, layer, self._outputs(finding))
        return gradients if finding is None else gradients[:, 0]

    def forward_from(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` of a layer's activations `(N, y, x, k)`, through the part of the network after it alone.

        Raises LayerError where the network reaches its output around that layer too.
        """
        return self._passes.forward_from(layer, activations)

    def column(self, finding: str) -> int:
        """The output of the network that is a finding's, among all of them."""
        return self.config.findings[check_finding(finding, self.labels)]

    def randomised(self, seed: int) -> "Predictor":
        """A network of the same layers with random weights, cached once built.

        Takes seconds. Its batch norms get their statistics from synthetic chests, so that activations neither vanish
        nor explode.
        """
        with self._building:
            if seed not in self._randomised:
                self._randomised[seed] = self._with_random_weights(seed)
            return self._randomised[seed]

    def _with_random_weights(self, seed: int) -> "Predictor":
        if isinstance(self._network, DeferredNetwork) and isinstance(self.rule, InputRule):
            from cxr.randomised import randomised_checkpoint

            checkpoint = randomised_checkpoint(self.config, self.rule, seed, engine=self.engine)
            return Predictor.from_checkpoint(checkpoint, engine=self.engine)
        identity = Identity(f"randomised, seed {seed}", "randomised", None, "")
        return Predictor(self._passes.built().randomised(seed), self.config, identity, rule=self.rule)

    def features(self, batch: np.ndarray) -> np.ndarray:
        """The output layer's input for a prepared batch: `(N, k)`, the pooled maps unless there are hidden layers."""
        return self._passes.features(self.forward_with(batch, self.target_layer)[1])

    def input_gradient(self, batch: np.ndarray, finding: str) -> np.ndarray:
        """d logit / d input `(N, h, w, c)`: one pass forward and one back."""
        self._check(batch)
        (output,) = self._outputs(finding)
        return self._passes.input_gradient(batch, output)

    def attentions(self, batch: np.ndarray, finding: str) -> tuple[np.ndarray, np.ndarray]:
        """Attention of a transformer and its gradients for a finding's logit, `(N, blocks, heads, tokens, tokens)`.

        Raises NotAvailable for a network that does not give it.
        """
        self._check(batch)
        (output,) = self._outputs(finding)
        return self._passes.attentions(batch, output)

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
        yield from self._occlusion.steps(prepared, windows, fill)

    def _spread(self, activations: np.ndarray) -> dict[str, float]:
        """{finding: half width of the logit's interval} among the bootstrap heads; empty where there are none."""
        if self.heads is None:
            return {}
        spread = self.heads.spread(self._passes.features(activations))[0, self._columns]
        return dict(zip(self.labels, map(float, spread), strict=True))

    def build(self) -> None:
        """Compile what occlusion and the input's gradient need; otherwise their first uses take seconds longer."""
        if self._engine is None:
            return  # whole passes: nothing of them is compiled ahead of its first use
        blank = np.zeros(self._network.input_shape, np.float32)
        side = USUAL_WINDOW
        self.occluded(blank, np.array([(0, left, side, side) for left in range(0, 4 * FEW_WINDOWS + 4, 4)]), 1.0)
        self.input_gradient(blank[None], self.labels[0])

    def _outputs(self, finding: str | None) -> Sequence[int]:
        if finding is None:
            return self._columns
        return [self.config.findings[check_finding(finding, self.labels)]]

    def _check(self, batch: np.ndarray) -> None:
        if batch.ndim != 4 or batch.shape[1:] != self._network.input_shape:
            expected = ", ".join(map(str, self._network.input_shape))
            raise ValueError(f"A prepared batch has the shape (N, {expected}); this one has {batch.shape}.")
