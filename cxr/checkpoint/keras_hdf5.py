"""Keras 2 weights in HDF5, read with h5py as plain arrays: no Keras object is ever deserialised.

Layout: root attribute `layer_names`; a group a layer (names with "/" nest) with the attribute `weight_names`, of the
data sets below it. Files of a whole model hold all of that under `model_weights`. A model within the model is one
group with the arrays of all its layers. TensorFlow's own scopes may
differ from the layers' names (`conv1/conv_1/kernel:0`): arrays are keyed by the layer and the last part of the name.
"""

import re
from pathlib import Path

import h5py
import numpy as np

from cxr.checkpoint.hdf5 import array_at, group_at, reading_hdf5
from cxr.checkpoint.model_config import ModelDescription, described_model, refuse_code
from hub.architecture import NORM, OUTPUT_LAYER, backbone_shapes
from hub.errors import CheckpointError

VARIABLES = {"kernel", "bias", *NORM}
STEM = {"conv1/conv": "conv1_conv", "conv1/bn": "conv1_bn"}
"""Keras 2 named the stem's layers with a slash."""

BACKBONE_LAYERS = {*STEM, *(name.split("/")[0] for name in backbone_shapes())}


def read_keras_hdf5(
    file: Path, *, backbone: bool = False
) -> tuple[dict[str, np.ndarray], bool | None, ModelDescription | None]:
    """({"layer/variable": array}, whether a ReLU follows the last norm if the names tell, a model's description).

    backbone  whether layers after the last norm are not needed; then their description is ignored

    Dense layers are renamed in the file's order: `head_1`… for hidden ones, `predictions` for the last. Raises
    CheckpointError for any other file, and for links to other files.
    """
    with reading_hdf5(file, file.name) as stream:
        description = None
        if "model_config" in stream.attrs:
            text = stream.attrs["model_config"]
            refuse_code(text, file=file.name)
            description = None if backbone else described_model(text, file=file.name)
        root = group_at(stream, "model_weights") if "model_weights" in stream else stream
        layers = _names(root, "layer_names")
        arrays: dict[str, dict[str, np.ndarray]] = {}
        for layer in layers:
            for inner, variables in _layer(root, layer).items():
                arrays.setdefault(inner, {}).update(variables)
    # layers of a nested model are named by their arrays alone, and a ReLU has no arrays
    final_relu = "relu" in layers[layers.index("bn") :] if "bn" in layers else None
    return _keyed(arrays), final_relu, description


def _names(group: h5py.Group, attribute: str) -> list[str]:
    """Names in an attribute, bytes or str; Keras splits those over 64 kB into `attribute0`, `attribute1`…"""
    if attribute in group.attrs:
        values = list(np.ravel(group.attrs[attribute]))
    else:
        parts = [f"{attribute}{number}" for number in range(64)]
        values = [value for part in parts if part in group.attrs for value in np.ravel(group.attrs[part])]
        if not values:
            raise CheckpointError(f"The HDF5 file has no attribute {attribute!r}; it holds no Keras weights.")
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]


def _layer(root: h5py.Group, layer: str) -> dict[str, dict[str, np.ndarray]]:
    """{layer: {variable: array}} of one group: a layer, or a model whose layers lie in one group."""
    group = group_at(root, layer)
    names = _names(group, "weight_names") if np.size(group.attrs.get("weight_names", [0])) else []
    variables = [name.rsplit("/", 1)[-1].removesuffix(":0") for name in names]
    nested = len(set(variables)) < len(variables)
    found: dict[str, dict[str, np.ndarray]] = {}
    for name, variable in zip(names, variables, strict=True):
        inner = _inner_layer(name.rpartition("/")[0]) if nested else layer
        found.setdefault(inner, {})[variable] = array_at(group, name)
    return found


def _inner_layer(scope: str) -> str:
    """A layer's name from a TensorFlow scope, which may have other scopes before it or a number after it."""
    parts = scope.split("/")
    ends = ["/".join(parts[at:]) for at in range(len(parts))]
    known = [end for each in ends for end in (each, re.sub(r"_\d+$", "", each)) if end in BACKBONE_LAYERS]
    return known[0] if known else parts[-1]


def _keyed(layers: dict[str, dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    dense = [name for name, arrays in layers.items() if "kernel" in arrays and arrays["kernel"].ndim == 2]
    renamed = {name: f"head_{number}" for number, name in enumerate(dense[:-1], 1)}
    renamed |= dict.fromkeys(dense[-1:], OUTPUT_LAYER) | STEM
    weights: dict[str, np.ndarray] = {}
    for layer, arrays in layers.items():
        if foreign := sorted(arrays.keys() - VARIABLES):
            raise CheckpointError(f"Layer {layer!r} has the variable {foreign[0]!r}, which no layer here has.")
        weights |= {f"{renamed.get(layer, layer)}/{variable}": array for variable, array in arrays.items()}
    return weights
