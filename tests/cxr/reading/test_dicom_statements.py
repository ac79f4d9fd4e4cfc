"""What a file says of its picture, in the standard's terms, codes and habits; and that no value is ever repeated."""

import traceback

import pytest

from cxr import read_radiograph
from cxr.errors import RadiographError

pytest.importorskip("pydicom", reason="needs the extra dicom")
from pydicom.datadict import DicomDictionary, keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.cxr.reading.dicom_files import content, dataset, implicit, with_bytes

LATERAL = [
    "LL",
    "RL",
    "LATERAL",
    "LAT",
    "lateral",
    "L LAT",
    "LLAT",
    "RLAT",
    "LT LATERAL",
    "LEFT LATERAL",
    "XTABLE LATERAL",
]
LATERAL += ["LATERAL LEFT", "RIGHT_LATERAL", "L-LAT", "CHEST LAT", "LATERALE", "PROFIL"]
FRONTAL = [
    "PA",
    "AP",
    "",
    "ap",
    "PA UPRIGHT",
    "AP SUPINE",
    "AP PORTABLE",
    "AP AXIAL",
    "FRONTAL",
    "POSTERO_ANTERIOR",
    "DLAT?",
]
DECUBITUS = [
    "LLD",
    "RLD",
    "AP LLD",
    "PA RLD",
    "LATERAL DECUBITUS",
    "LEFT LATERAL DECUBITUS",
    "DECUB",
    "DECUBITUS LATERAL",
]
OBLIQUE = ["LAO", "RAO", "LPO", "RPO", "LLO", "RLO", "OBLIQUE", "AP OBL"]


def warnings_of(**tags):
    return " ".join(read_radiograph(content(dataset(**tags))).warnings)


@pytest.mark.parametrize("view", LATERAL)
def test_a_lateral_view_is_warned_of(view):
    assert "lateral view" in warnings_of(ViewPosition=view)


@pytest.mark.parametrize(
    ("stated", "view"),
    [("PA", "PA"), ("ap", "AP"), ("AP PORTABLE", "AP"), ("PA_UPRIGHT", "PA"), ("AP SUPINE", "AP"), ("", ""), ("LL", ""),
     ("AP LLD", ""), ("AP OBL", ""), ("AP AXIAL", ""), ("FRONTAL", ""), ("PA12345", "")],
)  # fmt: skip
def test_the_view_is_known_where_the_file_names_ap_or_pa_and_nothing_unusual(stated, view):
    assert read_radiograph(content(dataset(ViewPosition=stated))).view == view


@pytest.mark.parametrize("view", FRONTAL)
def test_a_frontal_view_is_not_warned_of(view):
    assert not warnings_of(ViewPosition=view)


@pytest.mark.parametrize("view", DECUBITUS)
def test_a_patient_on_one_side_is_no_lateral_view(view):
    said = warnings_of(ViewPosition=view)
    assert "lay on one side" in said
    assert "lateral" not in said


@pytest.mark.parametrize("view", OBLIQUE)
def test_an_oblique_view_is_warned_of(view):
    assert "oblique view" in warnings_of(ViewPosition=view)


def coded(value, scheme="SCT"):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, "PLANTED MARKER"
    return Sequence([item])


CODED_VIEWS = {"399067008": "lateral", "399173006": "lateral", "399198007": "lateral", "R-10236": "lateral"}
CODED_VIEWS |= {
    "399348003": "",
    "272479007": "",
    "399033003": "",
    "R-10206": "",
    "399135007": "oblique",
    "399182000": "oblique",
}


@pytest.mark.parametrize("code", CODED_VIEWS)
def test_a_view_is_known_by_its_code(code):
    said = warnings_of(ViewCodeSequence=coded(code))
    assert f"{CODED_VIEWS[code]} view" in said if CODED_VIEWS[code] else not said


ORIENTATIONS = [
    (["L", "F"], ""), (["A", "F"], "lateral view"), (["P", "F"], "lateral view"), (["R", "F"], "mirrored"),
    (["L", "H"], "upside down"), (["F", "L"], "on its side"), (["H", "R"], "on its side"), ([""], ""),
    (["LF", "FR"], ""),
]  # fmt: skip


@pytest.mark.parametrize(("orientation", "words"), ORIENTATIONS)
def test_where_the_picture_s_sides_are_is_heeded(orientation, words):
    said = warnings_of(PatientOrientation=orientation)
    assert words in said if words else not said


CHESTS = [
    "CHEST",
    "THORAX",
    "PORT CHEST",
    "CHEST PORT",
    "TORAX",
    "TÓRAX",
    "Thorax pa",
    "CHEST_TO_PELVIS",
    "CHESTABDOMEN",
    "LUNG",
]
CHESTS += ["LUNGS", "RIB", "RIBS", "CXR", "PECHO", "", "UNKNOWN", "OTHER", "N/A", "NONE", "---"]
ELSEWHERE = [
    "HAND",
    "ABDOMEN",
    "SKULL",
    "PELVIS",
    "TSPINE",
    "THORACIC SPINE",
    "BREAST",
    "TIBIA",
    "FOOT",
    "WHOLEBODY",
    "PORT ABD",
]


@pytest.mark.parametrize("body", CHESTS)
def test_a_chest_is_not_warned_of(body):
    assert not warnings_of(BodyPartExamined=body)


@pytest.mark.parametrize("body", ELSEWHERE)
def test_another_part_of_the_body_is_warned_of(body):
    assert "another body part" in warnings_of(BodyPartExamined=body)


@pytest.mark.parametrize(
    ("code", "chest"), [("51185008", True), ("T-D3000", True), ("39607008", True), ("85562004", False)]
)
def test_a_part_of_the_body_is_known_by_its_code(code, chest):
    assert bool(warnings_of(AnatomicRegionSequence=coded(code))) is not chest


PROCESSING = [
    {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1.1"},
    {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.3.1"},
    {"PresentationIntentType": "FOR PROCESSING"},
]


@pytest.mark.parametrize("tags", PROCESSING)
def test_a_picture_before_processing_is_warned_of(tags):
    assert "before they are processed" in warnings_of(**tags)


@pytest.mark.parametrize("tags", [{"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, {"ConversionType": "WSD"}])
def test_a_secondary_capture_is_noted(tags):
    picture = read_radiograph(content(dataset(**tags)))
    assert "secondary capture" in picture.notes[0]
    assert not picture.warnings


WITHOUT_PIXELS = {
    "1.2.840.10008.5.1.4.1.1.11.1": "presentation state",
    "1.2.840.10008.5.1.4.1.1.11.8": "presentation state",
    "1.2.840.10008.5.1.4.1.1.88.22": "structured report",
    "1.2.840.10008.5.1.4.1.1.104.1": "document",
    "1.2.840.10008.1.3.10": "directory",
    "1.2.3": "has no pixels",
}


@pytest.mark.parametrize("uid", WITHOUT_PIXELS)
def test_a_file_without_pixels_is_called_what_it_is(uid):
    made = dataset(SOPClassUID=uid)
    del made.PixelData
    with pytest.raises(RadiographError, match=WITHOUT_PIXELS[uid]):
        read_radiograph(content(made))


# ---- no value of a tag is ever part of what is said ------------------------------------------------------------------

MARKER = b"PLANTED^MARKER"
TEXTS = ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT")
KEYWORDS = [
    keyword_for_tag(tag) for tag, entry in DicomDictionary.items() if entry[0] in TEXTS and tag >> 16 not in (0, 2)
]
READ = [
    "SOPClassUID",
    "SpecificCharacterSet",
    "Modality",
    "ConversionType",
    "PresentationIntentType",
    "BodyPartExamined",
]
READ += [
    "ViewPosition",
    "PatientOrientation",
    "PhotometricInterpretation",
    "PixelAspectRatio",
    "PixelSpacing",
    "WindowCenter",
]
READ += [
    "ImagerPixelSpacing",
    "BurnedInAnnotation",
    "WindowWidth",
    "RescaleSlope",
    "RescaleIntercept",
    "VOILUTFunction",
]
READ += [
    "WindowCenterWidthExplanation",
    "PresentationLUTShape",
    "NumberOfFrames",
    "VOILUTSequence",
    "ModalityLUTSequence",
]
READ += ["Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "SamplesPerPixel"]


@pytest.fixture
def said_of(recwarn, caplog, capfd):
    """All that leaves the program of a file: the radiograph's sentences or the error's, warnings, log, both streams."""

    def said(made):
        whole = content(made, enforce_file_format=False)
        recwarn.clear(), caplog.clear(), capfd.readouterr()  # of writing the file
        try:
            picture = read_radiograph(whole)
            found = [repr({name: value for name, value in vars(picture).items() if name not in ("grey", "rgb")})]
        except RadiographError as error:
            found = traceback.format_exception(error)
        return " ".join([*found, *(str(each.message) for each in recwarn), caplog.text, *capfd.readouterr()])

    return said


@pytest.mark.parametrize("form", ["explicit", "implicit"])
@pytest.mark.parametrize("name", READ)
def test_what_a_tag_that_is_read_holds_is_never_said(name, form, said_of):
    made = implicit(dataset()) if form == "implicit" else dataset()
    assert "PLANTED" not in said_of(with_bytes(made, name, MARKER, "LO"))


@pytest.mark.parametrize("form", ["explicit", "implicit"])
def test_what_all_text_tags_of_the_standard_hold_is_never_said(form, said_of):
    made = implicit(dataset()) if form == "implicit" else dataset()
    planted = [name for name in KEYWORDS if name and name not in READ]
    assert len(planted) > 2000
    for name in planted:
        with_bytes(made, name, MARKER, "LO")
    said = said_of(made)
    assert "PLANTED" not in said
    assert "warnings" in said
