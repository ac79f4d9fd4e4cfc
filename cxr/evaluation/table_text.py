"""The text of a table in CSV, as spreadsheets save it: its encoding and its separator, or what the file is instead."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator

from cxr.errors import LabelError

MARKS = {
    codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16", codecs.BOM_UTF8: "utf-8-sig",
}  # fmt: skip
"""Byte order marks; those of 32 bits begin as those of 16 do, and come first."""

OTHERS = {
    b"PK\x03\x04": "an Excel workbook or another ZIP archive",
    b"\xd0\xcf\x11\xe0": "a workbook of an older Excel",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
    b"\x89HDF": "an HDF5 file",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "a database",
    b"<": "a web page or XML",
    b"{": "JSON",
    b"[": "JSON",
}
SEPARATORS = ",;\t|"
AS_CSV = "Save it as CSV in UTF-8."


LINE_BREAK = re.compile(r"\r\n|\r|\n")


class Row(dict[str, str]):
    """{column: cell} of one row.

    line  number in the file of the line that the row begins in: cells may hold line breaks, and empty lines are no rows
    """

    line: int = 0


class TableReader:
    """The header of a table and, by iteration, its rows.

    header   names of the columns
    skipped  number of lines before the header
    """

    def __init__(self, text: str, separator: str, skipped: int) -> None:
        self._reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
        self.header = list(self._reader.fieldnames or ())
        self.skipped = skipped

    def __iter__(self) -> Iterator[Row]:
        for cells in self._reader:
            row = Row(cells)
            breaks = sum(len(LINE_BREAK.findall(cell)) for cell in cells.values() if isinstance(cell, str))
            row.line = self.skipped + self._reader.line_num - breaks
            yield row


def table_reader(content: bytes, name: str) -> TableReader:
    """A reader of the rows below the header.

    name  of the file, for errors

    The separator is the one that stands most often in the header, or the one that a first line `sep=;` names. Raises
    LabelError for a file that is no table, that is neither UTF-8 nor UTF-16, or that has two columns of one name.
    """
    whole = _decoded(content, name)
    text = whole.lstrip("\r\n")
    named = re.match(r"sep=(.)(?:\r\n|\r|\n)", text, re.IGNORECASE)
    text = text[named.end() :] if named else text
    skipped = len(LINE_BREAK.findall(whole.removesuffix(text)))
    first = re.sub(r'"[^"]*"', "", text.splitlines()[0]) if text else ""
    separator = named[1] if named else max(SEPARATORS, key=first.count)
    reader = TableReader(text, separator, skipped)
    twice = [column for column, count in Counter(reader.header).items() if count > 1 and column.strip()]
    if twice:
        raise LabelError(
            f"{name} has two columns {twice[0]!r}.", "Rename or remove one: which one counts is not known."
        )
    return reader


def _decoded(content: bytes, name: str) -> str:
    if content.startswith(b"version https://git-lfs"):
        raise LabelError(f"{name} is a Git LFS pointer: the table was not downloaded.", "Run `git lfs pull`.")
    start = content[:64].lstrip()
    if kind := next((kind for sign, kind in OTHERS.items() if start.startswith(sign)), ""):
        raise LabelError(f"{name} is {kind}, not a table in CSV.", AS_CSV)
    encoding = next((encoding for mark, encoding in MARKS.items() if content.startswith(mark)), "")
    try:
        text = content.decode(encoding or _without_mark(content))
    except UnicodeDecodeError:
        raise LabelError(f"{name} is not a table in CSV, or not in UTF-8.", AS_CSV) from None
    if "\0" in text:
        raise LabelError(f"{name} is not a table in CSV: it holds bytes that no text has.", AS_CSV)
    return text


def _without_mark(content: bytes) -> str:
    """UTF-16 without a mark has a zero in every second byte of plain letters."""
    start = content[:64]
    if start[1::2].count(0) > len(start) // 4:
        return "utf-16-le"
    return "utf-16-be" if start[::2].count(0) > len(start) // 4 else "utf-8"
