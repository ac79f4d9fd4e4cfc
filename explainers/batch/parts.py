"""How results are written: each batch of radiographs in a part of each table, all of it or none.

    OUT/run.json             what the run is
    OUT/maps/NAME.parquet
    OUT/measures/NAME.parquet
    OUT/scores/NAME.parquet  written last: with it the batch is done

A part is named by the digest of its batch's image ids, so that a batch that is computed again replaces its own files.
Every radiograph has a row in `scores`, if only one that says why it could not be read. A part of another table without
its part of `scores` is left over from a process that was ended; it counts for nothing, and the next run deletes it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from explainers.batch.schemas import METADATA, TABLES
from explainers.batch.storage import TEMPORARY, Folder

LAST = "scores"
SUFFIX = ".parquet"

NOT_FAILURES = ("NOT_MEASURABLE",)
"""Codes of rows without figures that are no failure: the measure says nothing of such a map."""


def part_name(images: Sequence[str]) -> str:
    """The name of the part of these radiographs."""
    return hashlib.sha256("\n".join(images).encode()).hexdigest()[:24] + SUFFIX


def write_part(out: Folder, images: Sequence[str], tables: Mapping[str, pa.Table], about: Mapping[str, Any]) -> int:
    """Write a batch's rows; returns the bytes that were written."""
    name, written = part_name(images), 0
    for table in sorted(tables, key=lambda each: each == LAST):
        content = parquet_of(tables[table], {**about, "table": table})
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


def parts(out: Folder, table: str = LAST) -> list[str]:
    """Names of a table's parts of batches that are done, sorted."""
    done = _there(out, LAST)
    return sorted(done if table == LAST else done & _there(out, table))


def done_images(out: Folder) -> set[str]:
    """Ids of the radiographs that are done."""
    return {each for name in parts(out) for each in read_part(out, LAST, name, ["image"])["image"].to_pylist()}


def read_part(out: Folder, table: str, name: str, columns: Sequence[str] | None = None) -> pa.Table:
    """One part of a table; of a large one, no more than its columns is read."""
    with out.filesystem.open_input_file(out.place(f"{table}/{name}")) as stream:
        return pq.ParquetFile(stream).read(columns=columns)


def clean(out: Folder) -> None:
    """Delete what an ended process left: parts of batches that are not done, and files that were being written."""
    done = _there(out, LAST)
    for name in list(out.names()):
        folder, _, file = name.rpartition("/")
        left = folder in TABLES and folder != LAST and file.endswith(SUFFIX) and file not in done
        if left or (file.startswith(TEMPORARY) and folder in ("", *TABLES)):
            out.delete(name)


def undo_failed(out: Folder) -> int:
    """Take back the batches in which something failed, so that they are computed again; returns how many."""
    failed = {
        name for table in TABLES for name in parts(out, table) if _failures(read_part(out, table, name, ["error"]))
    }
    for name in failed:
        out.delete(f"{LAST}/{name}")
    return len(failed)


def failures(out: Folder) -> tuple[int, int]:
    """(radiographs that could not be read, rows of other tables that failed)."""
    unread, others = 0, 0
    for table in TABLES:
        for name in parts(out, table):
            found = _failures(read_part(out, table, name, ["error"]))
            unread, others = (unread + found, others) if table == LAST else (unread, others + found)
    return unread, others


def _failures(table: pa.Table) -> int:
    codes = pc.struct_field(table["error"], "code")
    failed = pc.and_(pc.is_valid(codes), pc.invert(pc.is_in(codes, pa.array(NOT_FAILURES))))
    return pc.sum(failed).as_py() or 0


def _there(out: Folder, table: str) -> set[str]:
    names: Iterable[str] = (name.rpartition("/")[2] for name in out.names(table))
    return {name for name in names if name.endswith(SUFFIX) and not name.startswith(".")}
