"""DICOM radiographs, with the extra `dicom`: decoded, and shown as the file says (DICOM PS3.3 C.11.1 and C.11.2).

Only the tags named in `dicom_tags` are read, and none of their values is ever part of a sentence: what identifies a
patient can neither be kept nor end up in a message.
"""

import re
from dataclasses import replace

import numpy as np

from cxr.errors import RadiographError
from cxr.reading.dicom_brightness import Shown, full_range, shown
from cxr.reading.dicom_colour import SAID as GREY_AS_COLOUR
from cxr.reading.dicom_colour import grey_of_colour
from cxr.reading.dicom_pixels import GREY, PixelForm, counted, decoded, pixel_form
from cxr.reading.dicom_statements import kind_without_pixels, notes_of, view_of, warnings_of
from cxr.reading.dicom_tags import DAMAGE, PIXEL_TAGS, Tags, read_tags
from cxr.reading.display_shutter import Shutter, display_shutter
from cxr.reading.pixels import SourcePixels, check_size
from cxr.reading.square_pixels import pixel_shape, squared

MOST_PADDING = 0.95
"""Share of a picture that may be padding; a value that more pixels have is that of the picture."""

PREFIX = b"DICM"
DEFLATED = re.compile(rb"\x02\x00\x10\x00.{4,8}1\.2\.840\.10008\.1\.2\.1\.99", re.DOTALL)
"""The tag of the transfer syntax with the deflated one. Other tags may name it too, as one that a server offers."""


def is_dicom(content: bytes) -> bool:
    """Whether the bytes are DICOM: by their prefix, or, without preamble, by a first tag of group 0002 or 0008."""
    if content[128:132] == PREFIX or content.startswith(PREFIX):
        return True
    return re.match(rb"[\x02\x08]\x00[\x00-\xff]\x00", content, re.DOTALL) is not None


def pixels(content: bytes, window: str = "") -> SourcePixels:
    """Decode one frame of grey pixels to brightness in [0, 1], with the window of that name or the first one.

    Pixels that are not square are resampled. Raises RadiographError without the extra `dicom` or a decoder, for colour,
    several frames, no pixels, a missing tag without which nothing can be shown, damage, and a window that the file
    doesn't have.
    """
    try:
        from pydicom.errors import BytesLengthException, InvalidDicomError
    except ImportError:
        raise RadiographError(
            "This is a DICOM file, and the packages that read DICOM are not installed.", "pip install 'cxr-lens[dicom]'"
        ) from None
    if DEFLATED.search(content):
        # pydicom has no limit on inflating: some kilobytes may become gigabytes
        raise RadiographError("DICOM files that are deflated as a whole are not read.", "Save it without deflate.")
    whole = bytes(128) + content if content.startswith(PREFIX) else content
    try:
        return _pixels(read_tags(whole), window)
    except (*DAMAGE, BytesLengthException, InvalidDicomError):
        # not chained: pydicom's message quotes the value that it can't read, which may be a name
        raise RadiographError("The DICOM file is damaged or cut short.", "Export or send it again.") from None


def _pixels(tags: Tags, window: str) -> SourcePixels:
    _check_single_picture(tags)
    form = pixel_form(tags)
    shutter = display_shutter(tags, (form.rows, form.columns))
    result, warnings = _shown(tags, form, window, shutter)
    shape = pixel_shape(tags)
    brightness, notes = result.brightness, (*notes_of(tags), *shutter.notes)
    if not shape.is_square:
        brightness = squared(brightness, shape.ratio)
        check_size(*brightness.shape)
        was, now = (f"{width} × {height}" for height, width in (result.brightness.shape, brightness.shape))
        notes += (f"The file's pixels are not square: the picture was resampled from {was} to {now} pixels.",)
    return SourcePixels(
        brightness,
        "dicom",
        (*warnings_of(tags), *form.assumed, *shape.warnings, *shutter.warnings, *warnings, *result.warnings),
        notes=notes,
        windows=result.windows,
        window=result.window,
        stored_size=result.brightness.shape,
        view=view_of(tags),
    )


def _check_single_picture(tags: Tags) -> None:
    if not any(tags.bytes_of(name) for name in PIXEL_TAGS):
        kind = kind_without_pixels(tags)
        raise RadiographError(
            f"The DICOM file has no pixels: it is {kind}." if kind else "The DICOM file has no pixels.",
            "Give the radiograph itself. Reports, plans and directories hold none.",
        )
    frames = tags.whole("NumberOfFrames") or 1
    if frames > 1:
        raise RadiographError(f"The DICOM file holds {frames} frames.", "Give a single radiograph.")


def _shown(tags: Tags, form: PixelForm, window: str, shutter: Shutter) -> tuple[Shown, tuple[str, ...]]:
    """The picture's brightness, with warnings that don't depend on the window."""
    raw = decoded(tags, form)
    if form.photometric in GREY and form.samples == 1:
        stored, warnings = counted(raw, tags, form)
        result = shown(stored, _padding(raw, stored, form, tags) | shutter.hidden, form, tags, window)
    else:
        stored, warnings = counted(raw, tags, form)
        grey, bits = grey_of_colour(stored, form, tags)
        result = full_range(grey, replace(form, bits_stored=bits), window)
        warnings = (GREY_AS_COLOUR, *warnings)
    result.brightness[shutter.hidden] = shutter.brightness
    return result, warnings


def _padding(raw: np.ndarray, stored: np.ndarray, form: PixelForm, tags: Tags) -> np.ndarray:
    """Pixels that are padding, (rows, columns) bool; they are shown black, also in an inverted picture."""
    value, limit = tags.whole("PixelPaddingValue"), tags.whole("PixelPaddingRangeLimit")
    if value is None:
        return np.zeros(stored.shape, bool)
    low, high = sorted(_signed(number, form) for number in (value, value if limit is None else limit))
    fits = -(2 ** (form.bits_stored - 1)) <= low and high < 2**form.bits_stored
    # padding may be a value that the stored bits can't have; then all bits are compared
    values = stored if fits else raw
    padding = (values >= low) & (values <= high)
    if MOST_PADDING < padding.mean() < 1:
        tags.refuse("PixelPaddingValue")
        return np.zeros(stored.shape, bool)
    return padding


def _signed(number: int, form: PixelForm) -> int:
    """A padding value that was read as unsigned although the pixels are signed."""
    return number - 2**form.bits_allocated if form.signed and number >= 2 ** (form.bits_allocated - 1) else number
