"""A plugin's network as a predictor: its methods are checked, called one at a time, and completed where possible."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from cxr.capabilities import (
    ATTENTIONS,
    FORWARD_FROM,
    INPUT_GRADIENT,
    LAYER_GRADIENT,
    LAYERS,
    NO_TOKENS,
    RANDOMISED,
    not_available,
)
from cxr.checkpoint import CheckpointConfig, Identity, Threshold
from cxr.layers import check_layer
from cxr.own_preparation import OwnPreparation
from cxr.predictor import Predictor
from cxr.preparation import InputRule
from explainers.contract.network import Network
from explainers.errors import PluginError, brief
from hub.errors import CxrLensError

METHODS = {
    LAYERS: "activations",
    LAYER_GRADIENT: "layer_gradient",
    FORWARD_FROM: "forward_from",
    INPUT_GRADIENT: "input_gradient",
    ATTENTIONS: "attentions",
    RANDOMISED: "randomised",
}
"""The method of `Network` that gives each capability."""


def predictor_of(
    network: type[Network], *, source: str, sha256: str = "", make: Callable[[], Network] | None = None
) -> Predictor:
    """The network, made and asked for its layers, as what everything else works with.

    source  the plugin it is from, without folders
    sha256  of the plugin's file
    make    gives the network, where the class itself is not called

    Raises PluginError where it can't be made, or says something impossible of itself.
    """
    made = _called(network.name, "__init__", make or network)
    config = CheckpointConfig(
        name=network.name,
        labels=tuple(network.labels),
        input=dict(network.input),
        descriptions=dict(network.descriptions),
        thresholds={label: Threshold(float(score)) for label, score in network.thresholds.items()},
        own_unit=network.unit,
        description=network.summary(),
    )
    rule = _rule(made)
    identity = Identity(network.name, source, None, sha256)
    return Predictor(PluginNetwork(made, rule.input_shape), config, identity, rule=rule)


def _rule(made: Network) -> InputRule | OwnPreparation:
    if made.defines("prepare"):
        assert made.input_shape is not None  # the class was checked when it was registered

        def prepare(radiograph: Any) -> Any:
            return _called(made.name, "prepare", made.prepare, radiograph)

        return OwnPreparation(made.input_shape, prepare)
    return InputRule.from_config(made.input)


def _called(name: str, method: str, function: Callable, *arguments: Any) -> Any:
    """The function's result. Raises PluginError, naming network and method, for whatever it raises."""
    try:
        return function(*arguments)
    except CxrLensError:
        raise
    except BaseException as error:  # a plugin's code may raise anything
        if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
            raise  # the user's own, which no other thread gets
        raise PluginError(f"{name}.{method} raised {brief(error)}") from error


class PluginNetwork:
    """What a predictor asks of a network (`cxr.capabilities.LayeredNetwork`), by a plugin's methods."""

    def __init__(self, network: Network, input_shape: tuple[int, int, int]) -> None:
        self._own = network
        self._lock = threading.RLock()
        self.input_shape = input_shape
        self.outputs = len(network.labels)
        self.token_grid = (network.special_tokens, *network.token_grid) if network.token_grid else NO_TOKENS
        self.capabilities = frozenset(each for each, method in METHODS.items() if network.defines(method))
        if LAYERS not in self.capabilities:
            self.capabilities -= {LAYER_GRADIENT, FORWARD_FROM}
        self.layers: dict[str, tuple[int, int, int]] = self._layers() if LAYERS in self.capabilities else {}
        default = next(iter(reversed(self.layers)), "")
        self.target_layer: str = self.check_layer(network.target_layer) if network.target_layer else default

    def _layers(self) -> dict[str, tuple[int, int, int]]:
        """The layers with their shapes: those stated, or found by one pass of a blank input for each."""
        stated = self._own.layers
        if isinstance(stated, Mapping):
            return {str(name): tuple(shape) for name, shape in stated.items()}  # type: ignore[misc]
        if not stated:
            raise PluginError(f"{self._own.name} defines activations, but names no layers.", "Set layers = ['…'].")
        blank = np.zeros((1, *self.input_shape), np.float32)
        self.layers = dict.fromkeys(stated, (0, 0, 0))
        return {name: self._activations(blank, name).shape[1:] for name in stated}

    def forward(self, batch: np.ndarray) -> np.ndarray:
        """Logits `(N, n)`."""
        return self._array("forward", (len(batch), self.outputs), batch)

    def forward_with(self, batch: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """Logits and a layer's activations, by one pass where the network can."""
        self._require(LAYERS)
        self.check_layer(layer)
        if not self._own.defines("forward_with"):
            return self.forward(batch), self._activations(batch, layer)
        logits, activations = self._result("forward_with", batch, layer)
        shape = (len(batch), self.outputs), (len(batch), *self.layers[layer])
        return self._checked("forward_with", logits, shape[0]), self._checked("forward_with", activations, shape[1])

    def forward_from(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` of a layer's activations."""
        self._require(FORWARD_FROM)
        self.check_layer(layer)
        return self._array("forward_from", (len(activations), self.outputs), layer, activations)

    def features_from(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """Raises NotAvailable: a plugin does not say what its output layer reads."""
        raise not_available({FORWARD_FROM})

    def layer_gradient(self, batch: np.ndarray, layer: str, outputs: Sequence[int]) -> np.ndarray:
        """d logit / d activation `(N, len(outputs), y, x, k)`."""
        self._require(LAYER_GRADIENT)
        shape = (len(batch), *self.layers[self.check_layer(layer)])
        return np.stack([self._array("layer_gradient", shape, batch, layer, each) for each in outputs], axis=1)

    def tail_gradient(self, layer: str, activations: np.ndarray, outputs: Sequence[int]) -> np.ndarray:
        """Raises NotAvailable: gradients are asked for from the input on, since no layer is known to be a cut."""
        raise not_available({LAYER_GRADIENT})

    def input_gradient(self, batch: np.ndarray, output: int) -> np.ndarray:
        """d logit / d input `(N, h, w, c)`."""
        self._require(INPUT_GRADIENT)
        return self._array("input_gradient", batch.shape, batch, output)

    def attentions(self, batch: np.ndarray, output: int) -> tuple[np.ndarray, np.ndarray]:
        """Attention and its gradients, `(N, blocks, heads, tokens, tokens)`."""
        self._require(ATTENTIONS)
        weights, gradients = (np.asarray(each, np.float32) for each in self._result("attentions", batch, output))
        if weights.ndim != 5 or weights.shape != gradients.shape or weights.shape[3] != weights.shape[4]:
            raise PluginError(
                f"{self._own.name}.attentions gives the shapes {weights.shape} and {gradients.shape}; "
                "(N, blocks, heads, tokens, tokens) was expected of both."
            )
        return weights, gradients

    def is_cut(self, layer: str) -> bool:
        """False: whether paths lead around a layer is not known."""
        return False

    def check_layer(self, name: str) -> str:
        """The name, if there is such a layer; LayerError otherwise."""
        return check_layer(name, self.layers)

    def randomised(self, seed: int) -> "PluginNetwork":
        """The same layers with random weights."""
        self._require(RANDOMISED)
        made = self._result("randomised", seed)
        if not isinstance(made, Network):
            raise PluginError(f"{self._own.name}.randomised gives {type(made).__name__}, not a Network.")
        return PluginNetwork(made, self.input_shape)

    def _require(self, capability: str) -> None:
        if capability not in self.capabilities:
            raise not_available({capability})

    def _activations(self, batch: np.ndarray, layer: str) -> np.ndarray:
        shape = self.layers[layer]
        return self._array("activations", (len(batch), *shape) if any(shape) else None, batch, layer)

    def _array(self, method: str, shape: tuple[int, ...] | None, *arguments: Any) -> np.ndarray:
        return self._checked(method, self._result(method, *arguments), shape)

    def _result(self, method: str, *arguments: Any) -> Any:
        # a network of another framework need not be safe under threads
        with self._lock:
            return _called(self._own.name, method, getattr(self._own, method), *arguments)

    def _checked(self, method: str, returned: Any, shape: tuple[int, ...] | None) -> np.ndarray:
        """float32 of that shape, or of any shape of four axes for None; PluginError says both shapes."""
        try:
            array = np.array(returned, np.float32)
        except (TypeError, ValueError) as error:
            raise PluginError(f"{self._own.name}.{method} gives {type(returned).__name__}, not an array.") from error
        if array.shape != shape if shape is not None else array.ndim != 4:
            expected = shape if shape is not None else "(N, y, x, k)"
            raise PluginError(f"{self._own.name}.{method} gives the shape {array.shape}; {expected} was expected.")
        if not np.isfinite(array).all():
            raise PluginError(f"{self._own.name}.{method} gives values that are not finite.")
        return array
