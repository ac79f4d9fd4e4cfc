"""The cells of a table of labels: 0/1 columns as programs write them, and lists such as `Effusion|Mass`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cxr.errors import LabelError
from cxr.evaluation.table_text import Row
from cxr.findings import FINDINGS, finding_among, is_no_finding, is_other_finding
from hub.errors import names_hint

UNKNOWN = ("", "nan", "na", "n/a", "none", "null", "<na>")
"""How pandas and others write an empty cell."""

TRUTH = {"true": 1.0, "false": 0.0}


def left_out(table: str, names: Sequence[str]) -> str:
    """The sentence on labels of a table that are left out."""
    return f"{table}: {', '.join(names)} is left out, since it is none of the findings that are known here."


@dataclass(frozen=True)
class LabelCells:
    """How the cells of one table are read: 1, 0, -1 where uncertain, NaN where empty.

    others  findings beside NIH's
    """

    table: str
    others: tuple[str, ...] = ()

    def value(self, text: str, column: str, line: int) -> float:
        """A 0/1 column's cell."""
        number = _number(text)
        if number is None:
            raise LabelError(
                f"{self.table}, line {line}, column {column!r}: {text!r} is no label.",
                "A label is 1, 0, -1 (uncertain), True, False or empty.",
            )
        return number

    def are_labels(self, rows: Sequence[Row], column: str) -> bool:
        """Whether a column holds nothing but labels, and at least one that is there."""
        numbers = {_number(row[column]) for row in rows}
        return None not in numbers and 1 in numbers

    def lists(self, rows: Sequence[Row], column: str, findings: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
        """(rows, findings) values of a column of lists such as `Effusion|Mass`, and a sentence on what is left out."""
        others: dict[str, None] = {}
        values = [self._listed(row[column], column, row.line, findings, others) for row in rows]
        return np.array(values, np.float32), (left_out(self.table, list(others)),) if others else ()

    def others_listed(self, rows: Sequence[Row], column: str) -> list[str]:
        """The findings of `others` that are in a list somewhere: of one that is in none, nothing is known."""
        names = {name.strip() for row in rows for name in (row[column] or "").split("|")}
        found = {finding_among(name, self.others) for name in names}
        return [name for name in dict.fromkeys(self.others) if name in found - set(FINDINGS)]

    def _listed(
        self, text: str, column: str, line: int, findings: Sequence[str], others: dict[str, None]
    ) -> list[float]:
        names = [name.strip() for name in (text or "").split("|") if name.strip()]
        if not names:
            return [np.nan] * len(findings)  # an empty cell says nothing of any finding
        there = set()
        for name in names:
            if finding := finding_among(name, self.others):
                there.add(finding)
            elif is_other_finding(name):
                others[name] = None
            elif not is_no_finding(name):
                raise LabelError(
                    f"{self.table}, line {line}, column {column!r}: there is no finding {name!r}.",
                    names_hint(name, (*FINDINGS, *self.others)),
                )
        return [float(finding in there) for finding in findings]


def _number(text: str) -> float | None:
    """A label as a number, NaN for an empty cell, None for what is no label."""
    word = (text or "").strip().lower()
    if word in UNKNOWN:
        return np.nan
    if word in TRUTH:
        return TRUTH[word]
    try:
        number = float(word.replace(",", "."))  # spreadsheets of many countries write 1,0
        return number if number in (-1, 0, 1) else None
    except ValueError:
        return None
