"""Tables of labels: NIH's `Finding Labels` (`Effusion|Mass`) or one 0/1 column a finding, columns in any order.

A label is 1 (there), 0 (not there) or NaN (not known, so it counts neither for nor against in loss and figures).
"""

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from cxr.errors import LabelError
from cxr.findings import COURSE_ORDER, FINDINGS, check_finding
from hub.errors import names_hint

ORDERS: dict[str, tuple[str, ...]] = {"chexnet": FINDINGS, "course": COURSE_ORDER}
"""Orders that have a name; CheXNet and most networks on ChestX-ray14 use NIH's own."""

NO_FINDING = "No Finding"
NIH_IMAGE = re.compile(r"(\d{8})_\d{3}(\.\w+)?")
"""NIH's picture names begin with the patient's number."""

COLUMNS: dict[str, tuple[str, ...]] = {
    "image": ("image", "imageindex", "imagename", "filename", "path"),
    "patient": ("patient", "patientid"),
    "findings": ("findinglabels",),
    "part": ("part", "split"),
    "age": ("age", "patientage"),
    "sex": ("sex", "patientsex", "gender", "patientgender"),
    "view": ("view", "viewposition"),
    "source": ("source",),
}
"""What a column is, by its name in lower case without spaces and signs."""

Policy = Literal["ignore", "negative", "positive"]
POLICIES: dict[str, float] = {"ignore": np.nan, "negative": 0.0, "positive": 1.0}


@dataclass(frozen=True, eq=False)
class LabelTable:
    """Rows of a table of labels.

    images    name of each picture, as the table gives it
    patients  of each row; numbers without leading zeros, so that `00000012` and `12` are one patient
    findings  names of the columns of `values`
    values    (rows, findings) float32: 1, 0, or NaN where a label is not known
    columns   {"part", "age", "sex", "view", "source"} those that the table has, as text; "" where a cell is empty
    """

    images: tuple[str, ...]
    patients: tuple[str, ...]
    findings: tuple[str, ...]
    values: np.ndarray
    columns: Mapping[str, tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: Sequence[int] | np.ndarray) -> "LabelTable":
        """The table of some rows, in the order given: numbers, or a mask."""
        picked = np.flatnonzero(rows) if np.asarray(rows).dtype == bool else np.asarray(rows, int)
        return replace(
            self,
            images=tuple(self.images[row] for row in picked),
            patients=tuple(self.patients[row] for row in picked),
            values=self.values[picked],
            columns={name: tuple(cells[row] for row in picked) for name, cells in self.columns.items()},
        )

    def positives(self) -> dict[str, tuple[int, int]]:
        """{finding: (pictures, patients)} that have it."""
        patients = np.array(self.patients)
        masks = {finding: self.values[:, at] == 1 for at, finding in enumerate(self.findings)}
        return {finding: (int(mask.sum()), len(set(patients[mask]))) for finding, mask in masks.items()}


def joined_tables(tables: Sequence[LabelTable]) -> LabelTable:
    """Several tables of the same findings as one, with the columns that all have.

    Raises LabelError if a picture's name is in two of them.
    """
    names = [image for table in tables for image in table.images]
    if len(set(names)) < len(names):
        raise LabelError(f"{len(names) - len(set(names))} pictures are in two tables.", "Give each picture once.")
    columns = set.intersection(*(set(table.columns) for table in tables))
    return LabelTable(
        tuple(names),
        tuple(patient for table in tables for patient in table.patients),
        tables[0].findings,
        np.concatenate([table.values for table in tables]),
        {name: tuple(cell for table in tables for cell in table.columns[name]) for name in columns},
    )


def shows_none(table: LabelTable) -> np.ndarray:
    """(rows,) bool: no finding is labelled as there."""
    return ~(table.values == 1).any(axis=1)


def order_of(text: str) -> tuple[str, ...]:
    """Findings that an option names: `course`, `chexnet`, or names with commas between them."""
    if text in ORDERS:
        return ORDERS[text]
    findings = tuple(check_finding(name, FINDINGS) for name in text.split(",") if name.strip())
    if not findings or len(set(findings)) < len(findings):
        raise LabelError(f"{text!r} names no finding, or one of them twice.", names_hint(text, (*ORDERS, *FINDINGS)))
    return findings


def read_labels(
    file: str | Path,
    *,
    findings: Sequence[str] = FINDINGS,
    uncertain: Policy = "ignore",
    missing: Policy = "ignore",
) -> LabelTable:
    """Read a table of labels in CSV.

    findings   which to read, in which order; 0/1 columns are used where the table has them, else `Finding Labels`
    uncertain  what −1 means
    missing    what an empty cell means

    Raises LabelError for an empty table, a column or a finding that isn't there, a value that is no label, a picture
    listed twice, and a patient that can't be told (no column, and no NIH picture name).
    """
    rows, header = _rows(Path(file))
    columns = {what: found for what, names in COLUMNS.items() if (found := _column(header, names))}
    if "image" not in columns:
        raise LabelError(f"{Path(file).name} has no column of pictures.", names_hint("Image", header))
    images = tuple(row[columns["image"]].strip() for row in rows)
    if twice := sorted(image for image, count in Counter(images).items() if count > 1):
        raise LabelError(f"{Path(file).name} lists {len(twice)} pictures twice, such as {twice[0]!r}.")
    reader = _Cells(Path(file).name, POLICIES[uncertain], POLICIES[missing])
    return LabelTable(
        images=images,
        patients=tuple(_patient(row, columns, image) for row, image in zip(rows, images, strict=True)),
        findings=tuple(findings),
        values=_values(reader, rows, header, findings, columns.get("findings")),
        columns={what: tuple((row[columns[what]] or "").strip() for row in rows) for what in columns if what in TEXTS},
    )


TEXTS = ("part", "age", "sex", "view", "source")


def _rows(file: Path) -> tuple[list[dict[str, str]], list[str]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            header, rows = list(reader.fieldnames or ()), list(reader)
    except FileNotFoundError as error:
        raise LabelError(f"There is no table {str(file)!r}.") from error
    except OSError as error:
        reason = "it is a folder" if file.is_dir() else error.strerror or type(error).__name__
        raise LabelError(f"{str(file)!r} can't be read as a table: {reason}.", "Give a CSV file.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise LabelError(f"{file.name} is not a table in CSV: {error}.", "Save it as CSV in UTF-8.") from error
    if not rows:
        raise LabelError(f"{file.name} has no rows.", "A header and one row for each picture are expected.")
    if ragged := next((at for at, row in enumerate(rows, 2) if None in row or None in row.values()), None):
        raise LabelError(f"{file.name}, line {ragged}: its number of cells differs from the header's.")
    return rows, header


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _column(header: Sequence[str], names: Sequence[str]) -> str | None:
    by_key = {_key(column): column for column in header}
    return next((by_key[name] for name in names if name in by_key), None)


def _patient(row: Mapping[str, str], columns: Mapping[str, str], image: str) -> str:
    if "patient" in columns:
        patient = row[columns["patient"]].strip()
    else:
        match = NIH_IMAGE.fullmatch(Path(image).name)
        patient = match[1] if match else ""
    if not patient:
        raise LabelError(
            f"The patient of {image!r} is not known.",
            "Parts and intervals go by patient: add a column `patient`, or use NIH's file names (00000012_003.png).",
        )
    return str(int(patient)) if patient.isdigit() else patient


def _values(
    reader: "_Cells", rows: list[dict[str, str]], header: Sequence[str], findings: Sequence[str], listed: str | None
) -> np.ndarray:
    columns = {finding: _column(header, [_key(finding)]) for finding in findings}
    lacking = [finding for finding, column in columns.items() if column is None]
    if lacking and not listed:
        raise LabelError(f"{reader.table} has no column for {', '.join(lacking)}.", names_hint(lacking[0], header))
    if lacking and listed:
        return np.array([reader.listed(row[listed], findings) for row in rows], np.float32)
    cells = [
        [reader.value(row[column], finding, line) for finding, column in columns.items() if column]
        for line, row in enumerate(rows, 2)
    ]
    return np.array(cells, np.float32)


@dataclass(frozen=True)
class _Cells:
    """How the cells of one table are read."""

    table: str
    uncertain: float
    missing: float

    def value(self, text: str, finding: str, line: int) -> float:
        """A 0/1 column's cell."""
        try:
            number = float(text) if text.strip() else None
        except ValueError:
            number = np.inf
        if number is None:
            return self.missing
        if number not in (-1, 0, 1):
            raise LabelError(
                f"{self.table}, line {line}: {finding} is {text!r}.", "A label is 1, 0, -1 (uncertain) or empty."
            )
        return self.uncertain if number == -1 else number

    def listed(self, text: str, findings: Sequence[str]) -> list[float]:
        """A cell of `Finding Labels`; an empty one says nothing of any finding."""
        names = [name.strip() for name in text.split("|") if name.strip()]
        if not names:
            return [self.missing] * len(findings)
        there = {check_finding(name, FINDINGS) for name in names if name != NO_FINDING}
        return [float(finding in there) for finding in findings]
