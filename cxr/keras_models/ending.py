"""The end of a whole model: its last activation is taken away, so that its outputs are what is explained."""

from collections.abc import Mapping
from typing import Any

from cxr.keras_models.graph import Graph, is_model
from cxr.quiet_import import quiet_import
from hub.errors import CheckpointError

with quiet_import():
    import keras

REMOVED = ("sigmoid", "softmax", "linear")
LOGARITHM_OF_NOTHING = -1e30
"""Stands for a class that is left out of a log-sum-exp; float32 holds it."""


@keras.saving.register_keras_serializable(package="cxr_lens")
class LogOdds(keras.layers.Layer):
    """A class' logit less the log-sum-exp of the others: log p / (1 − p) of a softmax' p, without its rounding."""

    def call(self, logits: Any) -> Any:
        """`(N, n)` logits to `(N, n)` log-odds."""
        others = keras.ops.eye(logits.shape[-1], dtype=logits.dtype) * LOGARITHM_OF_NOTHING
        return logits - keras.ops.logsumexp(logits[:, None, :] + others[None], axis=-1)


def with_logits(
    model: keras.Model, shape: tuple[int, int, int], *, explained: str, stated: str = ""
) -> tuple[keras.Model, str]:
    """(model from `(h, w, c)` to what is explained, what turns its logits into scores: "sigmoid" or "softmax").

    The model itself is changed: its last activation is removed, never inverted, since a score of 1 has no logit.

    explained  with a softmax: "log_odds" or "logit"
    stated     the activation of a model that ends in logits; "" for a sigmoid

    Raises CheckpointError for a last activation that is neither a sigmoid nor a softmax, or not the stated one.
    """
    last = _last_operation(model)
    name = _activation(last)
    if name not in REMOVED:
        raise CheckpointError(
            f"The model ends in the activation {name!r}; sigmoid, softmax or none can be removed.",
            "Write a plugin whose `forward` returns logits.",
        )
    kind = (stated or "sigmoid") if name == "linear" else name
    if stated and kind != stated:
        raise CheckpointError(f"The model ends in a {name}; a {stated} is stated.", "Leave `activation` out.")
    if name != "linear" and hasattr(last, "activation"):
        last.activation = keras.activations.linear
    graph = Graph.of(model, shape)
    whole_layer = name != "linear" and not hasattr(last, "activation")
    output = graph.steps[-1].inputs[0] if whole_layer else graph.output
    if kind == "softmax" and explained == "log_odds":
        output = LogOdds(name="log_odds")(output)
    return keras.Model(graph.input, output), kind


def _last_operation(model: keras.Model) -> Any:
    """What gives the model's output, within the last of the models that it is made of."""
    last = model.layers[-1] if isinstance(model, keras.Sequential) else model.outputs[0]._keras_history.operation
    return _last_operation(last) if is_model(last) else last


def _activation(operation: Any) -> str:
    """The name of an operation's activation; "linear" for one without."""
    kind = type(operation).__name__.lower()
    if kind in ("softmax", "sigmoid"):
        return kind
    activation = getattr(operation, "activation", None)
    if activation is None:
        return "linear"
    described: Any = keras.activations.serialize(activation)
    return str(described["config"] if isinstance(described, Mapping) else described)
