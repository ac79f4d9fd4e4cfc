"""Tables of labels, in NIH's form and in columns."""

import numpy as np
import pytest

from cxr.errors import FindingError, LabelError
from cxr.evaluation.labels import order_of, read_labels
from cxr.findings import COURSE_ORDER, FINDINGS


def table(tmp_path, text: str):
    file = tmp_path / "labels.csv"
    file.write_text(text)
    return file


def test_nih_s_lists_become_zeros_and_ones(tmp_path):
    file = table(
        tmp_path,
        "Image Index,Finding Labels,Patient Age,View Position\n"
        "00000001_000.png,Effusion|Mass,58,PA\n"
        "00000012_003.png,No Finding,60,AP\n",
    )
    labels = read_labels(file, findings=("Mass", "Edema", "Effusion"))
    assert labels.values.tolist() == [[1, 0, 1], [0, 0, 0]]
    assert labels.patients == ("1", "12")
    assert labels.columns["view"] == ("PA", "AP")


def test_columns_come_in_any_order_and_cells_may_be_empty_or_uncertain(tmp_path):
    file = table(tmp_path, "patient,Mass,image,Effusion\n7,1,a.png,\n8,-1,b.png,0\n")
    labels = read_labels(file, findings=("Effusion", "Mass"))
    assert np.isnan(labels.values[0, 0])
    assert labels.values[0, 1] == 1
    assert np.isnan(labels.values[1, 1])
    taken = read_labels(file, findings=("Effusion", "Mass"), uncertain="positive", missing="negative")
    assert taken.values.tolist() == [[0, 1], [0, 1]]


def test_rows_are_taken_by_number_or_mask_and_positives_counted(tmp_path):
    file = table(tmp_path, "image,patient,part,Mass\na,1,test,1\nb,1,train,1\nc,2,test,0\n")
    labels = read_labels(file, findings=("Mass",))
    assert labels.positives() == {"Mass": (2, 1)}
    assert labels.take([2, 0]).images == ("c", "a")
    assert labels.take(np.array([True, False, True])).columns["part"] == ("test", "test")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("image,patient,Mass\n", "no rows"),
        ("name_of_it,patient,Mass\na,1,1\n", "no column of pictures"),
        ("image,patient,Mass\na,1,2\n", "line 2, column 'Mass': '2' is no label"),
        ("image,patient,Mass\na,1,x\n", "line 2, column 'Mass': 'x' is no label"),
        ("image,patient,Mass\na,1,1\na,1,0\n", "1 pictures twice"),
        ("image,Mass\na.png,1\n", "The patient of 'a.png' is not known"),
        ("image,patient,Edema\na,1,1\n", "no column for Mass"),
        ("image,patient,Mass\na,1\n", "number of cells differs"),
    ],
)
def test_a_table_that_can_not_be_read_is_refused_in_words(tmp_path, text, words):
    with pytest.raises(LabelError) as caught:
        read_labels(table(tmp_path, text), findings=("Mass",))
    assert words in str(caught.value)


def test_a_table_that_is_not_there_or_no_text_is_refused(tmp_path):
    with pytest.raises(LabelError, match="no table"):
        read_labels(tmp_path / "none.csv")
    (tmp_path / "labels.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LabelError, match="is not a table in CSV"):
        read_labels(tmp_path / "labels.csv")


def test_orders_have_names():
    assert order_of("course") == COURSE_ORDER
    assert order_of("chexnet") == FINDINGS
    assert order_of("Mass,Edema") == ("Mass", "Edema")
    with pytest.raises(FindingError):
        order_of("Mas")
    with pytest.raises(LabelError):
        order_of("Mass,Mass")


def test_many_pictures_listed_twice_are_counted_at_once(tmp_path):
    """A count that compares each row with each other takes minutes here."""
    names = [f"{number:08d}_000.png" for number in range(30_000)]
    file = tmp_path / "labels.csv"
    file.write_text("Image,Finding Labels\n" + "".join(f"{name},Mass\n" for name in names * 2))
    with pytest.raises(LabelError, match="lists 30000 pictures twice"):
        read_labels(file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "it is a folder"),
        (b"\xff\xfe\x00", "is not a table in CSV"),
        (b"image,Mass\n" + b"x" * 200_000 + b",1\n", "is not a table in CSV"),
        (b"", "has no rows"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, content, words):
    file = tmp_path / "labels.csv"
    file.mkdir() if content is None else file.write_bytes(content)
    with pytest.raises(LabelError, match=words):
        read_labels(file)


def test_a_networks_own_findings_are_read_from_columns_and_from_lists(tmp_path):
    columns = table(tmp_path, "Image,PatientId,covid 19,Effusion\na.png,1,1,0\nb.png,2,0,1\n")
    found = read_labels(columns, others=["COVID-19", "Effusion", "Scoliosis"])
    assert found.findings == ("COVID-19", "Effusion")
    np.testing.assert_array_equal(found.values, [[1, 0], [0, 1]])
    assert read_labels(columns).findings == ("Effusion",)
    lists = table(tmp_path, "Image,PatientId,Finding Labels\na.png,1,COVID-19|Effusion\nb.png,2,No Finding\n")
    found = read_labels(lists, others=["COVID-19"])
    assert [found.values[row][found.findings.index("COVID-19")] for row in (0, 1)] == [1, 0]
    assert not found.notes
