"""The network that is trained, on Keras' current backend, and passes of it over pictures."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

import keras
import numpy as np

from cxr.densenet import densenet121
from cxr.training.batches import CHANNELS, OrderedBatches
from cxr.training.initial_weights import start_from
from cxr.training.pictures import Pictures
from hub.architecture import OUTPUT_LAYER

MEASURING_BATCH = 32


def trainable_network(init: str, labels: Sequence[str]) -> tuple[keras.Model, str]:
    """A network for pictures of any size with its starting weights, and a sentence on these."""
    model = densenet121((None, None, CHANNELS), outputs=len(labels))
    origin = start_from(init, model, labels)
    if keras.backend.backend() == "torch":
        from cxr.training.torch_layers import with_torch_layers

        model = with_torch_layers(model)
    return model, origin


def set_trainable(model: keras.Model, trainable: str) -> None:
    """ "head" trains the output layer alone, with fixed statistics of the batch norms; "all" trains everything."""
    for layer in model.layers:
        layer.trainable = trainable == "all" or layer.name == OUTPUT_LAYER


def logits_of(model: keras.Model, pictures: Pictures, *, size: int) -> np.ndarray:
    """Logits `(rows, n)` float32 of the pictures without augmentation."""
    return np.concatenate(list(_passes(model, pictures, size)))[: len(pictures)]


def features_of(model: keras.Model, pictures: Pictures, *, size: int) -> np.ndarray:
    """Input of the output layer `(rows, k)` float32, of the pictures without augmentation."""
    features = keras.Model(model.input, model.get_layer(OUTPUT_LAYER).input)
    return np.concatenate(list(_passes(features, pictures, size)))[: len(pictures)]


def _passes(model: keras.Model, pictures: Pictures, size: int) -> Iterator[np.ndarray]:
    batches = OrderedBatches(pictures, size=size, batch=min(MEASURING_BATCH, len(pictures)))
    for at in range(len(batches)):
        yield model.predict_on_batch(batches[at][0])


def remeasure_norms(model: keras.Model, pictures: Pictures, *, size: int, count: int, seed: int) -> None:
    """Set each batch norm's statistics to their plain mean over batches of `count` pictures.

    Averaged weights and another input size need statistics of their own; those of the training run fit neither.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    rows = np.random.default_rng(seed).permutation(len(pictures))[:count]
    some = Pictures(pictures.pixels[np.sort(rows)], pictures.table.take(np.sort(rows)), {})
    batches = OrderedBatches(some, size=size, batch=min(MEASURING_BATCH, len(some)))
    order = np.random.default_rng(seed).permutation(len(batches))
    kept = [(layer.momentum, layer.trainable) for layer in norms]
    for seen, at in enumerate(order):
        for layer in norms:
            # these momenta make a running average a plain mean
            layer.momentum, layer.trainable = seen / (seen + 1), True
        with _without_gradients():
            model(keras.ops.convert_to_tensor(batches[at][0]), training=True)
    for layer, (momentum, trainable) in zip(norms, kept, strict=True):
        layer.momentum, layer.trainable = momentum, trainable


def _without_gradients() -> AbstractContextManager:
    """Without this, PyTorch would store every layer's output for a backward pass."""
    if keras.backend.backend() != "torch":
        return nullcontext()
    import torch

    return torch.no_grad()
