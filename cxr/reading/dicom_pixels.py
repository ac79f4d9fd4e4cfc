"""The stored values of a DICOM file: the tags that describe them, decoding, and the bits that count."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cxr.errors import RadiographError
from cxr.reading.coded_stream import coded_precision, coded_size, is_lossy
from cxr.reading.dicom_tags import PIXEL_TAGS, Tags, quiet_pydicom
from cxr.reading.pixels import check_size

if TYPE_CHECKING:
    from pydicom.pixels.decoders.base import Decoder
    from pydicom.uid import UID

RLE = "1.2.840.10008.1.2.5"
GREY = ("MONOCHROME1", "MONOCHROME2")
ALLOCATED_BITS = {"PixelData": (1, 8, 16, 32), "FloatPixelData": (32,), "DoubleFloatPixelData": (64,)}

COLOURS = (
    "RGB",
    "PALETTE COLOR",
    "YBR_FULL",
    "YBR_FULL_422",
    "YBR_ICT",
    "YBR_RCT",
    "YBR_PARTIAL_422",
    "YBR_PARTIAL_420",
)
NATIVE_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "PALETTE COLOR")
"""Colours that uncompressed pixels may have here; others belong to compressed streams, or were retired."""

JPEG = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")

LITTLE_BEHIND = 1.01
"""Length of uncompressed pixels by what the tags say, up to which the rest is only padding."""

MUCH_SET = 0.1
"""Share of pixels with bits beyond BitsStored above which these are no overlay; the header may then be wrong."""

NEWER_SYNTAXES = {
    "1.2.840.10008.1.2.4.110": "JPEG XL Lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL JPEG Recompression",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
    "1.2.840.10008.1.2.8.1": "Deflated Image Frame Compression",
}
"""Names of transfer syntaxes that pydicom's dictionary lacks."""

CONVERT = "Convert it first, for example with `gdcmconv --raw` or `dcmconv`, or export it uncompressed."


@dataclass
class PixelForm:
    """The numbers that describe a file's pixels, checked.

    bits_stored  number of bits that count, of `bits_allocated`; the highest is `high_bit`
    assumed      sentences on tags that are missing or unusable, with the values that were assumed
    """

    keyword: str
    rows: int
    columns: int
    samples: int
    photometric: str
    planar: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    assumed: list[str] = field(default_factory=list)

    @property
    def is_float(self) -> bool:
        """Whether the values are floating-point numbers, of which every bit counts."""
        return self.keyword != "PixelData"


def pixel_form(tags: Tags) -> PixelForm:
    """The file's pixel form. Raises RadiographError, which names the tag, if one is unusable and can't be guessed."""
    assumed: list[str] = []
    keyword = next(name for name in PIXEL_TAGS if name in tags)
    rows, columns = (_required(tags, name) for name in ("Rows", "Columns"))
    check_size(rows, columns)
    default_bits = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}.get(keyword)
    allocated = default_bits or _required(tags, "BitsAllocated")
    if allocated not in ALLOCATED_BITS[keyword]:
        raise RadiographError(f"Pixels of {allocated} allocated bits are not read.", CONVERT)
    colour = tags.word("PhotometricInterpretation").startswith(("RGB", "YBR"))
    samples = _assumed(tags, "SamplesPerPixel", 3 if colour else 1, assumed, range(1, 5), "the usual number")
    if samples not in (1, 3):
        raise RadiographError(f"DICOM pixels of {samples} channels are not read.", CONVERT)
    photometric = _photometric(tags, samples, assumed)
    stored = _assumed(
        tags, "BitsStored", allocated, assumed, range(1, allocated + 1), "all bits", needed=not default_bits
    )
    high_bit = _assumed(
        tags, "HighBit", stored - 1, assumed, range(stored - 1, allocated), "the usual place", needed=not default_bits
    )
    signed = _assumed(tags, "PixelRepresentation", 0, assumed, range(2), "unsigned values", needed=not default_bits)
    planar = tags.whole("PlanarConfiguration") or 0
    return PixelForm(
        keyword, rows, columns, samples, photometric, planar, allocated, stored, high_bit, bool(signed), assumed
    )


def _required(tags: Tags, name: str) -> int:
    value = tags.whole(name)
    if value is None or value < 1:
        what = f"The DICOM file's tag {name} can't be used" if name in tags else f"The DICOM file has no tag {name}"
        raise RadiographError(f"{what}, and its pixels can't be read without it.", "Export or send it again.")
    return value


def _assumed(
    tags: Tags, name: str, default: int, assumed: list[str], possible: range, taken: str, *, needed: bool = True
) -> int:
    value = tags.whole(name)
    if value is not None and value in possible:
        return value
    if needed and (value is not None or name in tags or name != "HighBit"):
        state = "can't be used" if name in tags else "is missing"
        assumed.append(f"The file's tag {name} {state}; {taken} was assumed.")
    return default


def _photometric(tags: Tags, samples: int, assumed: list[str]) -> str:
    term = tags.word("PhotometricInterpretation")
    squeezed = term.replace(" ", "").replace("_", "")
    if squeezed in GREY:
        return squeezed
    if term in COLOURS:
        return term
    state = "can't be used" if term else "is missing"
    taken = "MONOCHROME2" if samples == 1 else "RGB"
    assumed.append(f"The file's tag PhotometricInterpretation {state}; {taken} was assumed.")
    return taken


def decoded(tags: Tags, form: PixelForm) -> np.ndarray:
    """The stored values, decompressed, with all bits: (rows, columns) or (rows, columns, samples).

    What contradicts the tags is added to `form.assumed`.
    """
    decoder = _decoder(tags.syntax)
    content = tags.bytes_of(form.keyword)
    if not content:
        raise RadiographError("The DICOM file has no pixels: its pixel data are empty.", "Export it again.")
    allocated = form.bits_allocated
    if tags.syntax is not None and tags.syntax.is_compressed:
        _check_coded_size(content)
        allocated = _coded_allocation(content, tags, form)
    else:
        content = _of_one_frame(content, form)
    options: dict[str, Any] = {"planar_configuration": form.planar} if form.samples > 1 else {}
    options |= {
        # the faster plugin for RLE stops on damaged data with a Rust panic, which is no Exception
        "decoding_plugin": "pydicom" if tags.syntax == RLE else "",
        "rows": form.rows,
        "columns": form.columns,
        "samples_per_pixel": form.samples,
        "photometric_interpretation": form.photometric,
        "pixel_representation": int(form.signed),
        "bits_allocated": allocated,
        # `counted` selects the bits, in the same way for every compression
        "bits_stored": allocated,
        "number_of_frames": 1,
        "pixel_keyword": form.keyword,
        "pixel_vr": "OB" if allocated <= 8 else "OW",
    }
    values, _ = decoder.as_array(content, **options)
    expected = (form.rows, form.columns, *([form.samples] if form.samples > 1 else []))
    if values.shape != expected:
        raise ValueError("the decoded shape is not the one that the file declares")
    return values


def counted(values: np.ndarray, tags: Tags, form: PixelForm) -> tuple[np.ndarray, tuple[str, ...]]:
    """The stored bits alone, right-justified, signed if the file says so (PS3.5 8.1.1); warnings."""
    if form.is_float:
        return values, ()
    shift = form.high_bit + 1 - form.bits_stored
    width = values.dtype.itemsize * 8
    if tags.syntax is not None and tags.syntax.is_compressed and tags.syntax != RLE:
        stream = _first_frame(tags.bytes_of(form.keyword))
        # compressed streams hold values of their own precision, which are right-justified where they are no wider
        shift = shift if (coded_precision(stream) or form.bits_stored) > form.high_bit else 0
        if not shift and form.bits_stored < width and is_lossy(stream):
            # what is a little too bright has higher bits set, and would turn black without them
            low = -(2 ** (form.bits_stored - 1)) if form.signed else 0
            return np.clip(values.astype(np.int64), low, low + 2**form.bits_stored - 1), ()
    if not shift and form.bits_stored >= width:
        return values, ()
    wide: np.ndarray = values.astype(np.int32 if width <= 16 else np.int64)
    kept = (wide >> shift) & (2**form.bits_stored - 1)
    if form.signed:
        kept = np.where(kept >= 2 ** (form.bits_stored - 1), kept - 2**form.bits_stored, kept)
    above = width - shift - form.bits_stored
    higher = (wide >> (shift + form.bits_stored)) & (2**above - 1)
    # all ones above a negative value are its sign, not bits of their own
    if ((higher != 0) & (higher != 2**above - 1)).mean() > MUCH_SET:
        return kept, ("Many pixels have bits set beyond those that BitsStored counts; these bits were ignored.",)
    return kept, ()


def _of_one_frame(content: bytes, form: PixelForm) -> bytes:
    """Uncompressed pixels without what follows them; YBR_FULL_422 has two samples per pixel."""
    if form.photometric not in (*GREY, *NATIVE_COLOURS):
        raise RadiographError(f"Uncompressed pixels as {form.photometric} are not read.", CONVERT)
    samples = 2 if form.photometric == "YBR_FULL_422" else form.samples
    needed = -(-form.rows * form.columns * samples * form.bits_allocated // 8)
    if len(content) > LITTLE_BEHIND * needed:
        form.assumed.append(
            "The file's pixel data are longer than its tags say; what follows the first picture was ignored."
        )
    return content[: needed + needed % 2]


def _coded_allocation(content: bytes, tags: Tags, form: PixelForm) -> int:
    """Bits that the decoder allocates to a sample. A stream with fewer bits than the tags say is believed.

    Raises RadiographError for several frames, which a file without NumberOfFrames may hold.
    """
    from pydicom.encaps import parse_basic_offsets

    frames = len(parse_basic_offsets(content))
    if frames > 1:
        raise RadiographError(f"The DICOM file holds {frames} frames.", "Give a single radiograph.")
    precision = coded_precision(_first_frame(content))
    if precision is None:
        return form.bits_allocated
    if precision < form.bits_stored:
        form.assumed.append(
            f"The file's compressed pixels have {precision} bits, its tag BitsStored says {form.bits_stored}; "
            f"{precision} were taken."
        )
        form.bits_stored, form.high_bit = precision, precision - 1
    # decoders of JPEG give bytes wherever these suffice, whatever the file says
    return 8 if precision <= 8 and tags.syntax in JPEG else form.bits_allocated


def _decoder(syntax: "UID | None") -> "Decoder":
    from pydicom.pixels import get_decoder

    if not syntax:
        raise RadiographError(
            "The DICOM file has no tag TransferSyntaxUID, and its compressed pixels can't be read without it.",
            "Export or send it again.",
        )
    # `name` of a UID that the standard lacks is the UID itself, which may hold anything
    own = syntax.name if syntax.is_transfer_syntax else "a form that the standard lacks"
    name = NEWER_SYNTAXES.get(syntax, own)
    try:
        with quiet_pydicom():  # it warns of a UID that is none, and quotes it
            decoder = get_decoder(syntax)
    except NotImplementedError:
        raise RadiographError(
            f"The DICOM file's pixels are stored as {name}, which can't be read here.", CONVERT
        ) from None
    if not decoder.is_available:
        raise RadiographError(f"No decoder for {name} is installed.", "pip install 'cxr-lens[dicom]'")
    return decoder


def _first_frame(content: bytes) -> bytes:
    from pydicom.encaps import get_frame

    return get_frame(content, 0, number_of_frames=1)


def _check_coded_size(content: bytes) -> None:
    """Refuse a compressed stream that is larger than the file says: decoders decode all of it before they cut."""
    size = coded_size(_first_frame(content))
    if size is not None:
        check_size(*size)
