import pytest

from cxr.errors import FindingError
from cxr.findings import (
    ALPHABETICAL,
    COURSE_ORDER,
    DESCRIPTIONS,
    FINDINGS,
    XRV_ORDER,
    check_finding,
    display_name,
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
