"""Small networks whose evidence is known exactly: a bright or a dark disc, at any place.

A bright disc is the only evidence for Mass, and as strong against Effusion; a dark one is the only evidence for Nodule.
An explanation of these networks must point at the disc. They are used to test explainers and measures.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from cxr.checkpoint import CheckpointConfig, Identity
from cxr.checkpoint.heads import Heads
from cxr.frame import Frame
from cxr.input_check import InputStatistics
from cxr.network import KerasNetwork
from cxr.predictor import Predictor
from cxr.preparation import InputRule, Prepared
from cxr.quiet_import import quiet_import
from cxr.reading.radiograph import Radiograph

with quiet_import():
    import keras

FOR_BRIGHT, FOR_DARK, AGAINST_BRIGHT = "Mass", "Nodule", "Effusion"
LABELS = (FOR_BRIGHT, FOR_DARK, AGAINST_BRIGHT)

SIZE = (64, 96)
"""Rows and columns of the usual input: not square, so that exchanged axes are noticed."""

RADIUS = 4
"""Radius of a disc, in pixels of the input."""

CELL = 8
"""Side of a cell of the last layer with a map, in pixels of the input."""

STRIDE = 2
"""Pixels between detectors: 2 means a quarter of the work, and a disc is still four detectors wide."""

TEXTURE, CONTRAST = 0.01, 0.3
"""Standard deviation of the background, and a disc's contrast to it, as shares of full scale."""

CLOSED = 4.5
"""What the detectors must exceed: a disc in full view gives them 7.5, one beside it, in what should be its
surroundings, less than this."""

KERNEL = 2 * RADIUS + 3

HEADS, SPREAD = 20, 0.3
"""Bootstrap heads, and their weights' standard deviation as a share of the largest weight."""


@dataclass(frozen=True)
class Disc:
    """A disc's centre in pixels of the input, and whether it is bright or dark."""

    y: float
    x: float
    bright: bool = True

    @property
    def box(self) -> tuple[int, int, int, int]:
        """(top, left, height, width) around it, in pixels of the input."""
        return round(self.y - RADIUS), round(self.x - RADIUS), 2 * RADIUS, 2 * RADIUS


def picture(*discs: Disc, size: tuple[int, int] = SIZE, seed: int = 0) -> Radiograph:
    """A smooth texture with discs on it, with soft edges; grey from 0 to 1."""
    rng = np.random.default_rng(seed)
    grey = cv2.GaussianBlur(rng.normal(size=size), (0, 0), 2.0)
    grey = 0.5 + TEXTURE * grey / grey.std()
    rows, columns = np.ogrid[: size[0], : size[1]]
    for disc in discs:
        distance = np.hypot(rows + 0.5 - disc.y, columns + 0.5 - disc.x)
        grey += (CONTRAST if disc.bright else -CONTRAST) * np.clip(RADIUS + 0.5 - distance, 0, 1)
    grey = grey.astype(np.float32)
    grey.flags.writeable = False
    rgb = np.repeat((grey * 255).astype(np.uint8)[..., None], 3, axis=-1)
    return Radiograph(grey, rgb, "phantom")


class PlantedPredictor(Predictor):
    """A predictor around a planted network. Its input rule: the whole picture, in units of ten grey levels of 255."""

    def __init__(
        self,
        model: keras.Model,
        name: str,
        *,
        input_scale: float = 1.0,
        margin: tuple[int, int] = (0, 0),
        labels: Sequence[str] = LABELS,
        spread: float | None = SPREAD,
    ) -> None:
        self._model, self.margin = model, margin
        config = CheckpointConfig(name=name, labels=tuple(labels), input={"rule": "samplewise", "size": 32})
        digest = hashlib.sha256(b"".join(np.ascontiguousarray(each).tobytes() for each in model.get_weights()))
        rows, columns = (side // CELL for side in model.input.shape[1:3])
        maps = {label: np.eye(rows, columns, number, dtype=np.float32) for number, label in enumerate(LABELS)}
        identity = Identity(name, "planted", None, digest.hexdigest())
        kernel, bias = model.get_weights()[-2:]
        heads = None if spread is None else _heads(kernel, bias, spread, _columns(labels))
        super().__init__(KerasNetwork(model), config, identity, average_maps=maps, heads=heads)
        self._input_scale = input_scale

    @property
    def size(self) -> tuple[int, int]:
        """(rows, columns) of the input."""
        rows, columns = self._model.input.shape[1:3]
        return rows, columns

    def prepare(self, radiograph: Radiograph) -> Prepared:
        """The picture without the margin, resized if it has another size."""
        top, left = self.margin
        height, width = radiograph.grey.shape
        grey = radiograph.grey[top : height - top, left : width - left]
        crop = (float(top), float(left), float(grey.shape[0]), float(grey.shape[1]))
        if grey.shape != self.size:
            grey = cv2.resize(grey, self.size[::-1], interpolation=cv2.INTER_AREA)
        array = np.repeat(((grey - 0.5) * 25 * self._input_scale)[..., None], 3, axis=-1).astype(np.float32)
        array.flags.writeable = False
        frame = Frame((height, width), self.size, crop)
        least, largest = float(array.min()), float(array.max())
        statistics = InputStatistics(float(array.mean()), float(array.std()), least, largest, "", ok=True)
        return Prepared(array, frame, InputRule("samplewise", 32), statistics)

    def randomised(self, seed: int) -> "PlantedPredictor":
        """The same layers with random weights."""
        return randomised(seed, self.size, self.labels)

    def state(self) -> str:
        """SHA-256 of the weights as they are now, and of the layers' names and switches."""
        digest = hashlib.sha256(repr([(each.name, each.trainable) for each in self._model.layers]).encode())
        for each in self._model.get_weights():
            digest.update(np.ascontiguousarray(each).tobytes())
        return digest.hexdigest()


def planted(
    size: tuple[int, int] = SIZE,
    *,
    scale: float = 1.0,
    bias: float | tuple[float, ...] = 0.0,
    input_scale: float = 1.0,
    margin: tuple[int, int] = (0, 0),
    stride: int = STRIDE,
    labels: Sequence[str] = LABELS,
    spread: float | None = SPREAD,
) -> PlantedPredictor:
    """The network that detects discs. `scale` multiplies the output layer's weights, `bias` shifts its logits.

    `input_scale` multiplies the prepared input and divides the first layer's weights: the logits stay the same. Of a
    picture, `margin` rows at top and bottom and columns at both sides are not seen. With a `stride` of 1 it sees a
    picture that is turned or transposed as it sees the picture, at four times the work. `labels` are the findings in
    another order. `spread` is the bootstrap heads' deviation from the output layer, as a share of its largest weight;
    None leaves the heads out.
    """
    model = _model(size, stride=stride)
    model.get_layer("grey").set_weights([np.full((1, 1, 3, 1), 1 / (3 * input_scale))])
    model.get_layer("detectors").set_weights([_detectors(), np.full(2, -CLOSED)])
    columns, biases = _columns(labels), np.broadcast_to(np.asarray(bias) - 1.0, (3,))
    model.get_layer("predictions").set_weights([_head()[:, columns] * scale, biases[columns]])
    return PlantedPredictor(model, "planted", input_scale=input_scale, margin=margin, labels=labels, spread=spread)


def linear(size: tuple[int, int] = SIZE) -> PlantedPredictor:
    """A network without any rectifier, whose derivative is the same for every input; channels count differently."""
    rng = np.random.default_rng(2)
    model = _model(size, rectified=False)
    model.get_layer("grey").set_weights([np.array([0.6, 0.3, 0.1]).reshape(1, 1, 3, 1)])
    model.get_layer("detectors").set_weights([rng.normal(size=(KERNEL, KERNEL, 1, 2)) / KERNEL, rng.normal(size=2)])
    model.get_layer("predictions").set_weights([rng.normal(size=(2, 3)) * 10, rng.normal(size=3)])
    return PlantedPredictor(model, "linear")


def blind(size: tuple[int, int] = SIZE) -> PlantedPredictor:
    """The same network with detectors that never respond: its logits are constant and every gradient is zero."""
    model = _model(size)
    model.get_layer("detectors").set_weights([_detectors(), np.full(2, -1e6)])
    model.get_layer("predictions").set_weights([_head(), np.full(3, -1.0)])
    return PlantedPredictor(model, "blind")


def randomised(seed: int, size: tuple[int, int] = SIZE, labels: Sequence[str] = LABELS) -> PlantedPredictor:
    """The same layers with random weights: its logits don't depend on the discs in the planted way."""
    columns = _columns(labels)
    rng = np.random.default_rng([seed, 1])
    model = _model(size)
    kernel = rng.normal(size=(KERNEL, KERNEL, 1, 2)) * np.sqrt(2 / KERNEL**2)
    model.get_layer("grey").set_weights([rng.normal(size=(1, 1, 3, 1))])
    model.get_layer("detectors").set_weights([kernel, np.zeros(2)])
    kernel, bias = rng.normal(size=(2, 3)) * 10, rng.normal(size=3)
    model.get_layer("predictions").set_weights([kernel[:, columns], bias[columns]])
    return PlantedPredictor(model, f"randomised {seed}", labels=labels)


def _model(size: tuple[int, int], *, rectified: bool = True, stride: int = STRIDE) -> keras.Model:
    """Detectors every `stride` pixels of the mean channel, rectified; averaged over cells; pooled; one dense layer."""
    kind = "relu" if rectified else "linear"
    pixels = keras.Input((*size, 3))
    mean = keras.initializers.Constant(1 / 3)
    grey = keras.layers.Conv2D(1, 1, use_bias=False, kernel_initializer=mean, name="grey")(pixels)
    found = keras.layers.Conv2D(2, KERNEL, strides=stride, padding="same", name="detectors")(grey)
    gates = keras.layers.Activation(kind, name="gates")(found)
    averaged = keras.layers.AveragePooling2D(CELL // stride, name="cells")(gates)
    cells = keras.layers.Activation(kind, name="relu")(averaged)
    pooled = keras.layers.GlobalAveragePooling2D(name="avg_pool")(cells)
    return keras.Model(pixels, keras.layers.Dense(len(LABELS), name="predictions")(pooled), name="planted")


def _detectors() -> np.ndarray:
    """(KERNEL, KERNEL, 1, 2): a disc less its surroundings, and the negative of that; both sum to zero."""
    rows, columns = np.ogrid[:KERNEL, :KERNEL]
    inside = np.hypot(rows - KERNEL // 2, columns - KERNEL // 2) <= RADIUS
    template = np.where(inside, 1 / inside.sum(), -1 / (~inside).sum())
    return np.stack([template, -template], axis=-1)[:, :, None]


def _head() -> np.ndarray:
    """(2, 3), so large that a disc in full view raises its finding's logit by some 5."""
    return np.array([[2400.0, 0.0, -2400.0], [0.0, 2400.0, 0.0]])


def _columns(labels: Sequence[str]) -> list[int]:
    """The usual places of findings in this order."""
    return [LABELS.index(label) for label in labels]


def _heads(kernel: np.ndarray, bias: np.ndarray, spread: float, columns: Sequence[int]) -> Heads:
    """Output layers around a network's own (k, n) and (n,), as if they were fitted on other patients."""
    rng = np.random.default_rng(3)
    weights = rng.normal(size=(HEADS, *kernel.shape))[..., columns] * spread * np.abs(kernel).max()
    return Heads(kernel + weights, bias + rng.normal(size=(HEADS, len(bias)))[..., columns])


def corners(size: tuple[int, int] = SIZE) -> Sequence[tuple[float, float]]:
    """(y, x) near each of the four corners, a kernel's width away from the border."""
    margin = KERNEL // 2 + 3
    return [(y, x) for y in (margin, size[0] - margin) for x in (margin, size[1] - margin)]


def at_random(rng: np.random.Generator, size: tuple[int, int] = SIZE) -> tuple[float, float]:
    """(y, x) of a disc that is wholly inside."""
    margin = KERNEL // 2 + 1
    return float(rng.uniform(margin, size[0] - margin)), float(rng.uniform(margin, size[1] - margin))
