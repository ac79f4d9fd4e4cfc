"""The context of an explainer: one radiograph and one network, with passes counted."""

import copy
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from cxr.capabilities import FORWARD_FROM
from cxr.errors import LayerError
from explainers.contract.notes import checked_note, plain_json
from explainers.contract.random_numbers import random_numbers
from explainers.contract.read_only import read_only
from explainers.errors import Cancelled, ExplainerError

if TYPE_CHECKING:
    from cxr.predictor import Predictor
    from cxr.preparation import Prepared
    from cxr.reading.radiograph import Radiograph


class Context:
    """What an explainer gets.

    radiograph  the picture as it was read
    input       (h, w, c) float32, read-only: what the network sees of it
    labels      the findings the network scores, in the order of `logits`
    logits      (n,) float32 of this input
    layers      {name: (y, x, k)} of every layer with a map, in forward order
    seed        the run's
    rng         a generator seeded by the run's seed, the explainer and the input's digest, so that every picture has
                random numbers of its own, and the same ones in every run
    """

    def __init__(
        self,
        predictor: "Predictor",
        radiograph: "Radiograph",
        prepared: "Prepared",
        *,
        explainer: str = "",
        seed: int = 0,
        digest: str = "",
        report: Callable[[float, str, np.ndarray | None], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._predictor = predictor
        self._report = report
        self._cancelled = cancelled
        self._done = 0.0
        self.seed = seed
        self._radiograph, self._prepared = radiograph, prepared
        self.input: np.ndarray = read_only(prepared.array)
        self.labels: tuple[str, ...] = predictor.labels
        self.layers: Mapping[str, tuple[int, int, int]] = predictor.layers
        self._explainer, self._digest = explainer, digest
        self.notes: dict[str, Any] = {}

    @cached_property
    def radiograph(self) -> "Radiograph":
        """The picture as it was read."""
        return _lent(self._radiograph, "grey", "rgb")

    @cached_property
    def prepared(self) -> "Prepared":
        """What the network sees, with the way between it and the radiograph."""
        return _lent(self._prepared, "array")

    @cached_property
    def rng(self) -> np.random.Generator:
        """Random numbers for this explainer on this input, see the class."""
        # `digest` stands for the input's own where a measure explains a changed input with the same random numbers
        return random_numbers(self.seed, self._explainer, self._digest or self._prepared.digest)

    @property
    def logits(self) -> np.ndarray:
        """(n,) float32 of this input; cached from scoring it."""
        return read_only(self._predictor.forward_with(self.input[None], self._predictor.target_layer)[0][0])

    def forward(self, batch: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` of a prepared batch `(N, h, w, c)`."""
        return self._predictor.forward(batch)

    def activations(self, layer: str) -> np.ndarray:
        """A layer's output `(y, x, k)` for this input."""
        return read_only(self._predictor.activations(self.input[None], layer)[0])

    def layer_gradient(self, layer: str, finding: str | None = None) -> np.ndarray:
        """d logit / d activation of a layer: `(y, x, k)` of one finding, or `(n, y, x, k)` of all labels."""
        return read_only(self._predictor.layer_gradient(self.input[None], layer, finding)[0])

    def forward_from(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` of activations `(N, y, x, k)` of a layer, through the part of the network after it."""
        return self._predictor.forward_from(layer, activations)

    def pooled_bias(self, layer: str, finding: str) -> float | None:
        """The logit without a layer's cells, where the logit is a constant plus a sum over the layer's cells.

        So it is at the layer that is averaged before a single dense layer. None where the part of the network after
        the layer isn't linear, the network gives no such part, or a transformer's class token leads around it.
        """
        if FORWARD_FROM not in self._predictor.capabilities or layer != list(self.layers)[-1]:
            return None
        activations = self.activations(layer)
        # -1, since a ReLU after the layer is straight for any multiple above 0
        places = np.stack([0 * activations, activations, 2 * activations, -activations])
        try:
            none, once, twice, minus = map(float, self.forward_from(layer, places)[:, self.labels.index(finding)])
        except LayerError:
            return None
        bend = max(abs((twice - once) - (once - none)), abs((once - none) - (none - minus)))
        straight = bend <= 1e-4 * max(1.0, abs(once - none))
        return none if straight else None

    def input_gradient(self, finding: str, batch: np.ndarray | None = None) -> np.ndarray:
        """d logit / d input `(h, w, c)`, or `(N, h, w, c)` at each input of a prepared batch of that shape."""
        if batch is None:
            return self._predictor.input_gradient(self.input[None], finding)[0]
        return self._predictor.input_gradient(batch, finding)

    def attentions(self, finding: str) -> tuple[np.ndarray, np.ndarray]:
        """(attention, d logit / d attention) of a transformer for this input, `(blocks, heads, tokens, tokens)`.

        Raises NotAvailable for a network that does not give them.
        """
        weights, gradients = self._predictor.attentions(self.input[None], finding)
        return read_only(weights[0]), read_only(gradients[0])

    @property
    def token_grid(self) -> tuple[int, int, int]:
        """(tokens before those of the picture, rows, columns) of a transformer."""
        return self._predictor.token_grid

    def prepare(self, radiograph: "Radiograph") -> np.ndarray:
        """Another radiograph as this network sees it: `(h, w, c)` float32."""
        return self._predictor.prepare(radiograph).array

    @property
    def average_maps(self) -> Mapping[str, np.ndarray]:
        """{finding: (y, x)} mean maps over many radiographs, which the checkpoint carries; empty where it has none."""
        return {finding: read_only(average) for finding, average in self._predictor.average_maps.items()}

    def occluded(self, windows: np.ndarray, fill: np.ndarray | float) -> np.ndarray:
        """Logits `(m, n)` with one window `(top, left, height, width)` of the input filled each time.

        Raises Cancelled between batches once the run is cancelled; progress is for the explainer to say.
        """
        return self._predictor.occluded(self.input, windows, fill, progress=lambda _: self.check_cancelled())

    def occluded_in_steps(self, windows: np.ndarray, fill: np.ndarray | float) -> Iterator[np.ndarray]:
        """The rows of `occluded` a few at a time, in their order, for an explainer that shows how far it is.

        The next ones are computed meanwhile. Raises Cancelled between steps once the run is cancelled.
        """
        for found in self._predictor.occluded_in_steps(self.input, windows, fill):
            self.check_cancelled()
            yield found

    def progress(self, fraction: float, text: str = "", preview: np.ndarray | None = None) -> None:
        """Say how much is done, 0 to 1, and in words what; `preview` is a map as far as it is known.

        Raises Cancelled once the run is cancelled: call it between steps, and let it through.
        """
        self.check_cancelled()
        self._done = min(1.0, max(self._done, float(fraction)))  # a bar never runs backwards
        if self._report is not None:
            self._report(self._done, plain_json("text", str(text)), _checked_preview(preview))

    def check_cancelled(self) -> None:
        """Raises Cancelled once the run is cancelled."""
        if self._cancelled is not None and self._cancelled():
            raise Cancelled("The run was cancelled.")

    def promise_sum(self, finding: str, value: float) -> None:
        """State the sum of the map's cells that the method promises; measures and pages compare the map with it."""
        self.notes.setdefault("promised_sum", {})[finding] = float(value)

    def note(self, **values: Any) -> None:
        """Figures, text or arrays that travel with the explanation; ExplainerError if JSON could not hold them."""
        for name, value in values.items():
            self.notes[name] = checked_note(name, value)


def _checked_preview(preview: np.ndarray | None) -> np.ndarray | None:
    if preview is None:
        return None
    array = checked_note("preview", np.asarray(preview))
    if array.ndim != 2:
        raise ExplainerError(f"The preview has the shape {array.shape}; two axes (y, x) were expected.")
    return array


Lent = TypeVar("Lent")


def _lent(owner: Lent, *arrays: str) -> Lent:
    """A copy of a frozen object whose arrays can't be made writeable; what it has cached comes along."""
    copied = copy.copy(owner)
    for name in arrays:
        object.__setattr__(copied, name, read_only(getattr(owner, name)))
    return copied
