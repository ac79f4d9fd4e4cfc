"""Rows of a benchmark: stored in parts as they are computed, and read back.

OUT/run.json       which network, protocol and data set
OUT/rows/*.parquet the rows
OUT/rows.csv       rows of a run that an older version began; they are read, and none are added

A checkpoint carries the rows of its benchmark as one file, `benchmark_rows.parquet`.
"""

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cxr.datasets.parts import RUN, begin, clean, rows_of, stored_run, write_part
from cxr.datasets.storage import Folder
from explainers.benchmark.rows import FIGURES, FLAGS, TEXTS, Key, Row, key_of
from explainers.errors import OptionError

ROWS, OLD_ROWS = "rows", "rows.csv"

SCHEMA = pa.schema(
    [(name, pa.string()) for name in TEXTS]
    + [(name, pa.bool_() if name in FLAGS else pa.float64()) for name in FIGURES]
)

SAME = ("model", "protocol", "boxes")
"""What may not change while a folder is filled."""

ADDED = ("labels", "input")
"""Neither may these; folders of older versions do not say them."""


class StoredRows:
    """The rows of a folder.

    about  the run: network with its labels and input rule, protocol, number of targets

    Raises FolderError if the folder is of another run.
    """

    def __init__(self, out: Path, about: Mapping[str, Any]) -> None:
        self._out, self._about = Folder.at(out), about
        stored = stored_run(self._out) or {}
        begin(self._out, about, (*SAME, *(name for name in ADDED if name in stored)), "Choose another --out.")
        clean(self._out, [ROWS])
        self.rows: list[Row] = _read(out)
        self.keys = {key_of(row) for row in self.rows}

    def add(self, rows: Sequence[Row]) -> None:
        """Store rows together; they are there once this returns."""
        whole = [{name: row.get(name) for name in SCHEMA.names} for row in rows]
        table = pa.Table.from_pylist(whole, SCHEMA)
        write_part(self._out, ["\t".join(key_of(row)) for row in whole], {ROWS: table}, self._about)
        self.rows += table.to_pylist()
        self.keys |= {key_of(row) for row in whole}

    def of(self, wanted: Collection[Key]) -> list[Row]:
        """The rows with these keys; the folder may have more, from a run with a higher limit."""
        return [row for row in self.rows if key_of(row) in wanted]


def check_has_rows(out: Path) -> None:
    """Raises OptionError if the folder holds none."""
    if not ((out / OLD_ROWS).is_file() or (out / ROWS).is_dir()) or not (out / RUN).is_file():
        raise OptionError(f"{out.name!r} holds no rows of a benchmark.", "Check the folder.")


def rows_to_compare_with(given: str) -> tuple[dict, list[Row]]:
    """(the network, its rows): of a run's folder, else those that a network of this source carries.

    Raises SourceError and CheckpointError as `hub.resolve` does, and OptionError where there are no rows.
    """
    folder = Path(given).expanduser()
    is_run = (folder / RUN).is_file() or (folder / OLD_ROWS).is_file()
    return rows_of_any_run(folder) if is_run else rows_of_network(given)


def rows_of_any_run(out: Path) -> tuple[dict, list[Row]]:
    """(the network, all rows) of any run. Raises OptionError if the folder holds none."""
    check_has_rows(out)
    about = stored_run(Folder.at(out)) or {}
    return about["model"], _read(out)


def packed(rows: Sequence[Row]) -> bytes:
    """A Parquet file with these rows."""
    sink = pa.BufferOutputStream()
    whole = [{name: row.get(name) for name in SCHEMA.names} for row in rows]
    pq.write_table(pa.Table.from_pylist(whole, SCHEMA), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def rows_of_network(source: str) -> tuple[dict, list[Row]]:
    """(the network, the rows that its checkpoint carries); `source` as in `--model`.

    Raises SourceError and CheckpointError as `hub.resolve` does, and OptionError for a checkpoint without rows.
    """
    from cxr.checkpoint.companions import benchmark_rows
    from hub.sources import resolve

    resolved = resolve(source)
    file = benchmark_rows(resolved)
    if file is None:
        raise OptionError(
            f"The network {source!r} carries no rows of a benchmark.",
            "Run the benchmark on it with --attach, or give --versus that run's --out.",
        )
    about = {each: getattr(resolved, each) for each in ("name", "source", "revision", "sha256")}
    stored = pq.read_table(file).to_pylist()
    # another version may have had other columns
    return about, [{name: row.get(name) for name in SCHEMA.names} for row in stored]


def _read(out: Path) -> list[Row]:
    """All rows, in the order of their targets' pictures and labels; an old row gives way to a new one."""
    found = {key_of(row): row for row in _old_rows(out / OLD_ROWS)}
    found |= {key_of(row): row for row in rows_of(Folder.at(out), ROWS)}
    return list(found.values())


def _old_rows(file: Path) -> Iterator[Row]:
    """Complete lines of a table in CSV, its cells as the schema has them."""
    if not file.is_file():
        return
    text = file.read_text(encoding="utf-8")
    for row in csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1], newline="")):
        yield {name: _cell(row.get(name) or "", SCHEMA.field(name).type) for name in SCHEMA.names}


def _cell(text: str, kind: pa.DataType) -> Any:
    if not text:
        return None
    if pa.types.is_boolean(kind):
        return text == "True"
    return float(text) if pa.types.is_floating(kind) else text
