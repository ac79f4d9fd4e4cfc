"""A Keras network whose outputs are logits, and the compiled primitives that explanations are made of.

The only module that imports TensorFlow; everything that crosses its border is NumPy.
A primitive is compiled once per batch size, at the network's first use of it, and only for the batch sizes in
`BATCH_SIZES`: other batches are cut and padded, so that no visitor's request waits for a new trace.
"""

import threading
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from cxr.capabilities import ATTENTIONS, FORWARD_FROM, LAYER_GRADIENT, LAYERS, NO_TOKENS, OF_A_GRAPH, not_available
from cxr.checkpoint import Checkpoint
from cxr.errors import LayerError
from cxr.keras_models.graph import Graph
from cxr.keras_models.shuffling import shuffled
from cxr.layers import check_layer, target_layer
from cxr.quiet_import import quiet_import

with quiet_import():
    import keras
    import tensorflow as tf

from cxr.densenet import assign, densenet121

BATCH_SIZES = (1, 16)
"""One picture, or variants of one: on two cores, batches above 16 are no faster."""


def build_network(checkpoint: Checkpoint) -> "KerasNetwork":
    """DenseNet-121 as the checkpoint's configuration states it, with the checkpoint's weights.

    Raises CheckpointError if a weight is missing, left over or of another shape.
    """
    config = checkpoint.config
    model = densenet121(
        (config.input["size"], config.input["size"], checkpoint.weights["conv1_conv/kernel"].shape[2]),
        outputs=len(config.labels),
        head=config.head,
        final_relu=config.final_relu,
    )
    assign(model, checkpoint.weights)
    return KerasNetwork(model)


class KerasNetwork:
    """Any functional Keras model from `(h, w, c)` to `(n,)` logits. Safe under threads: it holds no state of a call."""

    def __init__(self, model: keras.Model, *, target: str = "") -> None:
        """target: the layer that Grad-CAM explains by default; "" for `conv5_block16_concat`, else the last map."""
        model.trainable = False
        graph = Graph.of(model)
        self._graph = graph
        # the same weights; where models are nested, the graph has them opened
        self._model = keras.Model(graph.input, graph.output) if graph.output is not model.output else model
        self._compiled: dict[tuple, Callable] = {}
        self._cuts = graph.cuts()
        self._maps = graph.maps()
        self._lock = threading.Lock()
        self.input_shape: tuple[int, int, int] = tuple(graph.input.shape[1:])
        self.outputs: int = graph.output.shape[-1]
        self.layers: dict[str, tuple[int, int, int]] = {
            name: tuple(tensor.shape[1:]) for name, tensor in self._maps.items()
        }
        self.target_layer: str = check_layer(target, self.layers) if target else target_layer(self.layers)
        self.token_grid = NO_TOKENS

    @property
    def capabilities(self) -> frozenset[str]:
        """What it can be asked for: all but attention; without a layer that has a map, nothing of layers."""
        return OF_A_GRAPH if self.layers else OF_A_GRAPH - {LAYERS, LAYER_GRADIENT, FORWARD_FROM}

    def forward(self, batch: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` float32 of a prepared batch `(N, h, w, c)`."""
        (logits,) = self._batched(("forward",), lambda: _forward(self._model), batch)
        return logits

    def forward_with(self, batch: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """Logits `(N, n)` and a layer's activations `(N, y, x, k)` from one pass."""
        self.check_layer(layer)
        logits, activations = self._batched(("with", layer), lambda: _forward(self._with(layer)), batch)
        return logits, activations

    def forward_from(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """Logits `(N, n)` of a layer's activations `(N, y, x, k)`: the part of the network after it, alone.

        Raises LayerError if the network reaches its output around that layer too.
        """
        if not self.is_cut(layer):
            raise LayerError(
                f"The network reaches its output around {layer!r}, so there is no part after it alone.",
                f"Layers that cut the network: {', '.join(self.cuts())}.",
            )
        (logits,) = self._batched(("tail", layer), lambda: _forward(self._tail(layer)), activations)
        return logits

    def features_from(self, layer: str, activations: np.ndarray) -> np.ndarray:
        """Input of the output layer, `(N, k)`, from a cutting layer's activations `(N, y, x, k)`."""
        (features,) = self._batched(("features", layer), lambda: _forward(self._before_output(layer)), activations)
        return features

    def layer_gradient(self, batch: np.ndarray, layer: str, outputs: Sequence[int]) -> np.ndarray:
        """d logit / d activation `(N, len(outputs), y, x, k)`, for any layer with a map, inner ones of a block too."""
        self.check_layer(layer)
        return self._gradients(
            ("gradient", layer), lambda: partial(_gradient_inside, self._with(layer)), batch, outputs
        )

    def tail_gradient(self, layer: str, activations: np.ndarray, outputs: Sequence[int]) -> np.ndarray:
        """As `layer_gradient`, from given activations, through the part of the network after them alone."""
        key = ("tail gradient", layer)
        return self._gradients(key, lambda: partial(_gradient_of_input, self._tail(layer)), activations, outputs)

    def input_gradient(self, batch: np.ndarray, output: int) -> np.ndarray:
        """d logit / d input `(N, h, w, c)`: one pass forward, one back."""
        key = ("input gradient",)
        return self._gradients(key, lambda: partial(_gradient_of_input, self._model), batch, [output])[:, 0]

    def attentions(self, batch: np.ndarray, output: int) -> tuple[np.ndarray, np.ndarray]:
        """Raises NotAvailable: Keras' layers do not keep their attention."""
        raise not_available({ATTENTIONS})

    def randomised(self, seed: int) -> "KerasNetwork":
        """The same layers with their weights in another order: each kernel's values are shuffled by the seed."""
        return KerasNetwork(shuffled(self._model, seed), target=self.target_layer)

    def cuts(self) -> list[str]:
        """Layers that every path from the input to the output goes through, in forward order."""
        return [name for name in self.layers if name in self._cuts]

    def is_cut(self, layer: str) -> bool:
        """Whether every path from the input to the output goes through this layer."""
        return self.check_layer(layer) in self._cuts

    def check_layer(self, name: str) -> str:
        """The name, if a layer with a map has exactly that name; LayerError otherwise."""
        return check_layer(name, self.layers)

    def _with(self, layer: str) -> keras.Model:
        return keras.Model(self._graph.input, [self._graph.output, self._maps[layer]])

    def _tail(self, layer: str) -> keras.Model:
        """The part of the network after a layer that cuts it."""
        return keras.Model(self._maps[layer], self._graph.output)

    def _before_output(self, layer: str) -> keras.Model:
        return keras.Model(self._maps[layer], self._graph.steps[-1].inputs[0])

    def _gradients(
        self, key: tuple, make: Callable[[], Callable], batch: np.ndarray, outputs: Sequence[int]
    ) -> np.ndarray:
        """(N, len(outputs), ...): one run of a compiled gradient for each output, which is chosen by its weight."""
        chosen = np.eye(self.outputs, dtype=np.float32)
        return np.stack([self._batched(key, make, batch, chosen[output])[0] for output in outputs], axis=1)

    def _batched(
        self, key: tuple, make: Callable[[], Callable], batch: np.ndarray, *constants: np.ndarray
    ) -> list[np.ndarray]:
        """Run a primitive over a batch of any size, in the batch sizes that are compiled."""
        if not len(batch):
            raise ValueError("A batch has at least one member.")
        batch = np.ascontiguousarray(batch, np.float32)
        parts = [self._run(key, make, batch[at : at + size], size, constants) for at, size in _cut(len(batch))]
        return [np.concatenate(each) for each in zip(*parts, strict=True)]

    def _run(
        self, key: tuple, make: Callable[[], Callable], part: np.ndarray, size: int, constants: tuple[np.ndarray, ...]
    ) -> list[np.ndarray]:
        padded = np.concatenate([part, np.repeat(part[-1:], size - len(part), axis=0)])
        arguments = [tf.constant(each) for each in (padded, *constants)]
        compiled = self._primitive((*key, size), make, arguments)
        return [result.numpy()[: len(part)] for result in compiled(*arguments)]

    def _primitive(self, key: tuple, make: Callable[[], Callable], arguments: Sequence[tf.Tensor]) -> Callable:
        """The compiled primitive, traced at its first use, by one thread."""
        with self._lock:
            if key not in self._compiled:
                signature = [tf.TensorSpec(argument.shape, argument.dtype) for argument in arguments]
                self._compiled[key] = tf.function(make(), input_signature=signature).get_concrete_function()
            return self._compiled[key]


def _cut(count: int) -> list[tuple[int, int]]:
    """(start, compiled batch size) of each part of a batch of `count`."""
    single, many = BATCH_SIZES
    whole = [(at, many) for at in range(0, count - count % many, many)]
    rest = count % many
    if rest == 1:
        whole.append((count - 1, single))
    elif rest:
        whole.append((count - rest, many))
    return whole


def _forward(model: keras.Model) -> Callable:
    def run(batch: tf.Tensor) -> list[tf.Tensor]:
        return tf.nest.flatten(model(batch, training=False))

    return run


def _gradient_of_input(model: keras.Model, batch: tf.Tensor, weights: tf.Tensor) -> list[tf.Tensor]:
    """[(N, ...)]: the gradient of the weighted sum of logits with respect to the model's own input."""
    with tf.GradientTape() as tape:
        tape.watch(batch)
        chosen = tf.reduce_sum(model(batch, training=False) * weights)
    return [tape.gradient(chosen, batch)]


def _gradient_inside(model: keras.Model, batch: tf.Tensor, weights: tf.Tensor) -> list[tf.Tensor]:
    """[(N, y, x, k)]: the same with respect to the model's second output, a layer inside it.

    The tape records from the input on: paths around the layer are left out, and every path through it is counted.
    """
    with tf.GradientTape() as tape:
        tape.watch(batch)
        logits, activations = model(batch, training=False)
        chosen = tf.reduce_sum(logits * weights)
    return [tape.gradient(chosen, activations)]
