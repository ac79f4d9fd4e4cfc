"""The tables of a run, version 1. docs/batch.md describes them; a test holds the two together.

Every table has a column `error`: null, or the code and the sentence of what failed. A row with an error has no figures.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

VERSION = 1
ERROR = pa.struct([("code", pa.string()), ("sentence", pa.string())])

SCORES = pa.schema(
    [
        ("image", pa.string()),
        ("patient", pa.string()),
        ("finding", pa.string()),
        ("logit", pa.float64()),
        ("score", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("threshold", pa.float64()),
        ("above", pa.bool_()),
        ("probability", pa.float64()),
        ("label", pa.float32()),
        ("warnings", pa.list_(pa.string())),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("input_digest", pa.string()),
        ("error", ERROR),
    ]
)

MAPS = pa.schema(
    [
        ("image", pa.string()),
        ("patient", pa.string()),
        ("finding", pa.string()),
        ("explainer", pa.string()),
        ("cells", pa.list_(pa.float32())),
        ("rows", pa.int32()),
        ("columns", pa.int32()),
        ("scale", pa.float64()),
        ("unit", pa.string()),
        ("signed", pa.bool_()),
        ("minimum", pa.float32()),
        ("maximum", pa.float32()),
        ("forward", pa.int32()),
        ("backward", pa.int32()),
        ("seconds", pa.float64()),
        ("shared", pa.bool_()),
        ("options", pa.string()),
        ("notes", pa.string()),
        ("input_digest", pa.string()),
        ("image_size", pa.list_(pa.int32(), 2)),
        ("crop", pa.list_(pa.float64(), 4)),
        ("error", ERROR),
    ]
)

MEASURES = pa.schema(
    [
        ("image", pa.string()),
        ("patient", pa.string()),
        ("finding", pa.string()),
        ("explainer", pa.string()),
        ("measure", pa.string()),
        ("value", pa.float64()),
        ("verdict", pa.string()),
        ("sentence", pa.string()),
        ("figures", pa.string()),
        ("seconds", pa.float64()),
        ("error", ERROR),
    ]
)

TABLES: dict[str, pa.Schema] = {"scores": SCORES, "maps": MAPS, "measures": MEASURES}

TIMES = ("seconds",)
"""Columns that differ from run to run."""


def schema_of(table: str, *, half: bool = False) -> pa.Schema:
    """A table's schema. half: cells of half precision."""
    schema = TABLES[table]
    if table == "maps" and half:
        at = schema.get_field_index("cells")
        schema = schema.set(at, pa.field("cells", pa.list_(pa.float16())))
    return schema


def table_of(table: str, rows: Sequence[Mapping[str, Any]], *, half: bool = False) -> pa.Table:
    """Rows as a table; what a row lacks is null. `cells` are NumPy arrays `(rows, columns)`."""
    schema = schema_of(table, half=half)
    columns = {
        field.name: _cells([row.get("cells") for row in rows], field.type)
        if field.name == "cells"
        else pa.array([row.get(field.name) for row in rows], field.type)
        for field in schema
    }
    return pa.table(columns, schema=schema)


def _cells(maps: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Lists of cells, row after row, without a Python number for each."""
    import numpy as np

    there = np.array([each is not None for each in maps], bool)
    flat = [np.ravel(each) for each in maps if each is not None]
    lengths = np.zeros(len(maps), np.int64)
    lengths[there] = [len(each) for each in flat]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    dtype = kind.value_type.to_pandas_dtype()
    values = np.concatenate(flat).astype(dtype) if flat else np.zeros(0, dtype)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values), mask=pa.array(~there))
