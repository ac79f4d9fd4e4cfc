"""Picture files (PNG, JPEG, WebP, TIFF) and PIL images: to samples of full depth, upright, one frame."""

import io
import re
import struct
import zlib

import cv2
import numpy as np
from PIL import Image, ImageOps

from cxr.errors import RadiographError
from cxr.reading.pixels import SourcePixels, check_size

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF")
"""Decoders that may run on what a stranger sends. PIL has many more, some of which start other programs."""

DAMAGE = (OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, OverflowError, struct.error, zlib.error)
"""What PIL raises on damaged files: each of its plugins has its own habit."""

FOREIGN_SIGNATURES = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"GIF8": "a GIF picture",
    b"BM": "a BMP picture",
    b"<svg": "an SVG drawing",
    b"<?xml": "an XML document",
    b"\x89HDF": "an HDF5 file",
    b"\x00\x00\x00\x0cjP  ": "a JPEG 2000 picture",
}

OWN_SIGNATURE = re.compile(rb"\x89PNG|\xff\xd8\xff|RIFF.{4}WEBP|II[*+]\x00|MM\x00[*+]", re.DOTALL)

AS_THEY_ARE = ("L", "LA", "RGB", "RGBA", "I;16", "I;16L", "I;16B", "I;16N", "I", "F")
CONVERTED = {"1": "L", "La": "LA", "RGBa": "RGBA"} | dict.fromkeys(("RGBX", "CMYK", "YCbCr", "HSV", "LAB"), "RGB")

TIFF_BITS, TIFF_PHOTOMETRIC, ORIENTATION = 258, 262, 274
TIFF_WHITE_IS_ZERO, TIFF_RGB = 0, 2


def pixels_of_file(content: bytes) -> SourcePixels:
    """Decode a picture file. Raises RadiographError if it is none, damaged, too large, too small, or has frames."""
    image = _opened(content)
    kind = "jpeg" if image.format == "MPO" else image.format.lower()
    deep_colour, negative = _is_deep_colour(image, content), _is_negative(image)
    samples = pixels_of_image(image)
    pixels = _deep_colour(content, image) if deep_colour else samples.pixels
    return SourcePixels(pixels, kind, negative=negative)


def pixels_of_image(image: Image.Image) -> SourcePixels:
    """The pixels of a PIL image, upright as its EXIF tag says; palettes looked up, CMYK and other spaces to RGB."""
    check_size(image.height, image.width)
    try:
        _check_frames(image)
        upright = ImageOps.exif_transpose(image)
        return SourcePixels(np.array(_plain(upright)), "image")
    except DAMAGE as error:
        raise _damaged() from error


def _opened(content: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(content), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise RadiographError("The picture has far more than 50 megapixels.", "Shrink it first.") from None
    except DAMAGE as error:
        if OWN_SIGNATURE.match(content):
            raise _damaged() from error
        raise RadiographError(
            f"The given file is {_foreign(content)}.", "Give a radiograph as PNG, JPEG, WebP, TIFF or DICOM."
        ) from error


def _foreign(content: bytes) -> str:
    if not content:
        return "empty"
    start = content.lstrip()
    return next((name for sign, name in FOREIGN_SIGNATURES.items() if start.startswith(sign)), "not an image")


def _damaged() -> RadiographError:
    return RadiographError("The picture is damaged or cut short.", "Export or download it once more.")


def _check_frames(image: Image.Image) -> None:
    # a phone's MPO is a JPEG that carries a preview or a depth map behind the photograph
    frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
    if frames > 1:
        raise RadiographError(f"The file holds {frames} pictures (pages or frames).", "Give one radiograph a file.")


def _plain(image: Image.Image) -> Image.Image:
    if image.mode in AS_THEY_ARE:
        return image
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB")
    if image.mode in CONVERTED:
        return image.convert(CONVERTED[image.mode])
    raise RadiographError(f"Pixels of PIL's mode {image.mode!r} are not read.", "Convert the image to 'L' or 'RGB'.")


def _is_negative(image: Image.Image) -> bool:
    """Whether PIL leaves it to the caller to invert a TIFF whose zero is white: it does above 8 bits only."""
    white_is_zero = image.format == "TIFF" and image.tag_v2.get(TIFF_PHOTOMETRIC) == TIFF_WHITE_IS_ZERO
    return white_is_zero and image.mode in ("I;16", "I;16B", "I", "F")


def _is_deep_colour(image: Image.Image, content: bytes) -> bool:
    """Whether PIL would cut 16-bit channels to 8: it keeps 16 bits for a single channel only."""
    if image.format == "PNG":
        bits, colour_type = content[24], content[25]
        return bits == 16 and colour_type != 0
    if image.format == "TIFF" and image.tag_v2.get(TIFF_PHOTOMETRIC) == TIFF_RGB:
        return max(image.tag_v2.get(TIFF_BITS, (8,))) > 8
    return False


def _deep_colour(content: bytes, image: Image.Image) -> np.ndarray:
    """16-bit RGB or RGBA by OpenCV, which keeps the depth. PIL has read the file whole before, so it is not damaged."""
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 3:
        raise _damaged()
    colours = [2, 1, 0, 3][: pixels.shape[2]]
    return _upright(pixels[..., colours], image.getexif().get(ORIENTATION, 1))


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels as EXIF's orientation (1 to 8) wants them shown: mirrored, then turned clockwise."""
    if orientation in (2, 4, 5, 7):
        pixels = pixels[:, ::-1]
    quarter_turns = {3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(orientation, 0)
    return np.rot90(pixels, quarter_turns)
