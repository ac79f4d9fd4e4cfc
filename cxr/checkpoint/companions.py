"""Files beside a checkpoint's weights that its configuration names, with their sha256.

They are the bootstrapped output layers, the average maps of the findings, and the summary and the rows of a benchmark.
The network works without them, so a missing file is no error.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from cxr.checkpoint.heads import Heads
from cxr.checkpoint.safetensors_file import read_safetensors
from cxr.checkpoint.writing import write_config, write_safetensors
from hub.config import read_config
from hub.directory import CONFIG, Resolved
from hub.errors import CheckpointError
from hub.files import check_sha256, read_json, sha256_of

HEADS, AVERAGE_MAPS, BENCHMARK, BENCHMARK_ROWS = "bootstrap", "average_maps", "benchmark", "benchmark_rows"
"""Fields of `config.json` that name a file."""

FILES = {
    HEADS: "heads.safetensors",
    AVERAGE_MAPS: "average_maps.safetensors",
    BENCHMARK: "benchmark.json",
    BENCHMARK_ROWS: "benchmark_rows.parquet",
}
BENCHMARK_LIMIT_BYTES = 1 << 20


def read_heads(resolved: Resolved, *, features: int, outputs: int) -> Heads | None:
    """The bootstrapped output layers; None without them.

    Raises CheckpointError for a file with another sha256, or whose arrays don't fit the network's output layer.
    """
    file = _file(resolved, HEADS)
    if file is None:
        return None
    arrays = read_safetensors(file)
    shapes = {name: array.shape for name, array in arrays.items()}
    count = shapes.get("bias", (0,))[0]
    if count < 2 or shapes != {"kernel": (count, features, outputs), "bias": (count, outputs)}:
        held = ", ".join(f"{name} {shape}" for name, shape in list(shapes.items())[:3]) or "nothing"
        more = f" and {len(shapes) - 3} more" if len(shapes) > 3 else ""
        raise CheckpointError(
            f"{file.name} holds {held}{more}, not a kernel (heads, {features}, {outputs}) and a bias (heads, "
            f"{outputs})."
        )
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise CheckpointError(f"{file.name} holds values that are not finite.")
    return Heads(arrays["kernel"].astype(np.float32), arrays["bias"].astype(np.float32))


def read_average_maps(resolved: Resolved) -> Mapping[str, np.ndarray]:
    """{finding: (y, x) float32, read-only}, mean maps over many radiographs; empty without them.

    Raises CheckpointError for a file with another sha256, or with arrays that are not maps.
    """
    file = _file(resolved, AVERAGE_MAPS)
    if file is None:
        return {}
    maps = {name: array.astype(np.float32) for name, array in read_safetensors(file).items()}
    for name, values in maps.items():
        if values.ndim != 2 or not values.size or not np.isfinite(values).all():
            raise CheckpointError(f"{file.name}: {name!r} is not a map (y, x) of finite numbers.")
        values.flags.writeable = False
    return MappingProxyType(maps)


def read_benchmark(resolved: Resolved) -> Mapping:
    """The summary of a benchmark of explainers, as JSON; empty without one.

    Raises CheckpointError for a file with another sha256, or that is not a JSON object of at most a mebibyte.
    """
    file = _file(resolved, BENCHMARK)
    if file is None:
        return {}
    found = read_json(file) if file.stat().st_size <= BENCHMARK_LIMIT_BYTES else None
    if not isinstance(found, dict):
        raise CheckpointError(f"{file.name} is not a JSON object of at most {BENCHMARK_LIMIT_BYTES} bytes.")
    return found


def benchmark_rows(resolved: Resolved) -> Path | None:
    """The Parquet file with the rows of a benchmark of explainers; None without one.

    Raises CheckpointError for a file with another sha256.
    """
    return _file(resolved, BENCHMARK_ROWS)


def write_companion(
    directory: Path, field: str, contents: Mapping[str, np.ndarray] | Mapping | bytes, **facts: int | str
) -> Path:
    """Write a companion file into a native checkpoint's folder and name it in `config.json`; returns the file.

    field     HEADS, AVERAGE_MAPS, BENCHMARK or BENCHMARK_ROWS
    contents  {key: array}, for BENCHMARK what JSON can hold, for BENCHMARK_ROWS the file's bytes
    facts     further fields of the entry in `config.json`, such as the number of pictures

    Raises CheckpointError for a folder without a native checkpoint.
    """
    if not (directory / CONFIG).is_file():
        raise CheckpointError(f"{directory.name!r} is not a native checkpoint: it has no {CONFIG}.")
    file = directory / FILES[field]
    if isinstance(contents, bytes):
        file.write_bytes(contents)
    elif file.suffix == ".json":
        file.write_text(json.dumps(contents, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    else:
        write_safetensors(file, contents)
    entry = {"file": file.name, "sha256": sha256_of(file), **facts}
    write_config(directory, read_config(directory) | {field: entry})
    return file


def _file(resolved: Resolved, field: str) -> Path | None:
    """The file that the configuration names, its sha256 checked; None if it names none or the file is not there."""
    described = resolved.config.get(field)
    file = resolved.directory / described["file"] if described else None
    if described is None or file is None or not file.is_file():
        return None
    if described.get("sha256"):
        check_sha256(file, described["sha256"])
    return file
