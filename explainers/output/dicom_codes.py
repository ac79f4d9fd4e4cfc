"""Codes and fields that all DICOM objects of this project share."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom import Dataset

MAKER, MODEL, SERIAL = "cxr-lens", "cxr-lens", "none"
SCHEME = "99CXRLENS"
RESEARCH = "Research only, not for diagnosis"


def series(number: int, instance: int, description: str) -> dict[str, Any]:
    """Arguments of highdicom's objects: a new series of that number, and the instance's place in it."""
    return {
        "series_instance_uid": uid(),
        "series_number": number,
        "sop_instance_uid": uid(),
        "instance_number": instance,
        "manufacturer": MAKER,
        "series_description": description[:64],
    }


def code(value: str, meaning: str) -> Any:
    """A code of this project's own scheme, of at most 16 characters; a longer meaning is cut as the standard wants."""
    from highdicom.sr import CodedConcept

    return CodedConcept(value[:16], SCHEME, meaning[:64])


def identify_scheme(made: "Dataset") -> None:
    """Say in an object what the designator of this project's codes stands for (PS3.3 C.12.1)."""
    from pydicom import Dataset

    scheme = Dataset()
    scheme.CodingSchemeDesignator = SCHEME
    scheme.CodingSchemeName = "Codes of cxr-lens"
    scheme.CodingSchemeResponsibleOrganization = MAKER
    made.CodingSchemeIdentificationSequence = [scheme]


def uid() -> Any:
    """A new identifier."""
    from highdicom import UID

    return UID()
