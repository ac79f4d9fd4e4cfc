"""DenseNet-121 in Keras, on whatever backend Keras runs on, and weights in and out of it by name.

Nothing here needs TensorFlow: scoring compiles the network, and training fits it on any backend.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from cxr.quiet_import import quiet_import
from hub.architecture import OUTPUT_LAYER
from hub.errors import CheckpointError

with quiet_import():
    import keras


def densenet121(
    shape: tuple[int | None, int | None, int], *, outputs: int, head: Sequence[int] = (), final_relu: bool = True
) -> keras.Model:
    """From `(h, w, c)` to `outputs` logits: backbone, average pooling, hidden layers, and the output without sigmoid.

    shape       of one input; None for a side that may vary
    final_relu  False for files of Keras before keras_applications 1.0.6, trained without the ReLU after the last norm
    """
    backbone = keras.applications.DenseNet121(include_top=False, weights=None, input_shape=shape)
    features = backbone.output if final_relu else backbone.get_layer("bn").output
    features = keras.layers.GlobalAveragePooling2D(name="avg_pool")(features)
    for number, units in enumerate(head, 1):
        features = keras.layers.Dense(units, activation="relu", name=f"head_{number}")(features)
    # float32 also where the rest of the network is computed in 16 bits: a sum of 1024 products, and the loss after it
    logits = keras.layers.Dense(outputs, name=OUTPUT_LAYER, dtype="float32")(features)
    return keras.Model(backbone.input, logits, name="densenet121")


def assign(model: keras.Model, weights: Mapping[str, np.ndarray]) -> None:
    """Assign each array to the variable of its name ("layer/variable"); every variable and every array is used once.

    Raises CheckpointError if a weight is missing, left over or of another shape.
    """
    variables = _variables(model)
    if unmatched := sorted(variables.keys() ^ weights.keys()):
        raise CheckpointError(f"Weights and network do not match in {len(unmatched)} names, such as {unmatched[0]!r}.")
    for name, variable in variables.items():
        if tuple(variable.shape) != weights[name].shape:
            raise CheckpointError(f"{name} has the shape {weights[name].shape}, not {tuple(variable.shape)}.")
        variable.assign(weights[name].astype(np.float32))


def weights_of(model: keras.Model) -> dict[str, np.ndarray]:
    """{"layer/variable": array} of every variable, as a checkpoint holds them."""
    return {name: keras.ops.convert_to_numpy(variable) for name, variable in _variables(model).items()}


def _variables(model: keras.Model) -> dict[str, keras.Variable]:
    return {f"{layer.name}/{variable.name}": variable for layer in model.layers for variable in layer.variables}
