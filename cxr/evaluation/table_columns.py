"""Tables in CSV as their publishers write them: rows and header, and which column is what."""

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from cxr.errors import LabelError
from cxr.evaluation.table_text import AS_CSV, Row, table_reader

COLUMNS: dict[str, tuple[str, ...]] = {
    "image": (
        *("image", "imageindex", "imagename", "imageid", "dicomid", "imagefile", "imagepath", "filename", "filepath"),
        *("file", "path", "img"),
    ),
    "patient": ("patient", "patientid", "subjectid", "subject"),
    "findings": ("findinglabels",),
    "part": ("part", "split"),
    "age": ("age", "patientage"),
    "sex": ("sex", "patientsex", "gender", "patientgender"),
    "view": ("view", "viewposition", "appa"),
    "source": ("source",),
    "reader": ("radid", "radiologist", "reader"),
}
"""What a column is, by its name in lower case without spaces and signs, as NIH, CheXpert, MIMIC and VinDr write it."""


def read_rows(file: Path) -> tuple[list[Row], list[str]]:
    """(rows, header) of a table in CSV. Raises LabelError for a file that is missing, no text, or ragged."""
    try:
        reader = table_reader(file.read_bytes(), file.name)
        header, rows = reader.header, list(reader)
    except FileNotFoundError as error:
        raise LabelError(f"There is no table {str(file)!r}.") from error
    except OSError as error:
        reason = "it is a folder" if file.is_dir() else error.strerror or type(error).__name__
        raise LabelError(f"{str(file)!r} can't be read as a table: {reason}.", "Give a CSV file.") from error
    except csv.Error as error:
        raise LabelError(f"{file.name} is not a table in CSV: {error}.", AS_CSV) from error
    if not rows:
        raise LabelError(f"{file.name} has no rows.", "A header and one row for each picture are expected.")
    if ragged := next((row.line for row in rows if None in row or None in row.values()), None):
        raise LabelError(f"{file.name}, line {ragged}: its number of cells differs from the header's.")
    return rows, header


def known_columns(header: Sequence[str]) -> dict[str, str]:
    """{what: column} of the columns that are no findings."""
    return {what: found for what, names in COLUMNS.items() if (found := column_of(header, names)) is not None}


def column_of(header: Sequence[str], names: Iterable[str]) -> str | None:
    """The first column whose name, in lower case without spaces and signs, is one of the names."""
    by_key = {re.sub(r"[^a-z0-9]", "", column.lower()): column for column in reversed(header)}
    return next((by_key[name] for name in names if name in by_key), None)
