"""Objects of an HDF5 file; links to other files and arrays larger than any layer's are refused."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import h5py
import numpy as np

from hub.errors import CheckpointError

ARRAY_LIMIT = 1 << 26
"""Largest number of values in one array; DenseNet-121's largest has 0.5 million, a hidden layer's at most 4 million."""


@contextmanager
def reading_hdf5(source: Path | BinaryIO, name: str) -> Iterator[h5py.File]:
    """The opened file; what h5py raises about damage becomes a CheckpointError about `name`."""
    try:
        with h5py.File(source, "r") as stream:
            yield stream
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise CheckpointError(f"{name} can't be read as Keras weights in HDF5: {error}") from error


def group_at(root: h5py.Group, name: str) -> h5py.Group:
    """The group at a nested name; CheckpointError if there is none."""
    found = _walk(root, name)
    if not isinstance(found, h5py.Group):
        raise CheckpointError(f"The HDF5 file has no group {name!r}.")
    return found


def array_at(group: h5py.Group, name: str) -> np.ndarray:
    """The numbers at a nested name; CheckpointError for anything else, or for more than a layer can hold."""
    found = _walk(group, name)
    if not isinstance(found, h5py.Dataset) or found.dtype.kind != "f":
        raise CheckpointError(f"{name!r} of the HDF5 file is not an array of numbers.")
    if found.external or found.is_virtual:
        raise CheckpointError(f"{name!r} of the HDF5 file keeps its values in another file, which is not read.")
    if math.prod(found.shape) > ARRAY_LIMIT:
        raise CheckpointError(f"{name!r} claims the shape {found.shape}, which is larger than any layer's.")
    return found[()]


def _walk(group: h5py.Group, name: str) -> h5py.Group | h5py.Dataset:
    """The object at a nested name, one hard link at a time; soft and external links are refused."""
    for part in name.split("/"):
        link = group.get(part, getlink=True) if isinstance(group, h5py.Group) else None
        if not isinstance(link, h5py.HardLink):
            kind = "nothing" if link is None else f"a {type(link).__name__}"
            raise CheckpointError(f"The HDF5 file has {kind} at {name!r}; only its own objects are read.")
        group = group[part]
    return group
