"""Predictor: the one owner of a network. Scores a radiograph, and lends the primitives that explainers are made of."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cxr.checkpoint import Checkpoint, CheckpointConfig, Heads, Identity, read_checkpoint
from cxr.findings import check_finding
from cxr.passes import record
from cxr.prediction import Prediction, finding_scores
from cxr.preparation import InputRule, Prepared, prepare
from cxr.radiograph import Radiograph
from hub.directory import Resolved
from hub.sources import resolve

if TYPE_CHECKING:
    from cxr.network import Network

REMEMBERED = 8
"""Inputs whose activations at a layer are kept: 200 kB each at DenseNet-121's last block, 3 MB at its first layers."""

WINDOWS_A_STEP = 16
"""Windows occluded in one batch, after each of which a run can be cancelled."""


class Predictor:
    """A network with its configuration. Arrays in and out are NumPy; every method may be called from any thread.

    labels    findings in the order of the logits that all methods return
    config    the checkpoint's configuration
    identity  which network this is
    layers    {layer: (y, x, k)} of every layer with a map, in forward order
    """

    def __init__(
        self, network: "Network", config: CheckpointConfig, identity: Identity, heads: Heads | None = None
    ) -> None:
        self._network = network
        self._heads = heads
        self._remembered: OrderedDict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = OrderedDict()
        self._lock = threading.Lock()
        self.config = config
        self.identity = identity
        self.rule = InputRule.from_config(config.input)
        self.labels: tuple[str, ...] = tuple(config.findings)
        self._columns = list(config.findings.values())

    @classmethod
    def load(cls, source: str | Resolved) -> "Predictor":
        """From a source string: `starter`, a local directory, or `org/name[@revision]`.

        Raises SourceError if it can't be had, CheckpointError if its files are not what they should be.
        """
        return cls.from_checkpoint(read_checkpoint(source if isinstance(source, Resolved) else resolve(source)))

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> "Predictor":
        """From weights in memory."""
        from cxr.network import build_network

        InputRule.from_config(checkpoint.config.input)  # a wrong rule is refused before a network is built
        return cls(build_network(checkpoint), checkpoint.config, checkpoint.identity, checkpoint.heads)

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
        return Prediction(scores, (*radiograph.warnings, *check), prepared.statistics, self.identity)

    def forward(self, batch: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` float32 of a prepared batch `(N, h, w, c)`."""
        self._check(batch)
        record(forward=len(batch))
        return self._network.forward(batch)[:, self._columns]

    def forward_with(self, batch: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """Logits `(N, n)` and the activations `(N, y, x, k)` of a layer, from one pass.

        Those of one single input are remembered, so that scores and the Grad-CAM maps of all findings cost one pass
        together. Raises LayerError for a layer that is not there.
        """
        self._check(batch)
        if len(batch) == 1:
            return self._once(batch, layer)
        record(forward=len(batch))
        logits, activations = self._network.forward_with(batch, layer)
        return logits[:, self._columns], activations

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
        if self._network.is_cut(layer):
            gradients = self._network.tail_gradient(layer, self.activations(batch, layer), outputs)
        else:
            record(forward=len(batch) * len(outputs))
            gradients = self._network.layer_gradient(batch, layer, outputs)
        record(backward=len(batch))
        return gradients if finding is None else gradients[:, 0]

    def forward_from(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` of a layer's activations `(N, y, x, k)`, through the part of the network after it alone.

        Raises LayerError where the network reaches its output around that layer too.
        """
        return self._network.forward_from(layer, activations)[:, self._columns]

    def features(self, batch: np.ndarray) -> np.ndarray:
        """What the output layer sees of a prepared batch: `(N, k)`, the pooled maps unless there are hidden layers."""
        _, activations = self.forward_with(batch, self.target_layer)
        return self._network.features_from(self.target_layer, activations)

    def input_gradient(self, batch: np.ndarray, finding: str) -> np.ndarray:
        """d logit / d input `(N, h, w, c)`: one pass forward and one back."""
        self._check(batch)
        (output,) = self._outputs(finding)
        record(forward=len(batch), backward=len(batch))
        return self._network.input_gradient(batch, output)

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
        progress  called with the done fraction after every 16 windows
        """
        self._check(prepared[None])
        filled = np.broadcast_to(np.asarray(fill, np.float32), prepared.shape)
        logits = np.empty((len(windows), len(self.labels)), np.float32)
        for at in range(0, len(windows), WINDOWS_A_STEP):
            some = windows[at : at + WINDOWS_A_STEP]
            logits[at : at + len(some)] = self.forward(np.stack([_occlude(prepared, filled, each) for each in some]))
            if progress:
                progress((at + len(some)) / len(windows))
        return logits

    def _spread(self, activations: np.ndarray) -> dict[str, float]:
        """{finding: half width of the logit's interval} among the bootstrap heads; empty where there are none."""
        if self._heads is None:
            return {}
        features = self._network.features_from(self.target_layer, activations)
        spread = self._heads.spread(features)[0, self._columns]
        return dict(zip(self.labels, map(float, spread), strict=True))

    def _once(self, batch: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]:
        key = layer, hashlib.sha256(np.ascontiguousarray(batch, np.float32)).hexdigest()
        with self._lock:
            if key in self._remembered:
                self._remembered.move_to_end(key)
                return self._remembered[key]
        record(forward=1)
        logits, activations = self._network.forward_with(batch, layer)
        result = logits[:, self._columns], activations
        for array in result:
            array.flags.writeable = False
        with self._lock:
            self._remembered[key] = result
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return result

    def _outputs(self, finding: str | None) -> Sequence[int]:
        if finding is None:
            return self._columns
        return [self.config.findings[check_finding(finding, self.labels)]]

    def _check(self, batch: np.ndarray) -> None:
        if batch.ndim != 4 or batch.shape[1:] != self._network.input_shape:
            expected = ", ".join(map(str, self._network.input_shape))
            raise ValueError(f"A prepared batch has the shape (N, {expected}); this one has {batch.shape}.")


def _occlude(prepared: np.ndarray, filled: np.ndarray, window: Sequence[int]) -> np.ndarray:
    top, left, height, width = map(int, window)
    rows, columns = slice(max(top, 0), max(top + height, 0)), slice(max(left, 0), max(left + width, 0))
    result = prepared.copy()
    result[rows, columns] = filled[rows, columns]
    return result
