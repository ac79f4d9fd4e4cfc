"""Tables in every encoding and with every separator that spreadsheets save: the same rows, or what the file is."""

import itertools

import pytest

from cxr.errors import LabelError
from cxr.evaluation.labels import read_labels

HEADER = ["Image Index", "Effusion", "Pleural_Thickening", "Patient ID", "Note"]
ROWS = [
    ["00000001_000.png", "1", "0", "1", "plain"],
    ["00000002_000.png", "0", "1.0", "2", "two\nlines"],
    ["00000003_000.png", "-1", "", "3", "a, b; c | d"],
    ["00000004_000.png", "0", "0", "4", "Müller"],
]

ENCODINGS = {
    "UTF-8": lambda text: text.encode(),
    "UTF-8 with a mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16 with a mark": lambda text: text.encode("utf-16"),
    "UTF-16, big-endian, with a mark": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "UTF-16": lambda text: text.encode("utf-16-le"),
    "UTF-16, big-endian": lambda text: text.encode("utf-16-be"),
    "UTF-32": lambda text: text.encode("utf-32"),
}


def written(separator=",", end="\n", *, quoted=False, before="", rows=ROWS, header=HEADER):
    def cell(text):
        return f'"{text}"' if quoted or any(sign in text for sign in ',;|\t\n"') else text

    return before + end.join(separator.join(map(cell, row)) for row in (header, *rows)) + end


def read(tmp_path, content):
    file = tmp_path / "table.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_labels(file)


@pytest.fixture
def expected(tmp_path):
    return read(tmp_path, written())


def assert_same(found, expected):
    assert (found.images, found.patients, found.findings) == (expected.images, expected.patients, expected.findings)
    assert found.values.tobytes() == expected.values.tobytes()


@pytest.mark.parametrize(("encoding", "separator"), list(itertools.product(ENCODINGS, ",;\t|")))
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_table_is_the_same_in_every_encoding_and_with_every_separator(tmp_path, expected, encoding, separator, end):
    assert_same(read(tmp_path, ENCODINGS[encoding](written(separator, end))), expected)


@pytest.mark.parametrize("before", ["\n\n", "\r\n", "sep=;\r\n", "SEP=;\n"])
def test_what_stands_before_the_header_is_no_row(tmp_path, expected, before):
    separator = ";" if "=" in before else ","
    assert_same(read(tmp_path, written(separator, before=before)), expected)


def test_quotes_and_blanks_around_cells_are_no_part_of_them(tmp_path, expected):
    assert_same(read(tmp_path, written(quoted=True)), expected)
    spaced = [[f" {cell} " for cell in row] for row in ROWS]
    assert_same(read(tmp_path, written(rows=spaced, header=[f" {name} " for name in HEADER])), expected)


def test_numbers_with_a_decimal_comma_are_labels(tmp_path, expected):
    rows = [[row[0], *(f"{cell.removesuffix('.0')},0" if cell else "" for cell in row[1:3]), *row[3:]] for row in ROWS]
    assert_same(read(tmp_path, written(";", rows=rows)), expected)


OTHERS = {
    "Excel workbook": b"PK\x03\x04" + bytes(200),
    "older Excel": b"\xd0\xcf\x11\xe0" + bytes(200),
    "gzip": b"\x1f\x8b\x08" + bytes(200),
    "web page": b"<!doctype html><html></html>",
    "JSON": b'[{"image": "a.png"}]',
    "Parquet": b"PAR1" + bytes(200),
    "Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n",
    "not in UTF-8": written().encode("latin-1"),
    "no text has": written().replace("plain", "pl\0ain").encode(),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_that_is_no_such_table_is_called_by_its_name(tmp_path, name):
    with pytest.raises(LabelError, match=r"table\.csv") as caught:
        read(tmp_path, OTHERS[name])
    assert name in caught.value.sentence
    assert caught.value.hint
    assert "codec" not in str(caught.value)


@pytest.mark.parametrize("name", ["Effusion", "Image Index", "Patient ID", "Note"])
def test_two_columns_of_one_name_are_refused(tmp_path, name):
    rows = [[*row, "0"] for row in ROWS]
    with pytest.raises(LabelError, match=f"two columns '{name}'"):
        read(tmp_path, written(rows=rows, header=[*HEADER, name]))


def test_columns_without_a_name_may_be_several(tmp_path, expected):
    rows = [[*row, "", ""] for row in ROWS]
    assert_same(read(tmp_path, written(rows=rows, header=[*HEADER, "", ""])), expected)
