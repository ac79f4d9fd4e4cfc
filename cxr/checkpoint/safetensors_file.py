"""A reader of safetensors files (the format of huggingface/safetensors) that checks every size before it allocates."""

import json
import math
from pathlib import Path

import numpy as np

from hub.errors import CheckpointError

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4"}
HEADER_LIMIT_BYTES = 16 << 20
FILE_LIMIT_BYTES = 2 << 30


def read_safetensors(file: Path) -> dict[str, np.ndarray]:
    """{key: array} of a file; arrays are read-only views on a map of it. CheckpointError if the header lies."""
    size = file.stat().st_size
    if size > FILE_LIMIT_BYTES:
        raise CheckpointError(f"{file.name} has {size} bytes; at most {FILE_LIMIT_BYTES} are read.")
    if size < 8:
        raise CheckpointError(f"{file.name} is no safetensors file: it has {size} bytes.")
    header, start = _header(file, size)
    contents = np.memmap(file, np.uint8, "r")[start:]
    return {key: _tensor(file.name, key, entry, contents) for key, entry in header.items() if key != "__metadata__"}


def _header(file: Path, size: int) -> tuple[dict, int]:
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > min(HEADER_LIMIT_BYTES, size - 8):
            raise CheckpointError(f"{file.name}: the header claims {length} bytes; the file has {size} in all.")
        text = stream.read(length)
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{file.name} has no readable safetensors header.") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"{file.name} has no safetensors header.")
    return header, 8 + length


def _tensor(name: str, key: str, entry: object, contents: np.ndarray) -> np.ndarray:
    try:
        kind, shape, (begin, end) = entry["dtype"], [int(n) for n in entry["shape"]], entry["data_offsets"]
        dtype = np.dtype(DTYPES[kind])
        fits = 0 <= begin <= end <= len(contents) and all(n >= 0 for n in shape)
        fits = fits and math.prod(shape) * dtype.itemsize == end - begin
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{name}: the entry of {key!r} can't be read.") from error
    if not fits:
        raise CheckpointError(f"{name}: {key!r} claims the shape {shape} at bytes {begin} to {end}, which don't fit.")
    return np.frombuffer(contents[begin:end].tobytes(), dtype).reshape(shape)
