"""Reads the needed tags of a DICOM file one by one: a tag that can't be used is left out and named, never quoted.

Text values are read from the file's bytes, so that a value that breaks the standard's rules spoils neither the other
tags nor the picture. Tags that identify a patient are skipped.
"""

import io
import logging
import math
import re
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.uid import UID

PIXEL_TAGS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
TABLE_TAGS = ("LUTDescriptor", "LUTData", "LUTExplanation")
CODE_TAGS = ("CodeValue", "CodingSchemeDesignator")
RESCALE_TAGS = ("RescaleSlope", "RescaleIntercept")
WINDOW_TAGS = ("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction")
SHUTTER_EDGES = tuple(f"Shutter{side}Edge" for side in ("LeftVertical", "RightVertical", "UpperHorizontal"))
SHUTTER_EDGES += ("ShutterLowerHorizontalEdge",)
SHUTTER_TAGS = (
    *("ShutterShape", *SHUTTER_EDGES, "CenterOfCircularShutter", "RadiusOfCircularShutter"),
    *("VerticesOfThePolygonalShutter", "ShutterPresentationValue"),
)
GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
"""Where files of the enhanced kind state what others state at the top, for all frames or for each (PS3.3 C.7.6.16)."""

SEQUENCES = {
    "ModalityLUTSequence": TABLE_TAGS,
    "VOILUTSequence": TABLE_TAGS,
    "ViewCodeSequence": CODE_TAGS,
    "AnatomicRegionSequence": CODE_TAGS,
    "FrameVOILUTSequence": WINDOW_TAGS,
    "PixelValueTransformationSequence": RESCALE_TAGS,
} | dict.fromkeys(GROUPS, ("FrameVOILUTSequence", "PixelValueTransformationSequence"))
"""{sequence: the tags of its items that are looked at}."""
PALETTES = tuple(
    f"{segmented}{colour}PaletteColorLookupTable{part}"
    for segmented, part in (("", "Descriptor"), ("", "Data"), ("Segmented", "Data"))
    for colour in ("Red", "Green", "Blue")
)
TAGS = (
    *PIXEL_TAGS,
    *("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit"),
    *(*RESCALE_TAGS, *WINDOW_TAGS, "PresentationLUTShape", "PresentationIntentType", *PALETTES, *SEQUENCES),
    *("PixelAspectRatio", "PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"),
    *("SOPClassUID", "ConversionType", "Modality", "BodyPartExamined", "ViewPosition", "PatientOrientation"),
    *("BurnedInAnnotation", *SHUTTER_TAGS),
)

DAMAGE = (
    *(AttributeError, TypeError, ValueError, LookupError, ArithmeticError, RuntimeError, NotImplementedError),
    *(OSError, EOFError, struct.error),
)
"""What pydicom and its decoders raise on wrong values and damaged files."""

NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,3})?")
"""A decimal string; in many countries its point is written as a comma, which has no other meaning there."""

TEXT_TYPES = ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT")

_one_at_a_time = threading.Lock()
"""Held while pydicom's settings are changed: there is one set for the whole process."""


@dataclass
class Tags:
    """Values of one data set by the tags' keywords.

    values      texts, numbers or bytes; none for an empty tag
    sequences   the items of each sequence
    unusable    keywords of tags whose value can't be used, in the order in which that was found
    syntax      the transfer syntax; of the file's outermost data set
    big_endian  the order of the bytes of its numbers
    """

    values: dict[str, tuple] = field(default_factory=dict)
    sequences: dict[str, list["Tags"]] = field(default_factory=dict)
    unusable: dict[str, None] = field(default_factory=dict)
    syntax: "UID | None" = None
    big_endian: bool = False
    signed: frozenset[str] = frozenset()
    """Tags whose numbers the file itself declares to be signed."""

    def __contains__(self, name: str) -> bool:
        return bool(self.values.get(name) or self.sequences.get(name) or name in self.unusable)

    def refuse(self, name: str) -> None:
        """Record that the tag can't be used."""
        self.unusable[name] = None

    def numbers(self, name: str) -> list[float | None]:
        """The tag's finite numbers; None in place of one that is empty or can't be used."""
        found = []
        for value in self._plain(name):
            number = _number(value)
            if number is None and not _is_blank(value):
                self.refuse(name)
            found.append(number)
        return found

    def number(self, name: str) -> float | None:
        """The tag's first number, if it has a usable one."""
        return next(iter(self.numbers(name)), None)

    def whole(self, name: str) -> int | None:
        """The tag's first number, if it is a whole one."""
        number = self.number(name)
        if number is not None and number != int(number):
            self.refuse(name)
            return None
        return None if number is None else int(number)

    def words(self, name: str) -> list[str]:
        """The tag's texts in upper case, stripped of spaces."""
        return [str(value).strip(" \0").upper() for value in self.values.get(name, ()) if not isinstance(value, bytes)]

    def word(self, name: str) -> str:
        """The tag's first text, or ""."""
        return next(iter(self.words(name)), "")

    def bytes_of(self, name: str) -> bytes:
        """The tag's bytes, or none."""
        return b"".join(value for value in self.values.get(name, ()) if isinstance(value, bytes))

    def items(self, name: str) -> list["Tags"]:
        """The items of a sequence."""
        return self.sequences.get(name, [])

    def _plain(self, name: str) -> tuple:
        """Values of a tag; 16-bit numbers where the file doesn't give the type."""
        values = self.values.get(name, ())
        if not any(isinstance(value, bytes) for value in values):
            return values
        content = self.bytes_of(name)
        return struct.unpack(f"{'>' if self.big_endian else '<'}{len(content) // 2}H", content[: len(content) // 2 * 2])


def read_tags(content: bytes) -> Tags:
    """The tags of a file. pydicom's errors on damage are raised; their text may quote a value, so don't chain them."""
    from pydicom import dcmread
    from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

    with quiet_pydicom():
        dataset = dcmread(io.BytesIO(content), force=True, specific_tags=list(TAGS))
        tags = _tags(dataset, TAGS)
        _take_from_groups(tags)
        implicit, little_endian = dataset.original_encoding
        tags.big_endian = little_endian is False
        tags.syntax = dataset.file_meta.get("TransferSyntaxUID")
        if not tags.syntax and not _is_encapsulated(dataset):
            tags.syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    for items in tags.sequences.values():
        for item in items:
            item.big_endian = tags.big_endian
    return tags


def _take_from_groups(tags: Tags) -> None:
    """Take the first frame's rescaling and windows where the file has none at the top."""
    groups = [group for name in GROUPS for group in tags.items(name)[:1]]
    for sequence, names in (("PixelValueTransformationSequence", RESCALE_TAGS), ("FrameVOILUTSequence", WINDOW_TAGS)):
        if any(name in tags for name in names):
            continue
        for item in [item for group in groups for item in group.items(sequence)[:1]]:
            tags.values |= {name: value for name, value in item.values.items() if value}
            tags.unusable |= item.unusable


def _is_encapsulated(dataset: "Dataset") -> bool:
    return "PixelData" in dataset and bool(getattr(dataset["PixelData"], "is_undefined_length", False))


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Silence pydicom's warnings and log on values that break the standard's rules, since they quote these values."""
    from pydicom.config import disable_value_validation

    log = logging.getLogger("pydicom")
    with _one_at_a_time, warnings.catch_warnings(), disable_value_validation():
        warnings.filterwarnings("ignore", module="pydicom")
        before, log.disabled = log.disabled, True
        try:
            yield
        finally:
            log.disabled = before


def _tags(dataset: "Dataset", names: tuple[str, ...]) -> Tags:
    found = Tags()
    signed = set()
    for name in names:
        if name not in dataset:
            continue
        try:
            if name in SEQUENCES:
                found.sequences[name] = [_tags(item, SEQUENCES[name]) for item in _sequence(dataset, name)]
            else:
                found.values[name], kind = _values(dataset, name)
                if kind == "SS":
                    signed.add(name)
        except DAMAGE + _pydicom_errors():
            found.refuse(name)
    found.signed = frozenset(signed)
    return found


def _pydicom_errors() -> tuple[type[Exception], ...]:
    from pydicom.errors import BytesLengthException

    return (BytesLengthException,)


def _sequence(dataset: "Dataset", name: str) -> list["Dataset"]:
    from pydicom.sequence import Sequence

    value = dataset[name].value
    if value and not isinstance(value, Sequence):
        raise TypeError("a sequence was expected")
    return list(value or ())


def _values(dataset: "Dataset", name: str) -> tuple[tuple, str]:
    """The tag's values, and their type by the file or, without one there, by the standard."""
    from pydicom.datadict import dictionary_VR

    raw = dataset.get_item(name)
    kind = str(raw.VR or "UN")
    if kind == "UN":
        kind = dictionary_VR(name)
    if kind in TEXT_TYPES and isinstance(raw.value, bytes):
        text = raw.value.decode("latin-1").strip(" \0")
        return (tuple(text.split("\\")) if text else ()), kind
    value = dataset[name].value
    if value is None or value == "":
        return (), kind
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        return (value,), kind
    return tuple(value), kind


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip(" \0"))


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        text = value.strip(" \0")
        if not NUMBER.fullmatch(text):
            return None
        value = text.replace(",", ".")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
