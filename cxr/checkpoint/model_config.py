"""The model description that Keras saves with weights: it is read as JSON, never built, and takes precedence.

The network that is built here is one: DenseNet-121, an optional last ReLU, average pooling, hidden layers with ReLU,
and an output whose sigmoid is the score. What a description says otherwise is either done (input size, last ReLU,
hidden layers, epsilon, a scale before the network) or refused by name. If it were ignored, all scores would be wrong
without an error.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import CheckpointError

CODE = ("Lambda", "TFOpLambda", "__lambda__", "function")
"""Classes and types of a model description that contain code."""

MODELS = ("Functional", "Model", "Sequential")
LAST_NORM = "bn"
WITHOUT_EFFECT = (
    *("InputLayer", "Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout"),
    *("ActivityRegularization", "Identity", "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation"),
    *("RandomContrast", "RandomBrightness"),
)
"""Classes of layers that do nothing outside of training."""

BODY = (
    *("ZeroPadding2D", "Conv2D", "BatchNormalization", "Activation", "ReLU"),
    *("MaxPooling2D", "AveragePooling2D", "Concatenate"),
)
HINT = "Only a DenseNet-121 with average pooling, ReLU in hidden layers and a sigmoid or linear output is read."


@dataclass(frozen=True)
class ModelDescription:
    """A file's description of its network.

    size        side of the input in pixels, None where it may vary
    scale       factor that a layer before the network multiplies its input by
    final_relu  whether a ReLU follows the last norm
    head        sizes of hidden layers
    epsilon     of the norms
    """

    size: int | None
    scale: float
    final_relu: bool
    head: tuple[int, ...]
    epsilon: float


@dataclass(frozen=True)
class _Layer:
    kind: str
    name: str
    settings: Mapping


def described_model(text: str | bytes, *, file: str) -> ModelDescription:
    """Parse a description. Raises CheckpointError for code, and for a network that can't be read here."""
    described = _parsed(text, file)
    layers = list(_layers(described))
    norms = [at for at, layer in enumerate(layers) if layer.kind == "BatchNormalization"]
    if not norms:
        raise CheckpointError(f"{file} describes a network without batch norms, so it is no DenseNet-121.", HINT)
    last = max((at for at in norms if layers[at].name == LAST_NORM), default=norms[-1])
    first = next(at for at, layer in enumerate(layers) if layer.kind in ("ZeroPadding2D", "Conv2D"))
    _check_body(layers[first : last + 1], file)
    final_relu, head = _tail(layers[last + 1 :], file)
    return ModelDescription(
        size=_size(layers, file),
        scale=_scale(layers[:first], file),
        final_relu=final_relu,
        head=head,
        epsilon=_epsilon([layers[at] for at in norms], file),
    )


def refuse_code(text: str | bytes, *, file: str) -> None:
    """Raise CheckpointError if a model's description contains code: weights alone don't define such a network."""
    _parsed(text, file)


def _parsed(text: str | bytes, file: str) -> dict:
    try:
        described = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{file} has a model description that is not readable JSON.") from error
    if found := next((name for name in _kinds(described) if name in CODE), None):
        raise CheckpointError(
            f"{file} is of a model with a {found} layer, whose code is not run.",
            "Give the weights of a plain DenseNet-121.",
        )
    return described if isinstance(described, dict) else {}


def _kinds(described: object) -> Iterator[str]:
    """Every `class_name` and `type` in a description, however deep."""
    waiting = [described]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from (str(value[key]) for key in ("class_name", "type") if key in value)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _layers(described: Mapping) -> Iterator[_Layer]:
    """Every layer in the description's order, which is that of the computation; models within the model included."""
    settings = described.get("config")
    inner = settings.get("layers") if isinstance(settings, Mapping) else settings
    if described.get("class_name") in MODELS and isinstance(inner, list):
        for layer in inner:
            yield from _layers(layer if isinstance(layer, Mapping) else {})
        return
    settings = settings if isinstance(settings, Mapping) else {}
    name = str(settings.get("name", described.get("name", "")))
    yield _Layer(str(described.get("class_name")), name, settings)


def _activation(layer: _Layer) -> str:
    """The activation of a layer as Keras names it; its class's name for one of another kind."""
    if layer.kind == "ReLU":
        plain = all(layer.settings.get(name) in (None, 0, 0.0) for name in ("max_value", "negative_slope", "threshold"))
        return "relu" if plain else "a ReLU with other settings"
    given = layer.settings.get("activation", "linear")
    return str(given.get("class_name", given.get("config")) if isinstance(given, Mapping) else given or "linear")


def _check_body(layers: list[_Layer], file: str) -> None:
    for layer in layers:
        if layer.kind not in (*BODY, *WITHOUT_EFFECT):
            raise _unlike(file, f"a layer of the class {layer.kind} within the network")
        expected = "linear" if layer.kind == "Conv2D" else "relu" if layer.kind in ("Activation", "ReLU") else None
        if expected and _activation(layer) != expected:
            raise _unlike(file, f"the activation {_activation(layer)!r} within the network")


def _tail(layers: list[_Layer], file: str) -> tuple[bool, tuple[int, ...]]:
    """(whether a ReLU follows the last norm, sizes of hidden layers) of what comes after the last norm."""
    final_relu, pooled = False, False
    dense: list[list[Any]] = []
    for layer in layers:
        if layer.kind in WITHOUT_EFFECT or (layer.kind == "Flatten" and pooled):
            continue
        if layer.kind == "GlobalAveragePooling2D" and not pooled:
            pooled = True
        elif layer.kind == "Dense" and pooled:
            dense.append([layer.settings.get("units"), _activation(layer)])
        elif layer.kind in ("Activation", "ReLU") and dense and dense[-1][1] == "linear":
            dense[-1][1] = _activation(layer)
        elif layer.kind in ("Activation", "ReLU") and not pooled and _activation(layer) == "relu":
            final_relu = True
        else:
            raise _unlike(file, f"a layer of the class {layer.kind} after its last norm")
    if not pooled or not dense:
        raise _unlike(file, "no average pooling with a dense layer after it")
    _check_activations(dense, file)
    return final_relu, tuple(units for units, _ in dense[:-1])


def _check_activations(dense: list[list], file: str) -> None:
    if hidden := next((activation for _, activation in dense[:-1] if activation != "relu"), None):
        raise _unlike(file, f"the activation {hidden!r} in a hidden layer")
    if dense[-1][1] not in ("sigmoid", "linear"):
        raise _unlike(file, f"the activation {dense[-1][1]!r} at its output")


def _size(layers: list[_Layer], file: str) -> int | None:
    shapes = [layer.settings.get(key) for layer in layers for key in ("batch_shape", "batch_input_shape")]
    shape = next((shape for shape in shapes if isinstance(shape, list) and len(shape) == 4), [None] * 4)
    if shape[1] != shape[2]:
        raise _unlike(file, f"an input of {shape[1]} × {shape[2]} pixels, which is not square")
    return shape[1]


def _scale(layers: list[_Layer], file: str) -> float:
    """The product of the `Rescaling` layers before the network. An offset can't be done, since padding follows it."""
    scale = 1.0
    for layer in layers:
        if layer.kind == "Rescaling":
            factor, offset = layer.settings.get("scale", 1.0), layer.settings.get("offset", 0.0)
            if not isinstance(factor, int | float) or offset != 0:
                raise _unlike(file, "a Rescaling layer with an offset, or one for each channel")
            scale *= factor
        elif layer.kind not in WITHOUT_EFFECT:
            raise _unlike(file, f"a layer of the class {layer.kind} before the network")
    return scale


def _epsilon(norms: list[_Layer], file: str) -> float:
    epsilons = {layer.settings.get("epsilon", 1e-3) for layer in norms}
    if len(epsilons) != 1:
        raise _unlike(file, "norms that differ in their epsilon")
    return float(epsilons.pop())


def _unlike(file: str, what: str) -> CheckpointError:
    return CheckpointError(f"{file} describes a network with {what}.", HINT)
