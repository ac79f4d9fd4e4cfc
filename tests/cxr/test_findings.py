import pytest

from cxr.errors import FindingError
from cxr.findings import (
    ALIASES,
    ALPHABETICAL,
    COURSE_ORDER,
    DESCRIPTIONS,
    FINDINGS,
    NO_FINDING,
    OTHER_FINDINGS,
    XRV_ORDER,
    check_finding,
    display_name,
    findings_of,
    is_other_finding,
    known_finding,
)


def test_every_order_holds_the_same_fourteen():
    assert len(FINDINGS) == 14
    assert set(COURSE_ORDER) == set(ALPHABETICAL) == set(FINDINGS)
    assert len(COURSE_ORDER) == len(ALPHABETICAL) == 14


def test_torchxrayvision_has_four_more_behind_them():
    assert set(XRV_ORDER[:14]) == set(FINDINGS)
    assert len(set(XRV_ORDER)) == 18


def test_the_orders_differ():
    assert FINDINGS[:3] == ("Atelectasis", "Cardiomegaly", "Effusion")
    assert COURSE_ORDER[:3] == ("Cardiomegaly", "Emphysema", "Effusion")
    assert XRV_ORDER[:3] == ("Atelectasis", "Consolidation", "Infiltration")
    assert ALPHABETICAL[:3] == ("Atelectasis", "Cardiomegaly", "Consolidation")


def test_every_finding_has_one_sentence():
    for sentence in DESCRIPTIONS.values():
        assert sentence.endswith(".")
        assert sentence.count(".") == 1 or "cm." in sentence


@pytest.mark.parametrize(
    ("finding", "shown"),
    [
        ("Pleural_Thickening", "Pleural thickening"),
        ("Edema", "Edema"),
        ("Lung Opacity", "Lung opacity"),
        ("COVID", "COVID"),
        ("Signs_of_TB", "Signs of TB"),
    ],
)
def test_names_are_shown_with_spaces(finding, shown):
    assert display_name(finding) == shown


@pytest.mark.parametrize("name", ["Pleural_Thickening", "pleural thickening", " PLEURAL  THICKENING "])
def test_a_finding_is_found_whatever_its_case(name):
    assert check_finding(name, FINDINGS) == "Pleural_Thickening"


def test_an_unknown_finding_is_refused_with_the_closest_name():
    with pytest.raises(FindingError, match="Did you mean 'Effusion'") as caught:
        check_finding("Efusion", FINDINGS)
    assert caught.value.code == "FINDING"
    assert "Hernia" in str(caught.value)


def test_a_finding_that_this_checkpoint_lacks_is_refused():
    with pytest.raises(FindingError, match="Known: Edema"):
        check_finding("Effusion", ("Edema",))


def test_what_is_no_name_is_refused():
    with pytest.raises(FindingError):
        check_finding(None, FINDINGS)


SPELLINGS = {
    "CheXpert": {"Pleural Effusion": "Effusion", "Edema": "Edema", "Lung Opacity": None, "Lung Lesion": None},
    "MIMIC": {"Pleural Effusion": "Effusion", "Pneumothorax": "Pneumothorax", "Enlarged Cardiomediastinum": None},
    "PadChest": {
        "pleural effusion": "Effusion", "infiltrates": "Infiltration", "pulmonary edema": "Edema", "mass": "Mass",
        "pulmonary fibrosis": "Fibrosis", "pleural thickening": "Pleural_Thickening", "hiatal hernia": "Hernia",
        "nodule": "Nodule", "laminar atelectasis": None, "tuberculosis": None,
    },
    "VinDr": {
        "Pleural effusion": "Effusion", "Pulmonary fibrosis": "Fibrosis", "Pleural thickening": "Pleural_Thickening",
        "Nodule/Mass": None, "Lung Opacity": None, "ILD": None, "Aortic enlargement": None, "Edema": "Edema",
    },
    "RSNA": {"Lung Opacity": None, "Pneumonia": "Pneumonia"},
    "torchxrayvision": {"Pleural_Thickening": "Pleural_Thickening", "Effusion": "Effusion", "Fracture": None},
    "NIH's boxes": {"Infiltrate": "Infiltration"},
    "habits": {
        "PleuralEffusion": "Effusion", "pleural-effusion": "Effusion", "PLEURAL_EFFUSION": "Effusion",
        "oedema": "Edema",
        "Efusion": None, "": None, "No Finding": None, "Effusion and mass": None,
    },
}  # fmt: skip


@pytest.mark.parametrize(("source", "name"), [(source, name) for source, names in SPELLINGS.items() for name in names])
def test_a_finding_is_known_by_its_spellings(source, name):
    assert known_finding(name) == SPELLINGS[source][name]


def test_every_spelling_means_one_finding_alone():
    names = [*FINDINGS, *(name for names in ALIASES.values() for name in names), *OTHER_FINDINGS, *NO_FINDING]
    keys = [name.lower().replace("_", "").replace(" ", "") for name in names if name != "Pleural thickening"]
    assert len(set(keys)) == len(keys)
    assert not any(known_finding(name) for name in (*OTHER_FINDINGS, *NO_FINDING))
    assert all(is_other_finding(name.upper()) for name in OTHER_FINDINGS)


@pytest.mark.parametrize("name", [name for names in ALIASES.values() for name in names])
def test_another_spelling_is_found_among_labels(name):
    assert check_finding(name, FINDINGS) == known_finding(name)


def test_labels_of_outputs_become_findings_and_the_rest_is_left_out():
    labels = ("Lung Opacity", "Pleural Effusion", "", "Nodule/Mass", "Oedema")
    assert findings_of(labels) == ({"Effusion": 1, "Edema": 4}, ("Lung Opacity", "Nodule/Mass"))
    # NIH's own spelling counts first, wherever it stands
    assert findings_of(("Pleural Effusion", "Effusion")) == ({"Effusion": 1}, ("Pleural Effusion",))
