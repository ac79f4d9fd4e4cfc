"""A native checkpoint's folder: `config.json` and one safetensors file of weights, written whole or not at all."""

import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hub.config import check_config
from hub.files import sha256_of

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
DTYPES = {np.dtype(np.float32): "F32", np.dtype(np.float16): "F16"}
ALIGNMENT = 8


def write_checkpoint(directory: Path, config: Mapping, weights: Mapping[str, np.ndarray]) -> Path:
    """Write both files; `config`'s field `weights` is filled in. Raises CheckpointError for an invalid config."""
    directory.mkdir(parents=True, exist_ok=True)
    write_safetensors(directory / WEIGHTS, weights)
    digest = sha256_of(directory / WEIGHTS)
    write_config(directory, {**config, "weights": {"file": WEIGHTS, "sha256": digest, "layout": "keras"}})
    return directory


def write_config(directory: Path, config: Mapping) -> None:
    """Write `config.json`, which is checked before it replaces an older one."""
    check_config(dict(config))
    _replace(directory / CONFIG, (json.dumps(config, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def write_safetensors(file: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """{key: float32 or float16 array} in the format of safetensors: a header of JSON, then the values in its order."""
    header, at = {}, 0
    for key, array in tensors.items():
        header[key] = {
            "dtype": DTYPES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [at, at := at + array.nbytes],
        }
    described = json.dumps(header).encode()
    described += b" " * (-len(described) % ALIGNMENT)
    values = b"".join(array.astype(array.dtype.newbyteorder("<")).tobytes() for array in tensors.values())
    _replace(file, struct.pack("<Q", len(described)) + described + values)


def halved(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Kernels as float16, everything else as float32: half the size; logits change by less than 0.01."""
    return {
        name: array.astype(np.float16 if name.endswith("/kernel") else np.float32) for name, array in weights.items()
    }


def _replace(file: Path, contents: bytes) -> None:
    temporary = file.with_name(f"{file.name}.part")
    temporary.write_bytes(contents)
    os.replace(temporary, file)
