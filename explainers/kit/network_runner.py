"""What the checks of a network work with: two synthetic chests as it sees them, and small steps along gradients."""

from contextlib import suppress
from functools import cache, cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np

from cxr.capabilities import ATTENTIONS, CAPABILITIES, INPUT_GRADIENT, LAYER_GRADIENT, LAYERS
from cxr.errors import LayerError
from explainers.kit.report import NotApplicable

if TYPE_CHECKING:
    from cxr.predictor import Predictor
    from cxr.reading.radiograph import Radiograph

MOST_LAYERS, MOST_LABELS = 5, 3
"""Layers and labels that are looked at, spread over all of them."""

STEP, SMALL_CHANGE = 1e-2, 0.01
"""How far a step goes along a gradient at most: a share of the input's or the layer's own length, and a change of the
logit. A trained network may be steep: a hundredth of the input's length can cross many of its bends."""

CLOSE = 1e-4
"""Of the logits' size, at least 1: what float32 leaves between two ways to the same logits."""


def close(found: np.ndarray, expected: np.ndarray) -> bool:
    """Whether two arrays agree but for rounding."""
    return bool(np.abs(found - expected).max() <= CLOSE * max(1.0, float(np.abs(expected).max())))


def apart(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference."""
    return float(np.abs(found - expected).max())


@cache
def _chest(seed: int) -> np.ndarray:
    """(256, 256) float32: a synthetic chest, which takes longer to compute than most checks."""
    from cxr.phantom import phantom

    return phantom(seed, size=256).radiograph.grey


class NetworkRunner:
    """A network under check. `on` is its predictor."""

    def __init__(self, on: "Predictor") -> None:
        self.on = on

    def picture(self, height: int, width: int, seed: int = 1) -> "Radiograph":
        """A synthetic chest of that size."""
        from cxr import read_radiograph

        return read_radiograph(cv2.resize(_chest(seed), (width, height)))

    @cached_property
    def batch(self) -> np.ndarray:
        """(2, h, w, c): two chests."""
        return np.stack([self.on.prepare(self.picture(256, 256, seed)).array for seed in (1, 2)])

    @cached_property
    def logits(self) -> np.ndarray:
        """(2, n) of the batch."""
        return self.on.forward(self.batch)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(h, w, c) of an input."""
        return self.on.rule.input_shape

    def has(self, capability: str) -> bool:
        """Whether the network gives it."""
        return capability in self.on.capabilities

    def needs(self, capability: str) -> None:
        """Raises NotApplicable if the network does not give it."""
        if not self.has(capability):
            raise NotApplicable(f"the network does not give {CAPABILITIES[capability]}")

    def place(self, label: str) -> int:
        """A label's column."""
        return self.on.labels.index(label)

    def named(self) -> str:
        """The first labels, and how many more there are."""
        more = len(self.on.labels) - MOST_LABELS
        return ", ".join(self.on.labels[:MOST_LABELS]) + (f" and {more} more" if more > 0 else "")

    def some_labels(self) -> list[str]:
        """Labels, spread over all of them."""
        return _spread(list(self.on.labels), MOST_LABELS)

    def some_layers(self) -> list[str]:
        """Layers, spread over all of them, with the default one."""
        return list(dict.fromkeys([*_spread(list(self.on.layers), MOST_LAYERS), self.on.target_layer]))

    def cuts(self) -> dict[str, np.ndarray]:
        """{layer: (2, n) logits of the batch from there on}, of those from which the network can go on.

        Raises NotApplicable if there are none.
        """
        if not self._cuts:
            raise NotApplicable("the network goes on from none of its layers")
        return self._cuts

    @cached_property
    def _cuts(self) -> dict[str, np.ndarray]:
        found = {}
        for name in self.some_layers():
            with suppress(LayerError):
                found[name] = self.on.forward_from(name, self.on.activations(self.batch, name))
        return found

    def along_gradient(self, label: str) -> tuple[float, np.ndarray]:
        """(what the gradient promises of a small step along it, what each logit does): of the first input."""
        gradient = self.on.input_gradient(self.batch[:1], label)
        step = _step(gradient, self.batch[:1])
        above, below = (self.on.forward(self.batch[:1] + sign * step)[0] for sign in (0.5, -0.5))
        return float((gradient * step).sum(dtype=np.float64)), above - below

    def along_layer_gradient(self, layer: str, label: str) -> tuple[float, float]:
        """The same at a layer, of the label's own logit."""
        activations = self.on.activations(self.batch[:1], layer)
        gradient = self.on.layer_gradient(self.batch[:1], layer, label)
        step = _step(gradient, activations)
        above, below = (self.on.forward_from(layer, activations + sign * step)[0] for sign in (0.5, -0.5))
        return float((gradient * step).sum(dtype=np.float64)), float((above - below)[self.place(label)])

    def ask_everything(self, batch: np.ndarray) -> None:
        """Each of the network's methods once, on the batch."""
        label = self.on.labels[0]
        self.on.forward(batch)
        if self.has(INPUT_GRADIENT):
            self.on.input_gradient(batch, label)
        if self.has(ATTENTIONS):
            self.on.attentions(batch, label)
        if self.has(LAYERS):
            self.on.activations(batch, self.on.target_layer)
        if self.has(LAYER_GRADIENT):
            self.on.layer_gradient(batch, self.on.target_layer, label)


def _step(gradient: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Along the gradient: a small share of the length of what it starts from, and a small change of the logit."""
    length = float(np.linalg.norm(gradient))
    if not length:
        return gradient
    return gradient * np.float32(min(STEP * float(np.linalg.norm(where)), SMALL_CHANGE / length) / length)


def _spread(names: list[str], count: int) -> list[str]:
    places = np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int)
    return [names[place] for place in dict.fromkeys(places.tolist())]
