"""A table of boxes, one a row, as NIH, VinDr-CXR or a hand has written it: which radiograph, which finding, where."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cxr.errors import LabelError
from cxr.evaluation.table_columns import column_of
from cxr.evaluation.table_text import Row, table_reader
from cxr.findings import FINDINGS, is_no_finding, is_other_finding, known_finding
from explainers.errors import OptionError
from hub.errors import names_hint

NIH_SIDE = 1024
"""Side in pixels of NIH's pictures, in which its boxes are given."""

SIZES, CORNERS = ("x", "y", "w", "h"), ("left", "top", "right", "bottom")
COLUMNS: dict[str, tuple[str, ...]] = {
    "image": ("image", "imageindex", "imageid", "dicomid", "filename"),
    "finding": ("finding", "findinglabel", "classname", "label"),
    "patient": ("patient", "patientid", "subjectid"),
    # NIH's header has them in one text with commas in it: Bbox [x,y,w,h]
    **{"x": ("x", "bboxx"), "y": ("y",), "w": ("w", "width"), "h": ("h", "height")},
    **{"left": ("xmin",), "top": ("ymin",), "right": ("xmax",), "bottom": ("ymax",)},
}
"""What a column is, by its name in lower case without spaces and signs."""

NIH_IMAGE = re.compile(r"(\d{8})_\d{3}")

Box = tuple[float, float, float, float]
"""(top, left, height, width)."""


@dataclass(frozen=True)
class RowBox:
    """One row.

    patient  as the table or NIH's file name says it; None where neither does
    box      in pixels of a picture `side` wide and high; of the picture's own file where `side` is None
    line     of the file
    """

    image: str
    patient: str | None
    finding: str
    box: Box
    side: float | None
    line: int

    def shares(self, size: tuple[int, int]) -> Box:
        """The box as shares of the picture's sides; size: (height, width) of its file."""
        height, width = (self.side, self.side) if self.side else size
        top, left, tall, wide = self.box
        return top / height, left / width, tall / height, wide / width


@dataclass(frozen=True)
class BoxTable:
    """The boxes of findings that are known here.

    left_out  labels of boxes that are none of these findings
    """

    rows: tuple[RowBox, ...]
    left_out: tuple[str, ...] = ()


def read_box_table(file: Path, *, side: float = NIH_SIDE, labels: Sequence[str] = ()) -> BoxTable:
    """Every box of the table.

    labels  a network's own; a box may name one of them, too, exactly as it is spelled

    Columns are image, finding, x, y, w and h, in pixels of a picture `side` wide and high, under NIH's names too; or,
    as VinDr-CXR has them, x_min, y_min, x_max and y_max, in pixels of each picture's file. The patient is a column
    `patient`, or the beginning of NIH's names. Raises OptionError, naming line and column, for what can't be read.
    """
    try:
        reader = table_reader(file.read_bytes(), file.name)
        columns = _columns(reader.header, file.name)
        rows = list(reader)
    except LabelError as error:
        raise OptionError(error.sentence, error.hint) from error
    except csv.Error as error:
        raise OptionError(f"{file.name} is not a table in CSV: {error}.") from error
    others: dict[str, None] = {}
    found = []
    for row in rows:
        finding = _finding(row, columns, f"{file.name}, line {row.line}", others, labels)
        if finding is not None:
            found.append(_row_box(row, columns, finding, side, file.name))
    return BoxTable(tuple(found), tuple(others))


def _columns(header: Sequence[str], name: str) -> dict[str, str]:
    """{what: column}. Raises OptionError if one is missing."""
    found = {what: column for what, names in COLUMNS.items() if (column := column_of(header, names)) is not None}
    needed = CORNERS if set(CORNERS) <= found.keys() else SIZES
    if lacking := [what for what in ("image", "finding", *needed) if what not in found]:
        raise OptionError(
            f"{name} has no column {lacking[0]!r}.",
            "Expected image, finding, and x, y, w, h or x_min, y_min, x_max, y_max.",
        )
    return {what: found[what] for what in ("image", "finding", *needed)} | (
        {"patient": found["patient"]} if "patient" in found else {}
    )


def _finding(
    row: Mapping[str, str], columns: Mapping[str, str], where: str, others: dict[str, None], labels: Sequence[str]
) -> str | None:
    """The finding of a row; None for one that says that there is none, or of a finding that is none of these."""
    label = str(row[columns["finding"]] or "").strip()
    finding = label if label in labels else known_finding(label)
    if finding is None and is_other_finding(label):
        others[label] = None
    elif finding is None and not is_no_finding(label):
        raise OptionError(
            f"{where}, column {columns['finding']!r}: there is no finding {label!r}.",
            names_hint(label, dict.fromkeys((*labels, *FINDINGS))),
        )
    return finding


def _row_box(row: Row, columns: Mapping[str, str], finding: str, side: float, name: str) -> RowBox:
    image = str(row[columns["image"]] or "").strip()
    corners = "right" in columns
    x, y, across, down = (_number(row, columns[what], name) for what in (CORNERS if corners else SIZES))
    if corners:
        across, down = across - x, down - y
    if across <= 0 or down <= 0:
        raise OptionError(f"{name}, line {row.line}: the box has no area.", "Check its numbers and their columns.")
    if x + across <= 0 or y + down <= 0 or (not corners and max(x, y) >= side):
        raise OptionError(
            f"{name}, line {row.line}: the box lies outside the picture.",
            "Check its numbers, and the side of the pictures that they refer to.",
        )
    match = NIH_IMAGE.match(image)
    patient = (row.get(columns.get("patient", "")) or "").strip() or (match[1] if match else None)
    return RowBox(image, patient, finding, (y, x, down, across), None if corners else side, row.line)


def _number(row: Row, column: str, name: str) -> float:
    text = (row[column] or "").strip()
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise OptionError(f"{name}, line {row.line}, column {column!r}: {text!r} is no number of pixels.")
    return number
