"""Decodes picture files (PNG, JPEG, WebP, TIFF) and PIL images to upright pixels of full depth, one frame."""

import io
import struct
import zlib
from collections.abc import Iterator

import cv2
import numpy as np
from PIL import Image, ImageOps, features

from cxr.errors import RadiographError
from cxr.reading import tiff
from cxr.reading.foreign import AS_PNG, OWN_SIGNATURE, foreign_format, unusual_jpeg
from cxr.reading.pixels import SourcePixels, check_size
from cxr.reading.square_pixels import NEARLY_SQUARE

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", *(("AVIF",) if features.check("avif") else ()))
"""Decoders that may run on untrusted files. PIL has many more, some of which start other programs."""

DAMAGE = (OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, OverflowError, struct.error, zlib.error)
"""What PIL raises on damaged files; its plugins differ in this."""

AS_THEY_ARE = ("L", "LA", "RGB", "RGBA", "I;16", "I;16L", "I;16B", "I;16N", "I", "F")
CONVERTED = {"1": "L", "La": "LA", "RGBa": "RGBA"} | dict.fromkeys(("RGBX", "CMYK", "YCbCr", "HSV", "LAB"), "RGB")

ORIENTATION = 274


def pixels_of_file(content: bytes) -> SourcePixels:
    """Decode a picture file. Raises RadiographError for another format, damage, a wrong size, or several frames."""
    image = _opened(content)
    try:
        return _decoded(image, content)
    except DAMAGE as error:
        raise _undecodable(content, opened=True) from error


def _decoded(image: Image.Image, content: bytes) -> SourcePixels:
    kind = "jpeg" if image.format == "MPO" else str(image.format).lower()
    _select_frame(image)
    deep_colour, negative = _is_deep_colour(image, content), _is_negative(image)
    if image.format == "TIFF":
        _check_tiff(image, content, deep_colour=deep_colour)
    pixels = np.array(_plain(ImageOps.exif_transpose(image)))
    if deep_colour:
        pixels = _deep_colour(content, image)
    elif image.format == "PNG" and image.mode in ("1", "L", "I;16", "RGB") and "transparency" in image.info:
        pixels = _on_black(pixels, image.info["transparency"], grey_bits=content[24])
    if image.format == "TIFF":
        pixels = tiff.as_stored(pixels, tiff.tags_of_page(image))
    return SourcePixels(pixels, kind, tuple(_warnings(image)), negative=negative)


def _check_tiff(image: Image.Image, content: bytes, *, deep_colour: bool) -> None:
    if tiff.misread(tiff.tags_of_page(image)):
        raise _undecodable(content)
    if deep_colour and image.tell() > 0:
        # OpenCV and `deep_planes` read the first picture of a file
        raise RadiographError("The TIFF's radiograph is in deep colour behind a preview, which is not read.", tiff.HINT)


def pixels_of_image(image: Image.Image) -> SourcePixels:
    """The pixels of a PIL image, upright as its EXIF tag says; palettes looked up, CMYK and other spaces to RGB."""
    try:
        _select_frame(image)
        return SourcePixels(np.array(_plain(ImageOps.exif_transpose(image))), "image")
    except DAMAGE as error:
        raise _damaged() from error


def _warnings(image: Image.Image) -> Iterator[str]:
    """Warn of a resolution that says that pixels are not square; in picture files it is often wrong."""
    given = (image.info.get(name) for name in ("dpi", "resolution", "aspect", "jfif_density"))
    across, down = next(filter(None, given), (1, 1))
    if min(across, down) > 0 and max(across, down) > NEARLY_SQUARE * min(across, down):
        yield "The file's resolution says that its pixels are not square; they were taken as square."


def _opened(content: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(content), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise RadiographError("The picture has far more than 50 megapixels.", "Shrink it first.") from None
    except DAMAGE as error:
        if OWN_SIGNATURE.match(content):
            raise _undecodable(content) from error
        kind, hint = foreign_format(content)
        raise RadiographError(f"The given file is {kind}.", hint) from error


def _undecodable(content: bytes, *, opened: bool = False) -> RadiographError:
    """The error for a picture that Pillow can't decode: its unusual kind, or damage.

    opened  whether Pillow read the header; then pixels that it can't decode are damaged or unusually compressed
    """
    if kind := unusual_jpeg(content):
        return RadiographError(f"The given file is {kind}, which is not read.", AS_PNG)
    tags = tiff.tags_of(content) if content[:2] in (b"II", b"MM") else None
    if tags is not None and not (opened and tiff.is_usually_compressed(tags)):
        return RadiographError(f"The given file is {tiff.unusual_tiff(tags)}, which is not read.", tiff.HINT)
    return _damaged()


def _damaged() -> RadiographError:
    return RadiographError("The picture is damaged or cut short.", "Export or download it again.")


def _select_frame(image: Image.Image) -> None:
    """Select the only picture of full size; its size is checked before it is decoded."""
    if image.format == "TIFF":
        tiff.select_page(image)
        check_size(image.height, image.width)
        return
    check_size(image.height, image.width)
    # a phone's MPO is a JPEG that carries a preview or a depth map behind the photograph
    frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
    if frames > 1:
        raise tiff.several(frames)


def _plain(image: Image.Image) -> Image.Image:
    if image.mode in AS_THEY_ARE:
        return image
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB")
    if image.mode in CONVERTED:
        return image.convert(CONVERTED[image.mode])
    raise RadiographError(f"Pixels in PIL's mode {image.mode!r} are not read.", "Convert the image to 'L' or 'RGB'.")


def _is_negative(image: Image.Image) -> bool:
    """Whether the caller must invert a TIFF whose zero is white: PIL does it for 8 bits only."""
    white_is_zero = image.format == "TIFF" and tiff.tags_of_page(image).get(tiff.PHOTOMETRIC) == tiff.WHITE_IS_ZERO
    return white_is_zero and image.mode in ("I;16", "I;16B", "I", "F")


def _is_deep_colour(image: Image.Image, content: bytes) -> bool:
    """Whether PIL would cut 16-bit channels to 8 bits, as it does for all but single channels."""
    if image.format == "PNG":
        bits, colour_type = content[24], content[25]
        return bits == 16 and colour_type != 0
    if image.format == "TIFF" and tiff.tags_of_page(image).get(tiff.PHOTOMETRIC) == tiff.RGB:
        return max(tiff.tags_of_page(image).get(tiff.BITS, (8,))) > 8
    return False


def _deep_colour(content: bytes, image: Image.Image) -> np.ndarray:
    """16-bit RGB or RGBA from OpenCV, which keeps the depth. PIL has read the whole file, so it is not damaged."""
    if image.format == "TIFF" and tiff.is_in_planes(tiff.tags_of_page(image)):
        pixels = tiff.deep_planes(content, tiff.tags_of_page(image))
    else:
        read = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        if read is None or read.ndim != 3:
            # Pillow has read it, so OpenCV lacks the compression
            raise _undecodable(content)
        pixels = read[..., [2, 1, 0, 3][: read.shape[2]]]
    if image.format == "TIFF" and not tiff.has_alpha(image):
        pixels = pixels[..., :3]
    return _upright(pixels, image.getexif().get(ORIENTATION, 1))


def _on_black(pixels: np.ndarray, transparent: int | tuple[int, ...], *, grey_bits: int) -> np.ndarray:
    """Pixels of a PNG that names one grey or colour as transparent, with black in its place."""
    if grey_bits in (2, 4) and isinstance(transparent, int):
        transparent *= 255 // (2**grey_bits - 1)  # Pillow scales such pixels to 8 bits, but not this value
    hidden = pixels == transparent if pixels.ndim == 2 else (pixels == transparent).all(axis=2)
    pixels[hidden] = 0
    return pixels


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels turned upright by EXIF's orientation (1 to 8): mirrored, then turned clockwise."""
    if orientation in (2, 4, 5, 7):
        pixels = pixels[:, ::-1]
    quarter_turns = {3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(orientation, 0)
    return np.rot90(pixels, quarter_turns)
