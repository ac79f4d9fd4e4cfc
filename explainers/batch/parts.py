"""A run's tables: which batches are done, and what failed in them.

Parts are those of `cxr.datasets.parts`. `scores` is written last: every radiograph has a row in it, if only one that
says why it could not be read. A part of another table without its part of `scores` is left over from a process that was
ended; it counts for nothing, and the next run deletes it.
"""

import pyarrow as pa
import pyarrow.compute as pc

from cxr.datasets.parts import part_names, read_part
from cxr.datasets.storage import Folder
from explainers.batch.schemas import TABLES

LAST = "scores"
IN_ORDER = (*(name for name in TABLES if name != LAST), LAST)
"""Tables in the order in which a batch's parts are written."""

NOT_FAILURES = ("NOT_MEASURABLE",)
"""Codes of rows without figures that are no failure: the measure says nothing of such a map."""


def parts(out: Folder, table: str = LAST) -> list[str]:
    """Names of a table's parts of batches that are done, sorted."""
    done = part_names(out, LAST)
    return sorted(done if table == LAST else done & part_names(out, table))


def done_images(out: Folder) -> set[str]:
    """Ids of the radiographs that are done."""
    return {each for name in parts(out) for each in read_part(out, LAST, name, ["image"])["image"].to_pylist()}


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
