"""What Keras computes at layers of a network, in one pass that is not compiled: tracing takes longer than the pass."""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from cxr.network import KerasNetwork

INPUT = ""
"""Stands for the input among the layers."""


class Reference(NamedTuple):
    """Logits (N, n), and by layer activations (N, y, x, k) and gradients (N, len(outputs), y, x, k) of some logits."""

    logits: np.ndarray
    activations: dict[str, np.ndarray]
    gradients: dict[str, np.ndarray]


def keras_reference(
    network: KerasNetwork, batch: np.ndarray, layers: Sequence[str] = (), outputs: Sequence[int] = ()
) -> Reference:
    """The logits of a batch, the layers' activations, and d logit / d activation of the outputs, the input's too."""
    model = keras.Model(network._graph.input, [network._graph.output, *(network._maps[layer] for layer in layers)])
    inputs = tf.constant(batch)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(inputs)
        logits, *found = tf.nest.flatten(model(inputs, training=False))
        chosen = [tf.reduce_sum(logits[:, output]) for output in outputs]
    activations = dict(zip(layers, found, strict=True))
    gradients = [tape.gradient(each, {INPUT: inputs, **activations}) for each in chosen]
    return Reference(
        logits.numpy(),
        {layer: values.numpy() for layer, values in activations.items()},
        {layer: np.stack([each[layer] for each in gradients], axis=1) for layer in (gradients or [{}])[0]},
    )
