"""A model's layers with what they learnt destroyed: the values of each weight in another order."""

import numpy as np

from cxr.quiet_import import quiet_import

with quiet_import():
    import keras


def shuffled(model: keras.Model, seed: int) -> keras.Model:
    """A copy whose kernels have their values shuffled by the seed. The model itself stays as it is.

    Vectors of one layer, such as a batch norm's scale, shift and statistics, are shuffled together, so that the
    activations keep their size. Source: Adebayo et al. 2018, who draw weights from their initial distribution; a file
    does not always say which that was, and shuffled values have the same size.
    """
    rng = np.random.default_rng([seed, 122])
    copy = keras.models.clone_model(model, clone_function=_copied)
    for layer, original in zip(copy.layers, model.layers, strict=True):
        orders: dict[int, np.ndarray] = {}
        layer.set_weights([_shuffled(each, rng, orders) for each in original.get_weights()])
    return copy


def _copied(layer: keras.Layer) -> keras.Layer:
    """A layer of the same kind; one without weights itself, since code in it, as of a Lambda layer, has no copy."""
    return layer.__class__.from_config(layer.get_config()) if layer.weights else layer


def _shuffled(values: np.ndarray, rng: np.random.Generator, orders: dict[int, np.ndarray]) -> np.ndarray:
    """orders: {length: the order of vectors of this layer that have this length}."""
    if values.ndim == 1:
        return values[orders.setdefault(len(values), rng.permutation(len(values)))]
    return rng.permutation(values.ravel()).reshape(values.shape)
