"""Mean maps of the findings over many radiographs, stored beside a checkpoint's weights."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from cxr.checkpoint.safetensors_file import read_safetensors
from cxr.findings import known_finding
from hub.directory import Resolved
from hub.errors import CheckpointError
from hub.files import check_sha256

FIELD, FILE = "average_maps", "average_maps.safetensors"


def read_average_maps(resolved: Resolved) -> Mapping[str, np.ndarray]:
    """{finding: (y, x) float32, read-only}; empty if the configuration names none, or the file was not brought along.

    Raises CheckpointError for a file with another sha256, or with arrays that are no maps.
    """
    described = resolved.config.get(FIELD)
    file = resolved.directory / described["file"] if described else None
    if file is None or not file.is_file():
        return {}
    if described.get("sha256"):
        check_sha256(file, described["sha256"])
    maps = {known_finding(name) or name: array.astype(np.float32) for name, array in read_safetensors(file).items()}
    for name, values in maps.items():
        if values.ndim != 2 or not values.size or not np.isfinite(values).all():
            raise CheckpointError(f"{file.name}: {name!r} is not a map (y, x) of finite numbers.")
        values.flags.writeable = False
    return MappingProxyType(maps)
