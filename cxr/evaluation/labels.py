"""Tables of labels: NIH's `Finding Labels` (`Effusion|Mass`) or one 0/1 column a finding, columns in any order.

A label is 1 (there), 0 (not there) or NaN (not known: it is left out of loss and figures).
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from cxr.errors import LabelError
from cxr.evaluation.label_cells import LabelCells, left_out
from cxr.evaluation.table_columns import COLUMNS, column_of, known_columns, read_rows
from cxr.evaluation.table_text import Row
from cxr.findings import (
    COURSE_ORDER,
    FINDINGS,
    check_finding,
    findings_of,
    is_no_finding,
)
from hub.errors import names_hint

ORDERS: dict[str, tuple[str, ...]] = {"chexnet": FINDINGS, "course": COURSE_ORDER}
"""Orders that have a name; CheXNet and most networks on ChestX-ray14 use NIH's own."""

PATIENTS_IN_NAMES = (
    re.compile(r"(?:^|/)(\d{8})_\d{3}(?:\.\w+)?$"),
    re.compile(r"(?:^|/)patient(\d+)/"),
    re.compile(r"(?:^|/)p(\d{8})/"),
)
"""Where a picture's name tells the patient: NIH's 00000012_003.png, CheXpert's patient00012/…, MIMIC's p10000012/…"""

WHOLE_NUMBER = re.compile(r"(\d+)(?:\.0+)?", re.ASCII)
"""A patient's number, which pandas writes as 12.0 where another row has none."""

ROUNDED_NUMBER = re.compile(r"\d+[.,]?\d*e\+\d+", re.IGNORECASE)
"""How spreadsheets write a number of many digits, such as 1.23457E+11."""

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
    notes     sentences on what was left out or assumed
    """

    images: tuple[str, ...]
    patients: tuple[str, ...]
    findings: tuple[str, ...]
    values: np.ndarray
    columns: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...] = ()

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
    findings: Sequence[str] | None = None,
    others: Sequence[str] = (),
    uncertain: Policy = "ignore",
    missing: Policy = "ignore",
) -> LabelTable:
    """Read a table of labels in CSV, as NIH, CheXpert, MIMIC and VinDr-CXR publish theirs.

    findings   which to read, in which order; None for those of NIH's that the table has. Columns of 0 and 1 are used
               where the table has them, under any of their usual names, else `Finding Labels`
    others     a network's labels, which are findings too where the table has them under the same name
    uncertain  what −1 means
    missing    what an empty cell means

    Several readers of a picture (VinDr-CXR's `rad_id`) become one row by majority. Raises LabelError for an empty
    table, a column or a finding that isn't there, a value that is no label, a picture listed twice, a patient that
    is not known, and a finding with positives and blanks alone, unless `missing` says what a blank means.
    """
    rows, header = read_rows(Path(file))
    columns = known_columns(header)
    name = Path(file).name
    if "image" not in columns:
        known = ", ".join(COLUMNS["image"])
        raise LabelError(f"{name} has no column of pictures.", f"{names_hint('Image', header)} Names taken: {known}.")
    images = tuple((row[columns["image"]] or "").strip() for row in rows)
    found, values, notes = _values(LabelCells(name, tuple(others)), rows, header, columns, findings)
    if missing == "ignore":
        _check_negatives(name, found, values)
    values = np.select([values == -1, np.isnan(values)], [POLICIES[uncertain], POLICIES[missing]], values)
    patients, more = _patients(name, rows, columns, images)
    table = LabelTable(
        images=images,
        patients=patients,
        findings=found,
        values=values.astype(np.float32),
        columns={what: tuple((row[columns[what]] or "").strip() for row in rows) for what in columns if what in TEXTS},
        notes=(*notes, *more),
    )
    return _one_row_a_picture(name, table, several_readers="reader" in columns)


TEXTS = ("part", "age", "sex", "view", "source")


def _patients(
    name: str, rows: Sequence[Row], columns: Mapping[str, str], images: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The patient of each row, and a sentence where each picture counts as a patient."""
    if "patient" not in columns and column_of([columns["image"]], ["imageid"]) and not _patient_in(images[0]):
        return tuple(images), (f"{name} names no patients: each picture counts as a patient of its own.",)
    return tuple(_patient(name, row, image, columns) for row, image in zip(rows, images, strict=True)), ()


def _patient(name: str, row: Row, image: str, columns: Mapping[str, str]) -> str:
    patient = (row[columns["patient"]] or "").strip() if "patient" in columns else _patient_in(image)
    if not patient:
        where = f"column {columns['patient']!r}: it is empty. " if "patient" in columns else ""
        raise LabelError(
            f"{name}, line {row.line}: {where}The patient of {image!r} is not known.",
            "Parts and intervals go by patient: add a column `patient`, or use NIH's file names (00000012_003.png).",
        )
    if ROUNDED_NUMBER.fullmatch(patient):
        raise LabelError(
            f"{name}, line {row.line}: the patient {patient!r} is a number that a spreadsheet has rounded, so several "
            "patients may share it.",
            "Save the table again with the patients as text, or in full.",
        )
    return str(int(found[1])) if (found := WHOLE_NUMBER.fullmatch(patient)) else patient


def _patient_in(image: str) -> str:
    matches = (pattern.search(image.replace("\\", "/")) for pattern in PATIENTS_IN_NAMES)
    return next((match[1] for match in matches if match), "")


def _one_row_a_picture(name: str, table: LabelTable, *, several_readers: bool) -> LabelTable:
    """The table with one row for each picture: the label of most of its readers, not known where they are divided."""
    counts = Counter(table.images)
    twice = sorted(image for image, count in counts.items() if count > 1)
    if not twice:
        return table
    if not several_readers:
        raise LabelError(f"{name} lists {len(twice)} pictures twice, such as {twice[0]!r}.")
    rows_of: dict[str, list[int]] = {}
    for row, image in enumerate(table.images):
        rows_of.setdefault(image, []).append(row)
    known = ~np.isnan(table.values)
    votes = np.array([np.where(known[rows], 2 * table.values[rows] - 1, 0).sum(axis=0) for rows in rows_of.values()])
    note = (
        f"{len(twice)} pictures have several readers: the label of most of them counts. Where they are divided, it is "
        "not known."
    )
    merged = table.take([rows[0] for rows in rows_of.values()])
    values = np.select([votes > 0, votes < 0], [1.0, 0.0], np.nan).astype(np.float32)
    return replace(merged, values=values, notes=(*table.notes, note))


def _check_negatives(name: str, findings: Sequence[str], values: np.ndarray) -> None:
    """Raises LabelError for a finding with positives and blanks alone: without a 0, nothing can be measured."""
    positive, negative, blank = (values == 1), (values == 0), np.isnan(values)
    alone = positive.any(axis=0) & ~negative.any(axis=0) & blank.any(axis=0)
    if alone.any():
        names = ", ".join(np.array(findings)[alone])
        raise LabelError(
            f"{name} has no 0 in the column of {names}: only positives are known.",
            "Say what an empty cell means: --missing negative, if findings that are not named were not there.",
        )


def _values(
    cells: LabelCells,
    rows: Sequence[Row],
    header: Sequence[str],
    columns: Mapping[str, str],
    findings: Sequence[str] | None,
) -> tuple[tuple[str, ...], np.ndarray, tuple[str, ...]]:
    """(findings, (rows, findings) values, sentences) from columns of 0 and 1 or, where some lack, from lists.

    Values are 1, 0, -1 where uncertain, NaN where a cell is empty.
    """
    labels = [column for column in header if column not in columns.values()]
    places, others = findings_of(labels, cells.others)
    lacking = [finding for finding in findings or () if finding not in places]
    if columns.get("findings") and (lacking or not places):
        listed = (*FINDINGS, *cells.others_listed(rows, columns["findings"]))
        found = tuple(listed if findings is None else findings)
        return found, *cells.lists(rows, columns["findings"], found)
    if lacking or not places:
        known = f"It has {', '.join(places)}: name them with --order." if places else names_hint("", header)
        raise LabelError(f"{cells.table} has no column for {', '.join(lacking or FINDINGS)}.", known)
    found = tuple(places if findings is None else findings)
    values = [
        [cells.value(row[labels[places[finding]]], labels[places[finding]], row.line) for finding in found]
        for row in rows
    ]
    unknown = [column for column in others if not is_no_finding(column) and cells.are_labels(rows, column)]
    notes = (left_out(cells.table, unknown),) if unknown else ()
    return found, np.array(values, np.float32), notes
