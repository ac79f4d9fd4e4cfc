"""Codes and fields that all DICOM objects of this project share."""

from typing import Any

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


def uid() -> Any:
    """A new identifier."""
    from highdicom import UID

    return UID()
