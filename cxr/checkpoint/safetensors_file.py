"""Tensors of a safetensors file, as NumPy arrays."""

from pathlib import Path

import numpy as np

from hub.errors import CheckpointError
from hub.safetensors_header import Entry, read_header

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4"}


def read_safetensors(file: Path) -> dict[str, np.ndarray]:
    """{key: array} of a file, brain floats widened to float32. CheckpointError if the header does not fit the file."""
    header = read_header(file)
    contents = np.memmap(file, np.uint8, "r")
    return {key: _tensor(file.name, key, entry, contents) for key, entry in header.items()}


def _tensor(name: str, key: str, entry: Entry, contents: np.ndarray) -> np.ndarray:
    if entry.kind not in DTYPES:
        raise CheckpointError(f"{name}: {key!r} has the type {entry.kind}, which no weights have.")
    values = np.frombuffer(contents[entry.begin : entry.end].tobytes(), DTYPES[entry.kind]).reshape(entry.shape)
    return (values.astype(np.uint32) << 16).view(np.float32) if entry.kind == "BF16" else values
