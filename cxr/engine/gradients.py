"""The gradient of a logit with respect to the input: one pass forward and one back, through the rewritten network."""

import threading
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from cxr.engine import pieces
from cxr.engine.folded import Folded
from cxr.engine.on_tensorflow import TensorFlow


class InputGradient:
    """Compiled when first used. Safe under threads."""

    def __init__(self, net: Folded) -> None:
        self._net, self._library = net, TensorFlow()
        self._compiled: Callable | None = None
        self._lock = threading.Lock()

    def of(self, batch: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """d (Σ weights · logits) / d input, `(1, h, w, c)`, of a batch of one and weights `(n,)`."""
        with self._lock:
            if self._compiled is None:
                shapes, kinds = [batch.shape, weights.shape], [np.float32, np.float32]
                self._compiled = self._library.compiled(self._draw, shapes, kinds)
        return self._compiled(batch, weights)[0]

    def _draw(self, library: TensorFlow, batch: tf.Tensor, weights: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(batch)
            logits, _ = pieces.whole(self._net, library, batch)
            chosen = tf.reduce_sum(logits * weights)
        return [tape.gradient(chosen, batch)]
