"""A whole Keras model in one file: `model.keras`, or HDF5, with an optional `cxr-lens.json` beside it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.config import FORMAT, KERAS, check_config
from hub.directory import Resolved
from hub.errors import CheckpointError
from hub.files import read_json, refuse_pointer, sha256_of

SUFFIXES = (".keras", ".h5", ".hdf5")
DESCRIPTION = "cxr-lens.json"


def is_keras_file(file: Path) -> bool:
    """Whether a path names a file that may hold a whole Keras model."""
    return file.suffix.lower() in SUFFIXES and file.is_file()


def open_keras_file(file: Path, *, source: str, stated: Mapping[str, Any] | None = None) -> Resolved:
    """The model's file with its description.

    stated  fields of the description that the caller gives, such as `labels` and `input`; they override the file's

    Raises CheckpointError for a description that can't be read, or that has a field of a wrong type.
    """
    refuse_pointer(file)
    config = keras_config(file, stated)
    return Resolved(source, str(config["name"]), file.parent, config, sha256=sha256_of(file))


def keras_config(file: Path, stated: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The equivalent of a `config.json`, checked; the model's file is not read. Raises as `open_keras_file` does."""
    config = {
        "format": FORMAT,
        "name": file.stem,
        **described_beside(file),
        **(stated or {}),
        "architecture": KERAS,
        "weights": {"file": file.name},
    }
    return check_config(config)


def described_beside(file: Path) -> dict[str, Any]:
    """Contents of the `cxr-lens.json` in the model's folder; empty where there is none."""
    place = file.parent / DESCRIPTION
    if not place.is_file():
        return {}
    raw = read_json(place)
    if not isinstance(raw, dict):
        raise CheckpointError(f"{DESCRIPTION} is not a JSON object.")
    return raw
