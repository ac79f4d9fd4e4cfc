"""Tables that are written in parts, so that a process that ends at any moment loses the batch in hand at most.

    OUT/run.json             what the run is
    OUT/TABLE/NAME.parquet   a batch's rows of that table

A part is named by the digest of its batch's ids, so that a batch that is computed again replaces its own files. Of
several tables one is written last: with its part the batch is done.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cxr.datasets.storage import TEMPORARY, Folder
from cxr.errors import FolderError

RUN = "run.json"
SUFFIX = ".parquet"
METADATA = b"cxr_lens"
"""The key of what a file says of its run, as JSON, in its Parquet metadata."""


def part_name(ids: Sequence[str]) -> str:
    """The name of the part of a batch with these ids."""
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()[:24] + SUFFIX


def write_part(out: Folder, ids: Sequence[str], tables: Mapping[str, pa.Table], about: Mapping[str, Any]) -> int:
    """Write a batch's rows, table after table in the given order; returns the bytes that were written."""
    name, written = part_name(ids), 0
    for table, rows in tables.items():
        content = parquet_of(rows, {**about, "table": table})
        out.write(f"{table}/{name}", content)
        written += len(content)
    return written


def parquet_of(table: pa.Table, about: Mapping[str, Any]) -> bytes:
    """The table as a Parquet file that says what it is."""
    metadata = {METADATA: json.dumps(about, sort_keys=True).encode()}
    texts = [field.name for field in table.schema if field.type in (pa.string(), pa.bool_())]
    buffer = BytesIO()
    pq.write_table(table.replace_schema_metadata(metadata), buffer, compression="zstd", use_dictionary=texts)
    return buffer.getvalue()


def part_names(out: Folder, table: str) -> set[str]:
    """Names of the parts of a table, those of batches that are not done too."""
    names = (name.rpartition("/")[2] for name in out.names(table))
    return {name for name in names if name.endswith(SUFFIX) and not name.startswith(".")}


def read_part(out: Folder, table: str, name: str, columns: Sequence[str] | None = None) -> pa.Table:
    """One part of a table; of a large one, no more than its columns is read."""
    with out.filesystem.open_input_file(out.place(f"{table}/{name}")) as stream:
        return pq.ParquetFile(stream).read(columns=columns)


def rows_of(out: Folder, table: str) -> list[dict[str, Any]]:
    """All rows of a table, part by part in the order of their names."""
    return [row for name in sorted(part_names(out, table)) for row in read_part(out, table, name).to_pylist()]


def clean(out: Folder, tables: Sequence[str]) -> None:
    """Delete what an ended process left: parts of batches that are not done, and files that were being written.

    tables  the last one is written last
    """
    *others, last = tables
    done = part_names(out, last)
    for name in list(out.names()):
        folder, _, file = name.rpartition("/")
        left = folder in others and file.endswith(SUFFIX) and file not in done
        if left or (file.startswith(TEMPORARY) and folder in ("", *tables)):
            out.delete(name)


def begin(out: Folder, about: Mapping[str, Any], same: Sequence[str], hint: str) -> None:
    """Say in the folder what the run is, or check that it is of the run that is there.

    same  fields of `about` that may not differ

    Raises FolderError, with the hint, if it is of another one.
    """
    found = stored_run(out)
    if found is None:
        out.write(RUN, json.dumps(about, indent=1).encode())
        return
    ours = json.loads(json.dumps(about))
    if different := [name for name in same if found.get(name) != ours[name]]:
        raise FolderError(f"{out.name!r} holds results of another run: it differs in {', '.join(different)}.", hint)


def stored_run(out: Folder) -> dict[str, Any] | None:
    """What the run of a folder is; None if there is none. Raises FolderError for a file of another kind."""
    if not out.exists(RUN):
        return None
    try:
        found = json.loads(out.read(RUN))
    except ValueError as error:
        raise FolderError(f"{RUN} in {out.name!r} is damaged: {error}.", "Choose another folder.") from error
    if not isinstance(found, dict):
        raise FolderError(f"{RUN} in {out.name!r} says nothing of a run.", "Choose another folder.")
    return found
