"""Weights as Keras 3 saves them (`.weights.h5`, or `model.weights.h5` in a `.keras` archive), as plain arrays.

Layout: `layers/CLASS[_k]/vars/0…`, numbered for each class in the order of the model's layers; a model within a model
has its own `layers`. Names of layers are not used, since older files don't have them.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from cxr.checkpoint.hdf5 import array_at, group_at, reading_hdf5
from cxr.checkpoint.model_config import ModelDescription, described_model
from hub.architecture import NORM, OUTPUT_LAYER, backbone_shapes
from hub.errors import CheckpointError

WEIGHTS = "model.weights.h5"
WEIGHTS_LIMIT_BYTES = 1 << 30
CONFIG = "config.json"
CONFIG_LIMIT_BYTES = 16 << 20
DEPTH_LIMIT = 4


def read_keras3(file: Path) -> tuple[dict[str, np.ndarray], ModelDescription | None]:
    """({"layer/variable": array}, the description of the network in a `.keras` archive).

    Dense layers become `head_1`… and `predictions` in the order of the model.

    Raises CheckpointError for a file of another kind, or of another network.
    """
    source, description = _archive(file) if zipfile.is_zipfile(file) else (file, None)
    with reading_hdf5(source, file.name) as stream:
        if "layer_names" in stream.attrs or "model_weights" in stream:
            raise CheckpointError(f"{file.name} has the HDF5 layout of Keras 2.", "Its layout is `keras2`.")
        layers = sorted(_layers(stream, DEPTH_LIMIT), key=lambda layer: layer[1])
    by_class: dict[str, list[list[np.ndarray]]] = {}
    for kind, _, arrays in layers:
        by_class.setdefault(kind, []).append(arrays)
    backbone = list(backbone_shapes())
    weights = _named(by_class, "conv2d", [name for name in backbone if name.endswith("/kernel")], ("kernel",))
    norms = [name for name in backbone if name.endswith("/gamma")]
    weights |= _named(by_class, "batch_normalization", norms, NORM)
    dense = by_class.pop("dense", [])
    if by_class or not dense:
        found = ", ".join(sorted(by_class)) or "no dense layer"
        raise CheckpointError(f"{file.name} is of another network: it has {found}.")
    names = [*(f"head_{number}" for number in range(1, len(dense))), OUTPUT_LAYER]
    weights |= {
        f"{name}/{variable}": array
        for name, arrays in zip(names, dense, strict=True)
        for variable, array in zip(("kernel", "bias"), arrays, strict=False)
    }
    return weights, description


def _archive(file: Path) -> tuple[io.BytesIO, ModelDescription | None]:
    """The weights inside a `.keras` archive, and its description of the model."""
    with zipfile.ZipFile(file) as archive:
        description = None
        if CONFIG in archive.namelist():
            if archive.getinfo(CONFIG).file_size > CONFIG_LIMIT_BYTES:
                raise CheckpointError(f"{file.name} has a model description that is too long.")
            description = described_model(archive.read(CONFIG), file=file.name)
        if WEIGHTS not in archive.namelist() or archive.getinfo(WEIGHTS).file_size > WEIGHTS_LIMIT_BYTES:
            raise CheckpointError(f"{file.name} holds no {WEIGHTS} of a possible size.")
        return io.BytesIO(archive.read(WEIGHTS)), description


def _layers(group: h5py.Group, depth: int) -> Iterator[tuple[str, int, list[np.ndarray]]]:
    """(class in snake case, number, arrays) of every layer with variables, models within the model included."""
    if depth == 0 or "layers" not in group:
        raise CheckpointError("The file has no `layers` as Keras 3 writes them.")
    layers = group_at(group, "layers")
    for name in layers:
        layer = group_at(layers, name)
        if "layers" in layer:
            yield from _layers(layer, depth - 1)
        elif "vars" in layer and len(variables := group_at(layer, "vars")):
            numbered = re.fullmatch(r"(.*)_(\d+)", name)
            kind, number = numbered.groups() if numbered else (name, 0)
            yield kind, int(number), [array_at(variables, str(place)) for place in range(len(variables))]


def _named(
    by_class: dict[str, list[list[np.ndarray]]], kind: str, firsts: list[str], variables: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """{"layer/variable": array} of a class's layers, named in forward order after their first variables."""
    layers = by_class.pop(kind, [])
    if len(layers) != len(firsts) or any(len(arrays) != len(variables) for arrays in layers):
        raise CheckpointError(f"The file has {len(layers)} layers {kind!r}; DenseNet-121 has {len(firsts)}.")
    return {
        f"{first.split('/')[0]}/{variable}": array
        for first, arrays in zip(firsts, layers, strict=True)
        for variable, array in zip(variables, arrays, strict=True)
    }
