"""Tables as spreadsheets and other programs change them: lines, patients, ages and names of files."""

import unicodedata

import numpy as np
import pytest

from cxr.errors import LabelError
from cxr.evaluation.ages import age_in_years
from cxr.evaluation.labels import read_labels
from cxr.evaluation.picture_folder import PictureFolder


def written(folder, text, newline="\n"):
    file = folder / "table.csv"
    file.write_bytes(text.replace("\n", newline).encode())
    return file


# ---- lines -----------------------------------------------------------------------------------------------------------

BEFORE = {
    "nothing": ("", "", 3),
    "a separator's line": ("sep=,\n", "", 4),
    "empty lines at the top": ("\n\n", "", 5),
    "empty lines between rows": ("", "\n\n", 5),
    "a comment of two lines": ("", '"first\nsecond",b.png,2,1\n', 5),
    "comments and empty lines": ("sep=,\n", '\n"one\n\ntwo",b.png,2,1\n\n', 9),
}


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=repr)
@pytest.mark.parametrize("before", BEFORE)
def test_an_error_names_the_line_in_the_file(tmp_path, before, newline):
    top, between, line = BEFORE[before]
    text = f"{top}comment,image,patient,Mass\n,a.png,1,0\n{between}said,c.png,3,maybe\n"
    with pytest.raises(LabelError, match=rf"table\.csv, line {line}, column 'Mass'"):
        read_labels(written(tmp_path, text, newline))


@pytest.mark.parametrize("before", BEFORE)
def test_a_row_of_another_length_and_a_row_without_a_patient_are_named_by_their_line(tmp_path, before):
    top, between, line = BEFORE[before]
    start = f"{top}comment,image,patient,Mass\n,a.png,1,0\n{between}"
    for row, words in (("said,c.png,3,1,7\n", "number of cells"), ("said,c.png,,1\n", "'patient': it is empty")):
        with pytest.raises(LabelError, match=rf"line {line}[:,].*{words}"):
            read_labels(written(tmp_path, start + row))


# ---- patients --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["12", "00000012", "12.0", "12.00", " 12 "])
def test_a_patient_s_number_is_one_in_every_form(tmp_path, cell):
    assert read_labels(written(tmp_path, f"image,patient,Mass\na.png,{cell},1\nb.png,12,0\n")).patients == ("12", "12")


@pytest.mark.parametrize("cell", ["²", "১২", "A12", "12.5", "1e3", "p-7", "E+12"])
def test_another_name_of_a_patient_stays_as_it_is(tmp_path, cell):
    assert read_labels(written(tmp_path, f"image,patient,Mass\na.png,{cell},1\nb.png,12,0\n")).patients[0] == cell


@pytest.mark.parametrize("cell", ["1.23457E+11", '"1,23457E+11"', "1E+15", "9.9e+20"])
def test_a_number_that_a_spreadsheet_rounded_is_no_patient(tmp_path, cell):
    with pytest.raises(LabelError, match=r"line 2: the patient .* several patients may share it"):
        read_labels(written(tmp_path, f"image,patient,Mass\na.png,{cell},1\nb.png,12,0\n"))


# ---- ages ------------------------------------------------------------------------------------------------------------

YEARS = ["5 years old", "5yo", "5 yrs.", "5 Jahre", "5 ans", "5 años", "5 anni", "5+", ">5", "≥ 5", "5\xa0years"]
OTHERS = {"10 Tage": 10 / 365.25, "3 jours": 3 / 365.25, "6 semanas": 6 / 52.18, "4 Monate": 1 / 3, "2 meses": 1 / 6}
NO_AGES = ["5 furlongs", "<5", "≤5", "1½", "5²", "²", "5 6", "5y 3m", "five", "5-9", "∞"]


@pytest.mark.parametrize("cell", YEARS)
def test_years_are_read_in_words(cell):
    assert age_in_years(cell) == 5


@pytest.mark.parametrize("cell", OTHERS)
def test_a_unit_of_another_language_is_not_taken_for_years(cell):
    assert age_in_years(cell) == pytest.approx(OTHERS[cell], rel=1e-3)


@pytest.mark.parametrize("cell", NO_AGES)
def test_what_may_be_any_age_is_none(cell):
    assert age_in_years(cell) is None


# ---- names of files --------------------------------------------------------------------------------------------------

PLACES = [
    # (the file below the folder, the table's name for it)
    ("a.PNG", "a.png"), ("sub/A_1.png", "a_1.png"), ("sub/a.png", "A"), ("a.png", "a.jpg"), ("sub/a.dcm", "x/y/a.jpg"),
    ("train/patient1/view1.png", "Data/train/patient1/view1.jpg"), ("sub/a.jpeg", "a.jpg"),
    (unicodedata.normalize("NFD", "Größe é.png"), unicodedata.normalize("NFC", "Größe é.png")),
    (unicodedata.normalize("NFC", "Größe é.png"), unicodedata.normalize("NFD", "Größe é.png")),
]  # fmt: skip


@pytest.mark.parametrize(("place", "name"), PLACES)
def test_a_picture_is_found_after_its_name_was_changed_by_a_copy(tmp_path, place, name):
    file = tmp_path / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x")
    (tmp_path / "train" / "patient2").mkdir(parents=True, exist_ok=True)
    (tmp_path / "train" / "patient2" / "view1.png").write_bytes(b"x")
    assert PictureFolder(tmp_path).find(name) == file


@pytest.mark.parametrize(
    ("places", "name"),
    [(("one/A.png", "two/A.jpg"), "a.webp"), (("one/a.png", "two/a.jpg"), "a.webp"), (("a.v2.png",), "a.jpg")],
)
def test_two_pictures_of_a_name_are_not_told_apart_by_chance(tmp_path, places, name):
    for place in places:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(b"x")
    assert PictureFolder(tmp_path).find(name) == tmp_path / name


def test_the_name_as_written_counts_before_one_that_differs_in_capitals(tmp_path):
    for place in ("one/a.png", "two/A.png"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(b"x")
    assert PictureFolder(tmp_path).find("A.png") == tmp_path / "two/A.png"


def test_labels_are_those_of_the_rows_whatever_stands_between_them(tmp_path):
    text = '\ncomment,image,patient,Mass\n"a\nb",a.png,1,1\n\n,b.png,2,0\n'
    np.testing.assert_array_equal(read_labels(written(tmp_path, text)).values[:, 0], [1, 0])
