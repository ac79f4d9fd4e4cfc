"""Starting weights of a training run: random, ImageNet's, or another checkpoint's."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np

from cxr.checkpoint import read_checkpoint
from cxr.checkpoint.keras_hdf5 import read_keras_hdf5
from cxr.densenet import assign, weights_of
from cxr.training.errors import TrainingError
from hub import resolve
from hub.architecture import OUTPUT_LAYER

NONE, IMAGENET = "none", "imagenet"
BACKBONE_SUFFIXES = (".hdf5", ".h5")


def start_from(init: str, model: keras.Model, labels: Sequence[str]) -> str:
    """Put the starting weights into a fresh network; returns a sentence on what they are.

    init  "none" (as Keras draws them), "imagenet" (keras.applications fetches it), a backbone's HDF5 file such as the
          original application's `densenet.hdf5`, or a checkpoint's source

    A checkpoint's output layer is used for the findings that it has; those of others start at random. Raises
    TrainingError if ImageNet's weights can't be had, SourceError and CheckpointError for the rest.
    """
    if init == NONE:
        return "from scratch"
    if init == IMAGENET:
        _put(model, _imagenet(model.input.shape[1:]), labels, ())
        return "from ImageNet's weights (keras.applications)"
    if init.endswith(BACKBONE_SUFFIXES):
        _put(model, read_keras_hdf5(Path(init), backbone=True)[0], labels, ())
        return f"from the backbone {Path(init).name}"
    checkpoint = read_checkpoint(resolve(init))
    _put(model, checkpoint.weights, labels, checkpoint.config.labels)
    return f"from {checkpoint.identity.source} (sha256 {checkpoint.identity.sha256[:12]}…)"


def _imagenet(shape: tuple) -> dict[str, np.ndarray]:
    try:
        backbone = keras.applications.DenseNet121(include_top=False, weights="imagenet", input_shape=shape)
    except Exception as error:  # Keras wraps whatever its download met in a bare Exception
        if "URL fetch failure" not in str(error):
            raise
        raise TrainingError(
            "ImageNet's weights can't be fetched.", "Give a local densenet.hdf5 to --init, or --init none."
        ) from error
    return weights_of(backbone)


def _put(model: keras.Model, weights: Mapping[str, np.ndarray], labels: Sequence[str], known: Sequence[str]) -> None:
    drawn = weights_of(model)
    taken = {name: array for name, array in weights.items() if not name.startswith(f"{OUTPUT_LAYER}/")}
    rows = [(labels.index(label), at) for at, label in enumerate(known) if label in labels]
    if rows and weights[f"{OUTPUT_LAYER}/kernel"].shape[0] == drawn[f"{OUTPUT_LAYER}/kernel"].shape[0]:
        ours, theirs = map(list, zip(*rows, strict=True))
        for name in (f"{OUTPUT_LAYER}/kernel", f"{OUTPUT_LAYER}/bias"):
            taken[name] = drawn[name].copy()
            taken[name][..., ours] = weights[name][..., theirs]
    assign(model, {**{name: drawn[name] for name in drawn if name.startswith(OUTPUT_LAYER)}, **taken})
