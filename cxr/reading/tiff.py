"""TIFF files: the page with the radiograph, kinds that are not read, and 16-bit colour in separate planes."""

import io
import struct
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import COMPRESSION_INFO, ImageFileDirectory_v2, TiffImageFile

from cxr.errors import RadiographError

BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANAR, SAMPLE_FORMAT = 258, 259, 262, 277, 284, 339
FILL_ORDER, EXTRA_SAMPLES = 266, 338
UNASSOCIATED_ALPHA = 2
NEW_SUBFILE, OLD_SUBFILE, SUB_DIRECTORIES = 254, 255, 330
STRIP_OFFSETS, STRIP_BYTES, TILE_OFFSETS, TILE_BYTES = 273, 279, 324, 325
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, YCBCR = 0, 1, 2, 6
SEPARATE = 2
FORMATS = {1: "unsigned", 2: "signed", 3: "floating-point", 4: "untyped", 5: "complex", 6: "complex"}
COMPRESSIONS = {
    34712: "JPEG 2000",
    34887: "LERC",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
    34892: "DNG's JPEG",
}

USUAL_COMPRESSIONS = (1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946)
"""None, fax, LZW, JPEG, deflate, PackBits."""

REDUCED_OR_MASK = 1 | 4
"""Bits of NewSubfileType: a smaller copy of another picture of the file, or a mask."""

MOST_PAGES = 16
"""Largest number of pages that are searched for the radiograph; a file with more is a document."""

PLANE_TAGS = (256, 257, 259, 266, STRIP_OFFSETS, 278, STRIP_BYTES, 317, 322, 323, TILE_OFFSETS, TILE_BYTES)
"""Tags of the picture's directory that each plane needs: size, compression, order of bits, strips, predictor, tiles."""

Tags = ImageFileDirectory_v2
HINT = "Save it as a TIFF or PNG of 8 or 16 bits, not compressed or with deflate, and give that."


def select_page(image: Image.Image) -> None:
    """Select the file's only picture of full size. Raises RadiographError if there are several, or previews alone."""
    count = getattr(image, "n_frames", 1)
    if count > MOST_PAGES:
        raise several(count)
    full = [page for page in range(count) if not _is_reduced(_turned(image, page))]
    if len(full) > 1:
        raise several(len(full))
    if not full and SUB_DIRECTORIES in tags_of_page(image):
        raise RadiographError("The TIFF's first picture is a preview; the one behind it is not read.", HINT)
    image.seek(full[0] if full else 0)


def several(count: int) -> RadiographError:
    """The error of a file with several pictures."""
    return RadiographError(f"The file holds {count} pictures (pages or frames).", "Give a file with one radiograph.")


def tags_of_page(image: Image.Image) -> Tags:
    """The tags of a TIFF image's current page. Raises TypeError for an image that is no TIFF file."""
    if not isinstance(image, TiffImageFile):
        raise TypeError("only an opened TIFF file has tags")
    return image.tag_v2


def _turned(image: Image.Image, page: int) -> Tags:
    image.seek(page)
    return tags_of_page(image)


def _is_reduced(tags: Tags) -> bool:
    return bool(tags.get(NEW_SUBFILE, 0) & REDUCED_OR_MASK) or tags.get(OLD_SUBFILE) == 2


def tags_of(content: bytes) -> Tags | None:
    """Tags of the file's first directory, or None if they can't be read."""
    stream = io.BytesIO(content)
    header = stream.read(16 if content[2:3] == b"+" or content[3:4] == b"+" else 8)
    try:
        tags = Tags(header)
        stream.seek(tags.next)
        tags.load(stream)
        return tags if {256, 257} <= set(tags) else None
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, OverflowError):
        return None


def unusual_tiff(tags: Tags) -> str:
    """The kind of a TIFF file, in words."""
    bits, kind = max(_several(tags, BITS, (1,))), FORMATS.get(_several(tags, SAMPLE_FORMAT, (1,))[0], "unknown")
    channels = tags.get(SAMPLES, 1)
    compression = tags.get(COMPRESSION, 1)
    coded = ""
    if compression != 1:
        coded = f", compressed as {(COMPRESSION_INFO | COMPRESSIONS).get(compression, 'something unknown')}"
    coded += ", in big-endian order" if is_big_endian(tags) else ""
    coded += ", in YCbCr" if tags.get(PHOTOMETRIC) == YCBCR else ""
    coded += ", with the bits of each byte reversed" if tags.get(FILL_ORDER) == 2 else ""
    planes = " in separate planes" if channels > 1 and tags.get(PLANAR, 1) == SEPARATE else ""
    plural = "s" if channels > 1 else ""
    return f"a TIFF of {bits}-bit {kind} values in {channels} channel{plural}{planes}{coded}"


def is_usually_compressed(tags: Tags) -> bool:
    """Whether every reader knows the file's compression and order of bits."""
    compression = tags.get(COMPRESSION, 1)
    if tags.get(FILL_ORDER) == 2 and max(_several(tags, BITS, (1,))) > 1:
        return False
    # YCbCr is usual within JPEG alone
    return compression in USUAL_COMPRESSIONS and (tags.get(PHOTOMETRIC) != YCBCR or compression in (6, 7))


def has_alpha(image: Image.Image) -> bool:
    """Whether the channel behind the colours is alpha still to be multiplied, as it is where nothing is said."""
    return tags_of_page(image).get(EXTRA_SAMPLES, (UNASSOCIATED_ALPHA,))[0] == UNASSOCIATED_ALPHA


def misread(tags: Tags) -> bool:
    """Whether Pillow opens the file, but reads wrong values.

    It reads signed 8-bit values as unsigned. Of big-endian compressed values of more bits, libtiff has swapped the
    bytes already, which Pillow takes into account for unsigned 16-bit values alone.
    """
    signed, bits = 2 in _several(tags, SAMPLE_FORMAT, (1,)), max(_several(tags, BITS, (1,)))
    turned_twice = is_big_endian(tags) and tags.get(COMPRESSION, 1) != 1 and (signed or bits > 16)
    return turned_twice if bits > 8 else signed


def is_big_endian(tags: Tags) -> bool:
    """Whether the file's numbers are big-endian."""
    return tags.prefix == b"MM"


def _several(tags: Tags, tag: int, default: tuple[int, ...]) -> tuple[int, ...]:
    value = tags.get(tag, default)
    return tuple(value) if isinstance(value, Sequence) and value else (value,) if isinstance(value, int) else default


def is_in_planes(tags: Tags) -> bool:
    """Whether colours are stored in separate planes."""
    return tags.get(PLANAR, 1) == SEPARATE and tags.get(SAMPLES, 1) > 1


def deep_planes(content: bytes, tags: Tags) -> np.ndarray:
    """(height, width, channels) uint16 of 16-bit colour in separate planes, each read by Pillow as a grey picture.

    Pillow cuts such colours to 8 bits, and OpenCV mixes up their planes. Here, a directory that describes one plane is
    appended to the file's bytes. Raises RadiographError for BigTIFF.
    """
    if b"+" in content[2:4]:
        raise RadiographError(f"The picture is {unusual_tiff(tags)} in BigTIFF, which is not read.", HINT)
    count = tags[SAMPLES]
    return np.dstack([_plane(content, number, count) for number in range(count)])


def _plane(content: bytes, number: int, count: int) -> np.ndarray:
    tags = tags_of(content)
    if tags is None:  # Pillow has read these tags before
        raise RadiographError("The TIFF file's tags can't be read.", HINT)
    entries = {tag: _several(tags, tag, ()) for tag in PLANE_TAGS if tag in tags}
    for tag in (STRIP_OFFSETS, STRIP_BYTES, TILE_OFFSETS, TILE_BYTES):
        if values := entries.get(tag):
            entries[tag] = values[number * len(values) // count : (number + 1) * len(values) // count]
    entries |= {BITS: (16,), SAMPLES: (1,), PHOTOMETRIC: (BLACK_IS_ZERO,), PLANAR: (1,)}
    order = "<" if content[:2] == b"II" else ">"
    start = len(content) + len(content) % 2
    described = content[:4] + struct.pack(f"{order}I", start) + content[8:].ljust(start - 8, b"\0")
    described += _directory(entries, order, start)
    with Image.open(io.BytesIO(described), formats=("TIFF",)) as image:
        return np.array(image).astype(np.uint16)


def _directory(entries: Mapping[int, tuple[int, ...]], order: str, start: int) -> bytes:
    """Bytes of a TIFF 6.0 directory at an offset; all values are 32-bit numbers (16-bit for BITS)."""
    behind, table = b"", struct.pack(f"{order}H", len(entries))
    end = start + 2 + 12 * len(entries) + 4
    for tag, values in sorted(entries.items()):
        kind = (3, "H") if tag in (BITS, SAMPLES) else (4, "I")
        packed = struct.pack(f"{order}{len(values)}{kind[1]}", *values)
        if len(packed) > 4:
            packed, behind = struct.pack(f"{order}I", end + len(behind)), behind + packed
        table += struct.pack(f"{order}HHI", tag, kind[0], len(values)) + packed.ljust(4, b"\0")
    return table + bytes(4) + behind


def as_stored(values: np.ndarray, tags: Tags) -> np.ndarray:
    """Pillow's values as they are stored: unsigned 32-bit ones, which it reads as signed, are converted."""
    unsigned = _several(tags, SAMPLE_FORMAT, (1,))[0] == 1 and max(_several(tags, BITS, (1,))) == 32
    return values.view(np.uint32) if unsigned and values.dtype == np.int32 else values
