"""Checkpoint directories to spoil, made from the packaged starter."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from cxr.checkpoint.safetensors_file import read_safetensors

STARTER = Path(__file__).parents[3] / "hub" / "starter"
KINDS = {"float16": "F16", "float32": "F32", "int64": "I64"}


def safetensors(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Bytes of a safetensors file, by the format's own description: length, header, data."""
    header, data, at = {}, [], 0
    for key, array in arrays.items():
        raw = np.ascontiguousarray(array).tobytes()
        header[key] = {
            "dtype": KINDS[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [at, at + len(raw)],
        }
        data.append(raw)
        at += len(raw)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(data)


@pytest.fixture(scope="session")
def starter_weights() -> dict[str, np.ndarray]:
    """The starter's arrays by key; tests change copies."""
    return read_safetensors(STARTER / "model.safetensors")


@pytest.fixture
def native(tmp_path, starter_weights) -> Callable[..., Path]:
    """Makes a native directory: the starter's weights with some arrays changed (None: left out), and its config."""

    def made(arrays: Mapping[str, np.ndarray | None] | None = None, **config) -> Path:
        weights = dict(starter_weights) | dict(arrays or {})
        folder = tmp_path / "mine"
        folder.mkdir(exist_ok=True)
        (folder / "model.safetensors").write_bytes(safetensors({k: v for k, v in weights.items() if v is not None}))
        described = json.loads((STARTER / "config.json").read_text())
        described["weights"].pop("sha256")
        (folder / "config.json").write_text(json.dumps(described | config))
        return folder

    return made
