"""The summary of a benchmark of explainers, stored beside a checkpoint's weights."""

from collections.abc import Mapping

from hub.directory import Resolved
from hub.errors import CheckpointError
from hub.files import check_sha256, read_json

FIELD = "benchmark"
MOST_BYTES = 2**20


def read_benchmark(resolved: Resolved) -> Mapping:
    """The JSON that the configuration names; empty if it names none, or the file was not brought along.

    Raises CheckpointError for a file with another sha256, or that is no JSON object of at most a megabyte.
    """
    described = resolved.config.get(FIELD)
    file = resolved.directory / described["file"] if described else None
    if file is None or not file.is_file():
        return {}
    if described.get("sha256"):
        check_sha256(file, described["sha256"])
    found = read_json(file) if file.stat().st_size <= MOST_BYTES else None
    if not isinstance(found, dict):
        raise CheckpointError(f"{file.name} is not a JSON object of at most {MOST_BYTES} bytes.")
    return found
