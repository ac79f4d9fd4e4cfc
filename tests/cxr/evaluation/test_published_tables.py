"""Tables as NIH, CheXpert, MIMIC and VinDr-CXR publish theirs, in synthetic copies of their forms; habits of pandas."""

import numpy as np
import pytest

from cxr.errors import LabelError
from cxr.evaluation.ages import age_in_years
from cxr.evaluation.labels import read_labels
from cxr.evaluation.picture_folder import PictureFolder
from cxr.evaluation.subgroups import subgroup_masks
from cxr.findings import FINDINGS

NIH = """\
Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,\
View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],
00000001_000.png,Cardiomegaly|Effusion,0,1,58,M,PA,2682,2749,0.143,0.143,
00000012_003.png,No Finding,3,12,411,F,AP,2500,2048,0.168,0.168,
00000013_001.png,Pleural_Thickening,1,13,060Y,F,PA,2500,2048,0.168,0.168,
"""

CHEXPERT = """\
Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,\
Lung Lesion,Edema,Consolidation,Pneumonia,\
Atelectasis,Pneumothorax,Pleural Effusion,Pleural Other,Fracture,Support Devices
CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,1.0,,0.0,,,,,0.0,0.0,0.0,0.0,,,1.0
CheXpert-v1.0-small/train/patient00002/study2/view1_frontal.jpg,Male,87,Frontal,PA,,,-1.0,1.0,,-1.0,-1.0,,-1.0,,-1.0,,1.0,
CheXpert-v1.0-small/train/patient00002/study1/view2_lateral.jpg,Male,87,Lateral,,,,1.0,1.0,,0.0,0.0,1.0,,1.0,1.0,,1.0,
"""

MIMIC = """dicom_id,subject_id,study_id,split,Atelectasis,Cardiomegaly,Pleural Effusion,Lung Opacity
02aa804e-bde0afdd,10000032,50414267,train,,0.0,1.0,1.0
174413ec-4ec4c1f7,10000032,50414267,train,0.0,,0.0,1.0
2a2277a9-b0ded155,10000764,53189527,test,1.0,1.0,,0.0
"""

VINDR = """\
image_id,rad_id,Aortic enlargement,Atelectasis,Cardiomegaly,\
Infiltration,Nodule/Mass,Pleural effusion,Pleural thickening,Pulmonary fibrosis,No finding
000434271f63a053,R9,0,1,0,0,0,1,0,0,0
000434271f63a053,R10,0,0,0,1,0,1,0,0,0
000434271f63a053,R8,1,0,0,1,0,0,0,0,0
00053190460d56c5,R1,0,0,0,0,0,0,0,0,1
"""


def written(tmp_path, text, name="labels.csv"):
    (tmp_path / name).write_text(text)
    return tmp_path / name


def label(table, image, finding):
    return table.values[table.images.index(image), table.findings.index(finding)]


def test_nih_s_table_is_read_as_downloaded(tmp_path):
    table = read_labels(written(tmp_path, NIH))
    assert table.findings == FINDINGS
    assert label(table, "00000001_000.png", "Effusion") == 1
    assert label(table, "00000012_003.png", "Effusion") == 0
    assert table.patients == ("1", "12", "13")
    assert {name: {str(group): mask.tolist() for group, mask in groups.items()}
            for name, groups in subgroup_masks(table)}["age"] == {
        "40 to 59": [True, False, False], "60 to 74": [False, False, True]}  # fmt: skip


def test_chexpert_s_table_is_read_as_downloaded(tmp_path):
    table = read_labels(written(tmp_path, CHEXPERT))
    expected = {"Cardiomegaly", "Edema", "Consolidation", "Pneumonia", "Atelectasis", "Pneumothorax", "Effusion"}
    assert set(table.findings) == expected
    assert table.patients == ("1", "2", "2")
    assert table.columns["view"] == ("AP", "PA", "")
    first, second, third = table.images
    assert (label(table, first, "Effusion"), label(table, third, "Effusion")) == (0, 1)
    assert np.isnan(label(table, second, "Effusion"))
    assert np.isnan(label(table, first, "Edema"))
    (note,) = table.notes
    assert "Lung Opacity" in note
    assert "No Finding" not in note
    as_positive = read_labels(written(tmp_path, CHEXPERT), uncertain="positive", missing="negative")
    assert label(as_positive, second, "Effusion") == 1
    assert label(as_positive, first, "Edema") == 0


def test_mimic_s_table_is_read_as_it_is_joined(tmp_path):
    table = read_labels(written(tmp_path, MIMIC))
    assert table.findings == ("Atelectasis", "Cardiomegaly", "Effusion")
    assert table.patients == ("10000032", "10000032", "10000764")
    assert table.columns["part"] == ("train", "train", "test")
    assert table.images[0] == "02aa804e-bde0afdd"


def test_vindr_s_table_is_read_as_downloaded_by_majority(tmp_path):
    table = read_labels(written(tmp_path, VINDR))
    assert table.images == table.patients == ("000434271f63a053", "00053190460d56c5")
    first = table.images[0]
    found = {finding: float(label(table, first, finding)) for finding in table.findings}
    expected = {"Atelectasis": 0, "Cardiomegaly": 0, "Infiltration": 1, "Effusion": 1, "Pleural_Thickening": 0}
    assert found == expected | {"Fibrosis": 0}
    said = " ".join(table.notes)
    assert "several readers" in said
    assert "Aortic enlargement" in said
    assert "patient of its own" in said


def test_readers_that_are_divided_leave_a_label_unknown(tmp_path):
    table = read_labels(written(tmp_path, "image_id,rad_id,Mass,Edema\na,R1,1,0\na,R2,0,0\n"))
    assert np.isnan(label(table, "a", "Mass"))
    assert label(table, "a", "Edema") == 0


@pytest.mark.parametrize(
    "column", ["image", "Image Index", "image_id", "dicom_id", "Path", "filename", "Image Name", "img"]
)
def test_a_column_of_pictures_has_many_names(tmp_path, column):
    table = read_labels(written(tmp_path, f"{column},patient,Mass\na.png,1,1\nb.png,2,0\n"))
    assert table.images == ("a.png", "b.png")


def test_a_table_without_pictures_is_told_which_names_are_taken(tmp_path):
    with pytest.raises(LabelError, match="imageindex"):
        read_labels(written(tmp_path, "study,patient,Mass\na.png,1,1\n"))


CELLS = {
    "1": 1,
    "1.0": 1,
    "True": 1,
    "TRUE": 1,
    "true": 1,
    "0": 0,
    "0.0": 0,
    "False": 0,
    "-1": None,
    "-1.0": None,
    "": None,
}
CELLS |= {"nan": None, "NaN": None, "NA": None, "None": None, "<NA>": None, " 1 ": 1, "1e0": 1}


@pytest.mark.parametrize("cell", CELLS)
def test_a_label_is_read_as_programs_write_it(tmp_path, cell):
    table = read_labels(written(tmp_path, f"image,patient,Mass\na,1,{cell}\nb,2,0\nc,3,1\n"), findings=("Mass",))
    value = float(table.values[0, 0])
    assert np.isnan(value) if CELLS[cell] is None else value == CELLS[cell]


@pytest.mark.parametrize("cell", ["2", "yes", "0.5", "-2", "inf", "Mass"])
def test_what_is_no_label_is_told_with_table_line_and_column(tmp_path, cell):
    with pytest.raises(LabelError, match=r"labels.csv, line 3, column 'Pleural Effusion'"):
        read_labels(written(tmp_path, f"image,patient,Pleural Effusion\na,1,0\nb,2,{cell}\n"))


@pytest.mark.parametrize("name", ["Efusion", "Mas", "Effusion;Mass"])
def test_a_misspelt_finding_in_a_list_is_told_with_table_line_and_column(tmp_path, name):
    with pytest.raises(LabelError, match=r"labels.csv, line 2, column 'Finding Labels': there is no finding"):
        read_labels(written(tmp_path, f"image,patient,Finding Labels\na,1,{name}\n"))


def test_other_findings_in_a_list_are_left_out_and_said(tmp_path):
    table = read_labels(written(tmp_path, "image,patient,Finding Labels\na,1,Lung Opacity|Infiltrate\nb,2,Normal\n"))
    assert label(table, "a", "Infiltration") == 1
    assert (table.values[1] == 0).all()
    assert "Lung Opacity" in table.notes[0]


# ---- only positives are known ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("positive", ["1", "1.0", "True"])
@pytest.mark.parametrize("blank", ["", "nan"])
@pytest.mark.parametrize("uncertain", ["ignore", "positive", "negative"])
def test_positives_and_blanks_alone_stop_with_the_flag_that_says_what_a_blank_means(
    tmp_path, positive, blank, uncertain
):
    file = written(tmp_path, f"image,patient,Mass,Edema\na,1,{positive},0\nb,2,{blank},1\n")
    with pytest.raises(LabelError, match=r"no 0 in the column of Mass.*--missing negative"):
        read_labels(file, uncertain=uncertain)
    assert read_labels(file, missing="negative").values[1].tolist() == [0, 1]


@pytest.mark.parametrize("rows", ["a,1,1\nb,2,0\nc,3,\n", "a,1,\nb,2,\n", "a,1,1\nb,2,1\n", "a,1,0\nb,2,\n"])
def test_other_tables_are_not_stopped(tmp_path, rows):
    read_labels(written(tmp_path, f"image,patient,Mass\n{rows}"))


# ---- ages ------------------------------------------------------------------------------------------------------------

AGES = {
    "58": 58,
    "58.0": 58,
    "9.0": 9,
    "058Y": 58,
    "58Y": 58,
    "018M": 1.5,
    "6 months": 0.5,
    "6m": 0.5,
    "052W": 1,
    "010D": 0.03,
}
AGES |= {"58 years": 58, "58 y": 58, "0": 0, "0.5": 0.5, "58,0": 58, " 58 ": 58, "119": 119}
NO_AGES = ["", "nan", "411", "148.0", "abc", "Y58", "-5", "58 60", "999Y"]


@pytest.mark.parametrize("cell", AGES)
def test_an_age_is_read_as_it_is_written(cell):
    assert age_in_years(cell) == pytest.approx(AGES[cell], abs=0.01)


@pytest.mark.parametrize("cell", NO_AGES)
def test_what_is_no_age_is_none(cell):
    assert age_in_years(cell) is None


@pytest.mark.parametrize("form", ["{}", "{}.0", "{:03d}Y"])
def test_ages_fall_into_their_bands_in_every_form(tmp_path, form):
    years = [9, 5, 20, 39, 40, 58, 59, 60, 74, 75, 90]
    rows = "".join(f"{at}.png,{at},{form.format(age)},{at % 2}\n" for at, age in enumerate(years))
    table = read_labels(written(tmp_path, f"image,patient,Patient Age,Mass\n{rows}"))
    (groups,) = [groups for column, groups in subgroup_masks(table) if column == "age"]
    counts = {name: int(mask.sum()) for name, mask in groups.items()}
    assert counts == {"under 40": 4, "40 to 59": 3, "60 to 74": 2, "75 and over": 2}


# ---- where pictures lie ----------------------------------------------------------------------------------------------

PLACES = [
    # (where the file lies below the folder, how the table names it)
    ("a.png", "a.png"), ("a.png", "a"), ("images_001/images/a.png", "a.png"), ("images_001/images/a.png", "a"),
    ("train/patient1/study1/view1.jpg", "CheXpert-v1.0-small/train/patient1/study1/view1.jpg"),
    ("patient1/study1/view1.jpg", "CheXpert-v1.0-small/train/patient1/study1/view1.jpg"),
    ("files/p10/p10000032/s1/x.dcm", "x"), ("train/0a1b.dicom", "0a1b"), ("sub/A.JPG", "A"), ("a.b.png", "a.b"),
    ("sub/a.png", "elsewhere\\\\a.png"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "name"), PLACES)
def test_a_picture_is_found_below_the_folder(tmp_path, place, name):
    file = tmp_path / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "b.png").write_bytes(b"x")
    assert PictureFolder(tmp_path).find(name.replace("\\\\", "\\")) == file


@pytest.mark.parametrize("places", [("one/a.png", "two/a.png"), ("a.txt",), ()])
def test_a_name_that_is_nowhere_or_in_two_places_is_not_guessed(tmp_path, places):
    for place in places:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(b"x")
    assert PictureFolder(tmp_path).find("a") == tmp_path / "a"
    if len(places) == 2:
        assert PictureFolder(tmp_path).find("a.png") == tmp_path / "a.png"


def test_a_name_leads_to_no_file_outside_the_folder(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.png").write_bytes(b"x")
    assert PictureFolder(tmp_path / "in").find("x/../../secret.png") != tmp_path / "secret.png"
