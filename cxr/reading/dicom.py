"""DICOM radiographs, with the extra `dicom`: decoded, and shown as the file says (DICOM PS3.3 C.11.1 and C.11.2).

Only the tags named here are read; what identifies a patient is skipped where it stands in the file, so that it can
neither be kept nor end up in a message.
"""

import io
import re
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from cxr.errors import RadiographError
from cxr.reading.dicom_brightness import shown, windows
from cxr.reading.pixels import SourcePixels, check_size

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.pixels.decoders.base import Decoder
    from pydicom.uid import UID

PIXEL_TAGS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
TAGS = (
    *PIXEL_TAGS,
    *("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit"),
    *("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence"),
    *("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction", "VOILUTSequence"),
    *("Modality", "BodyPartExamined", "ViewPosition", "PatientOrientation", "BurnedInAnnotation"),
)

DAMAGE = (
    *(AttributeError, TypeError, ValueError, LookupError, ArithmeticError, RuntimeError),
    *(OSError, EOFError, struct.error),
)
"""What pydicom and its decoders raise on damaged files; a missing tag is an AttributeError."""

DEFLATED, RLE = b"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.5"

RADIOGRAPHY = ("CR", "DX", "RG")
OTHER_MODALITIES = {
    "CT": "a CT slice",
    "MR": "an MR slice",
    "US": "an ultrasound picture",
    "NM": "a scintigram",
    "PT": "a PET slice",
    "MG": "a mammogram",
    "XA": "an angiogram",
    "RF": "a fluoroscopy picture",
    "SC": "a secondary capture",
    "OT": "of an unnamed kind",
}
CHEST = ("CHEST", "THORAX", "LUNG", "RIB")
LATERAL = ("LL", "RL", "LATERAL", "LLD", "RLD")

_unwatched = threading.Lock()
"""Held while pydicom's setting is another one: it has one for the whole process."""


def is_dicom(content: bytes) -> bool:
    """Whether the bytes are DICOM: by their prefix, or, without preamble, by a first tag of group 0002 or 0008."""
    return content[128:132] == b"DICM" or re.match(rb"[\x02\x08]\x00[\x00-\xff]\x00", content, re.DOTALL) is not None


def pixels(content: bytes, window: str = "") -> SourcePixels:
    """Decode one frame of grey pixels to brightness in [0, 1], through the window of that name or the first one.

    Raises RadiographError without the extra `dicom` or a decoder, for colour, several frames, no pixels, damage, and a
    window that the file doesn't have.
    """
    try:
        from pydicom.errors import BytesLengthException, InvalidDicomError
    except ImportError:
        raise RadiographError(
            "This is a DICOM file, and what reads DICOM is not installed.", "pip install 'cxr-lens[dicom]'"
        ) from None
    if DEFLATED in content:
        # inflating has no limit in pydicom: some kilobytes may become gigabytes
        raise RadiographError("DICOM files deflated as a whole are not read.", "Save it without deflate.")
    try:
        dataset = _read(content)
        _check(dataset)
        brightness, warnings, taken = shown(_stored(dataset), dataset, window)
        return SourcePixels(
            brightness, "dicom", (*_warnings(dataset), *warnings),
            notes=tuple(_notes(dataset)), windows=windows(dataset), window=taken,
        )  # fmt: skip
    except (*DAMAGE, BytesLengthException, InvalidDicomError):
        # not chained: what pydicom says of a value that it can't read is that value, and may be a name
        raise RadiographError("The DICOM file is damaged or cut short.", "Export or send it once more.") from None


def _read(content: bytes) -> "Dataset":
    from pydicom import dcmread
    from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

    with _without_validation():
        dataset = dcmread(io.BytesIO(content), force=True, specific_tags=list(TAGS))
        for _ in dataset.iterall():
            pass  # values are read when they are first asked for
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, _ = dataset.original_encoding
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    return dataset


@contextmanager
def _without_validation() -> Iterator[None]:
    """Keep pydicom from warning of values that break the standard's rules: its warnings and its log quote them."""
    from pydicom.config import disable_value_validation

    with _unwatched, disable_value_validation():
        yield


def _check(dataset: "Dataset") -> None:
    if not any(tag in dataset for tag in PIXEL_TAGS):
        raise RadiographError("The DICOM file has no pixels.", "Reports, plans and directories hold no radiograph.")
    check_size(int(dataset.Rows), int(dataset.Columns))
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames > 1:
        raise RadiographError(f"The DICOM file holds {frames} frames.", "Give a single radiograph.")
    grey = str(dataset.PhotometricInterpretation) in ("MONOCHROME1", "MONOCHROME2")
    if not grey or dataset.get("SamplesPerPixel", 1) != 1:
        raise RadiographError("The DICOM file is in colour; a radiograph is grey.", "Give the original radiograph.")


def _stored(dataset: "Dataset") -> np.ndarray:
    """The stored values (rows, columns), decompressed."""
    syntax = dataset.file_meta.TransferSyntaxUID
    decoder = _decoder(syntax)
    if syntax.is_compressed:
        _check_coded_size(dataset)
    # the faster plugin for RLE stops on damaged data with a Rust panic, which is no Exception
    plugin = "pydicom" if syntax == RLE else ""
    stored, _ = decoder.as_array(dataset, decoding_plugin=plugin)
    if stored.shape != (dataset.Rows, dataset.Columns):
        raise ValueError("the decoder gave another shape than the file declares")
    return stored


def _decoder(syntax: "UID") -> "Decoder":
    from pydicom.pixels import get_decoder

    try:
        decoder = get_decoder(syntax)
        if decoder.is_available:
            return decoder
    except NotImplementedError:
        pass
    name = syntax.name if syntax.is_transfer_syntax else "this file's transfer syntax"
    raise RadiographError(f"No decoder for {name} is installed.", "pip install 'cxr-lens[dicom]'")


def _check_coded_size(dataset: "Dataset") -> None:
    """Refuse a picture whose compressed stream is larger than the file says: it is decoded whole before it is cut."""
    from pydicom.encaps import get_frame

    size = coded_size(get_frame(dataset.PixelData, 0, number_of_frames=1))
    if size is not None:
        check_size(*size)


def coded_size(stream: bytes) -> tuple[int, int] | None:
    """(height, width) that a JPEG, JPEG-LS or JPEG 2000 stream declares; None for others (RLE is bounded by itself)."""
    start = stream.find(b"\xff\x4f\xff\x51")
    if start >= 0:
        right, bottom, left, top = struct.unpack_from(">4I", stream, start + 8)
        return bottom - top, right - left
    position = 2 if stream.startswith(b"\xff\xd8") else len(stream)
    while position + 9 <= len(stream) and stream[position] == 0xFF:
        marker = stream[position + 1]
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            return struct.unpack_from(">2H", stream, position + 5)
        position += 1 if marker == 0xFF else 2 + struct.unpack_from(">H", stream, position + 2)[0]
    return None


def _warnings(dataset: "Dataset") -> Iterator[str]:
    modality, body, view = (_words(dataset, tag) for tag in ("Modality", "BodyPartExamined", "ViewPosition"))
    if modality and modality not in RADIOGRAPHY:
        yield f"The file says that this is {OTHER_MODALITIES.get(modality, 'of another kind')}, not a chest radiograph."
    if body and not body.startswith(CHEST):
        yield "The file names another part of the body than the chest."
    if view in LATERAL:
        yield "The file says that this is a lateral view; the network knows frontal ones."
    if _words(dataset, "PatientOrientation").startswith("R"):
        yield "The file says that the picture's right is the patient's right: it is mirrored."
    if _words(dataset, "BurnedInAnnotation") == "YES":
        yield "The file says that text is burned into the picture; it may name somebody, and a network may react to it."


def _notes(dataset: "Dataset") -> Iterator[str]:
    if _words(dataset, "BurnedInAnnotation") not in ("YES", "NO"):
        yield "The file doesn't say whether text is burned into the picture: look for a name before you show it around."


def _words(dataset: "Dataset", tag: str) -> str:
    value = dataset.get(tag) or ""
    return str(value if isinstance(value, str) else "\\".join(map(str, value))).strip().upper()
