"""What a DICOM file says about its picture: view, body part, orientation, kind. Its own words are never repeated.

Files give view and body part in the standard's terms, in codes, or in words of the device's maker.
"""

import re
from collections.abc import Iterator

from cxr.reading.dicom_tags import Tags

RADIOGRAPHY = ("CR", "DX", "RG", "DR", "XR")
"""The last two are not terms of the standard; some devices write them."""

OTHER_MODALITIES = {
    "CT": "a CT slice",
    "MR": "an MR slice",
    "US": "an ultrasound picture",
    "NM": "a scintigram",
    "PT": "a PET slice",
    "MG": "a mammogram",
    "XA": "an angiogram",
    "RF": "a fluoroscopy picture",
    "IO": "a dental radiograph",
    "PX": "a panoramic radiograph",
    "SC": "a secondary capture",
    "OT": "of an unnamed kind",
}

CHEST = re.compile(r"CHEST|THORA[XC]|T(O|Ó|Ã.)RA[XC]|LUNG|\bRIBS?\b|\bCXR|PULMO|POUMON|POITRINE|PECHO|BRUSTK|PLEURA")
SPINE = re.compile(r"SPINE|VERTEB|WIRBEL|COLUMN|RACHIS|LUMB")
UNSTATED = re.compile(r"|UNKNOWN|UNSPECIFIED|OTHER|NONE|N/?A|NULL|UNDEFINED|\W+")
"""Values of BodyPartExamined that name no body part."""

CHEST_CODES = ("51185008", "39607008", "113197003", "302551006", "43799004", "T-D3000", "T-28000", "T-11300", "RID1243")
"""Chest, lung, rib, entire thorax, thoracic cavity in SNOMED CT; the first three in SRT; the thorax in RadLex."""

FRONTAL = re.compile(r"(AP|PA)(?: (?:UPRIGHT|ERECT|STANDING|SITTING|SUPINE|PORTABLE|CHEST))*")
DECUBITUS = re.compile(r"DECUB|\b[LR]LD\b")
LATERAL = re.compile(r"\b[LR]L\b|(\b|[LR])LAT(\b|ERAL|[LR]\b)|\bPROFILE?\b|SEITL|\bSAG")
OBLIQUE = re.compile(r"OBL|\b[LR](AO|PO|O)\b|\b[LR][LR]O\b")
LATERAL_CODES: tuple[str, ...] = ("399067008", "399173006", "399198007", "399352003", "399260004", "30730003")
LATERAL_CODES += ("R-10232", "R-10236", "R-10228", "R-10224")
"""Of CID 4010 "DX View": lateral, left and right lateral, latero-medial, medio-lateral, sagittal; in SCT and SRT."""

OBLIQUE_CODES: tuple[str, ...] = (
    "399312000",
    "399160007",
    "260427002",
    "399135007",
    "399184004",
    "399006002",
    "399182000",
)
OBLIQUE_CODES += ("399182000", "399059000", "399356000", "399236003", "399038007")

FOR_PROCESSING = {
    "1.2.840.10008.5.1.4.1.1.1.1.1": "digital X-ray",
    "1.2.840.10008.5.1.4.1.1.1.2.1": "mammography",
    "1.2.840.10008.5.1.4.1.1.1.3.1": "intra-oral",
}
"""Storage classes of pictures for processing: the detector's values."""

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
CAPTURED = ("WSD", "DV", "SD", "SI", "DRW", "SYN")
"""Conversion types: workstation, digitised video, scanned document and image, drawing, synthetic. Digitised film (DF)
and a digital interface (DI) give radiographs."""

PRESENTATION_STATES = "1.2.840.10008.5.1.4.1.1.11."
WITHOUT_PIXELS = {
    PRESENTATION_STATES: "a presentation state: it says how another file is to be shown",
    "1.2.840.10008.5.1.4.1.1.88.": "a structured report",
    "1.2.840.10008.5.1.4.1.1.104.": "a document of another format inside DICOM",
    "1.2.840.10008.5.1.4.1.1.66": "a registration, segmentation or raw data",
    "1.2.840.10008.5.1.4.1.1.481.": "a plan of radiotherapy",
    "1.2.840.10008.5.1.4.1.1.9.": "a waveform",
    "1.2.840.10008.1.3.10": "a directory of other files",
}
"""Prefixes of the storage classes of files that hold no picture."""


def kind_without_pixels(tags: Tags) -> str:
    """What kind of file this is, by its storage class; for files without pixels."""
    uid = tags.word("SOPClassUID")
    return next((kind for start, kind in WITHOUT_PIXELS.items() if uid.startswith(start)), "")


def warnings_of(tags: Tags) -> Iterator[str]:
    """Sentences on tags that say that the picture is not a frontal chest radiograph for presentation."""
    modality = tags.word("Modality")
    if modality and modality not in RADIOGRAPHY:
        yield f"The file says that this is {OTHER_MODALITIES.get(modality, 'of another kind')}, not a chest radiograph."
    if tags.word("SOPClassUID") in FOR_PROCESSING or tags.word("PresentationIntentType") == "FOR PROCESSING":
        yield (
            "The file holds the detector's values before they are processed for people: contrast and brightness are "
            "not those of a finished radiograph. Give the picture for presentation."
        )
    if not _is_chest(tags):
        yield "The file names another body part than the chest."
    yield from _of_view(tags)
    yield from _of_orientation(tags)
    if tags.word("BurnedInAnnotation") == "YES":
        yield "The file says that text is burned into the picture. It may name somebody, and a network may react to it."


def notes_of(tags: Tags) -> Iterator[str]:
    """Sentences that are worth knowing and are no warnings."""
    if _is_secondary_capture(tags):
        yield "The file is a secondary capture: its brightness may not be the detector's."
    if tags.word("BurnedInAnnotation") not in ("YES", "NO"):
        yield "The file doesn't say whether text is burned into the picture: look for a name before you share it."


def _is_secondary_capture(tags: Tags) -> bool:
    uid = tags.word("SOPClassUID")
    captured = uid == SECONDARY_CAPTURE or uid.startswith(f"{SECONDARY_CAPTURE}.")
    return captured or tags.word("ConversionType") in CAPTURED


def _is_chest(tags: Tags) -> bool:
    """Whether the file names the chest, or no body part."""
    body = " ".join(tags.words("BodyPartExamined"))
    codes = _codes(tags, "AnatomicRegionSequence")
    named = bool(CHEST.search(body)) and not SPINE.search(body)
    return named or bool(codes & set(CHEST_CODES)) or (UNSTATED.fullmatch(body) is not None and not codes)


def view_of(tags: Tags) -> str:
    """ "AP" or "PA" where the file says so, else ""."""
    view = re.sub(r"[_\-./]", " ", " ".join(tags.words("ViewPosition"))).strip().upper()
    found = FRONTAL.fullmatch(view)
    return found[1] if found else ""


def _of_view(tags: Tags) -> Iterator[str]:
    view = re.sub(r"[_\-./]", " ", " ".join(tags.words("ViewPosition")))
    codes = _codes(tags, "ViewCodeSequence")
    if DECUBITUS.search(view):
        yield "The file says that the patient lay on one side; the network was trained on erect and supine patients."
    elif LATERAL.search(view) or codes & set(LATERAL_CODES) or _row(tags).startswith(("A", "P")):
        yield "The file says that this is a lateral view; the network was trained on frontal ones."
    elif OBLIQUE.search(view) or codes & set(OBLIQUE_CODES):
        yield "The file says that this is an oblique view; the network was trained on frontal ones."


def _of_orientation(tags: Tags) -> Iterator[str]:
    row, column, *_ = (*tags.words("PatientOrientation"), "", "")
    if row.startswith("R"):
        yield "The file says that the picture's right is the patient's right: it is mirrored."
    if row.startswith(("H", "F")):
        yield "The file says that the picture lies on its side. Turn it upright."
    elif column.startswith("H"):
        yield "The file says that the picture is upside down. Turn it upright."


def _row(tags: Tags) -> str:
    """Direction of the picture's rows: A, P, L, R, H or F first, then finer ones."""
    return tags.word("PatientOrientation")


def _codes(tags: Tags, name: str) -> set[str]:
    return {item.word("CodeValue") for item in tags.items(name)} - {""}
