"""Reading a checkpoint's small files and hashes, with size limits that are checked before reading."""

import hashlib
import json
from pathlib import Path
from typing import Any

from hub.errors import CheckpointError

POINTER = b"version https://git-lfs.github.com/spec/"

JSON_LIMIT_BYTES = 4 << 20
"""A configuration with every field filled has some 20 kB."""


def read_json(file: Path) -> Any:
    """Contents of a JSON file of at most 4 MiB; CheckpointError names the file where it is not one."""
    if not file.is_file():
        raise CheckpointError(f"The checkpoint has no file {file.name!r}.")
    if file.stat().st_size > JSON_LIMIT_BYTES:
        raise CheckpointError(f"{file.name} has {file.stat().st_size} bytes; at most {JSON_LIMIT_BYTES} are read.")
    refuse_pointer(file)
    try:
        return json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{file.name} is not valid JSON: {type(error).__name__}.") from error


def refuse_pointer(file: Path) -> None:
    """CheckpointError for the few lines that Git LFS leaves where it did not download the file itself."""
    with file.open("rb") as stream:
        if stream.read(len(POINTER)) == POINTER:
            raise CheckpointError(
                f"{file.name} is a Git LFS pointer: the file itself was not downloaded.",
                "Run `git lfs install` and `git lfs pull` in its repository.",
            )


def sha256_of(file: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_sha256(file: Path, expected: str) -> str:
    """The file's sha256, if it is the expected one; CheckpointError otherwise."""
    refuse_pointer(file)
    if (found := sha256_of(file)) != expected.lower():
        raise CheckpointError(
            f"{file.name} has the sha256 {found}, not {expected}.", "The file was altered or cut; get it again."
        )
    return found
