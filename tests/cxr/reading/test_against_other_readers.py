"""What other programs write is read as it was written, or refused by its name: never in silence as something else.

The values of every file are known, so nothing hangs on what another reader makes of it. `python -m pytest -m slow -s`
prints the table.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from cxr import read_radiograph
from cxr.errors import RadiographError

HEIGHT, WIDTH = 80, 100


@dataclass(frozen=True, eq=False)
class Written:
    """One file: what wrote it and how, its bytes, and the grey (height, width) in [0, 1] that it holds."""

    name: str
    content: bytes
    grey: np.ndarray
    tolerance: float = 0.004


def ramp() -> np.ndarray:
    """(height, width) float64 from 0 to 1, different in every quadrant."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    steps = 7 * y + 3 * x
    return steps / steps.max()


def values(kind: str, channels: int = 1) -> np.ndarray:
    """The ramp over the whole range of a type of number, with equal channels where there are several."""
    dtype = np.dtype(kind)
    shown = ramp() if channels == 1 else np.repeat(ramp()[..., None], channels, axis=2)
    if dtype.kind == "f":
        return shown.astype(dtype)
    limits = np.iinfo(dtype)
    span = limits.max - limits.min
    return (np.rint(shown * float(span)) + limits.min).clip(limits.min, limits.max).astype(dtype)


def pillow_images() -> dict[str, Image.Image]:
    """The ramp in every mode of Pillow's that can hold it."""
    grey = Image.fromarray(values("u1"))
    modes = {mode: grey.convert("RGB").convert(mode) for mode in ("L", "RGB", "CMYK", "YCbCr", "HSV", "RGBA")}
    alpha = Image.fromarray(np.dstack([values("u1"), np.full((HEIGHT, WIDTH), 255, np.uint8)]), "LA")
    deep = {"I;16": Image.fromarray(values("u2")), "I": Image.fromarray(values("u2").astype(np.int32))}
    modes["P"] = grey.convert("P")
    return modes | deep | {"LA": alpha, "F": Image.fromarray(values("f4")), "1": Image.fromarray(ramp() > 0.5)}


PILLOW = {
    "PNG": [{}, {"optimize": True}, {"compress_level": 0}],
    "JPEG": [{"quality": 95}, {"quality": 95, "progressive": True}, {"quality": 95, "subsampling": 0}],
    "WEBP": [{"lossless": True}, {"quality": 95}],
    "TIFF": [
        {"compression": name}
        for name in (None, "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "lzma", "zstd", "jpeg",
                     "group3", "group4", "tiff_ccitt")
    ] + [{"big_tiff": True}],
    "AVIF": [{"quality": 95}],
}  # fmt: skip
MODES = {"jpeg": ("L", "RGB", "CMYK", "YCbCr")} | dict.fromkeys(("group3", "group4", "tiff_ccitt"), ("1",))
"""Those that a compression of TIFF takes; libtiff damages its memory when it is asked for others."""

LOSSY = {"JPEG": 0.03, "AVIF": 0.03, "WEBP": 0.03}


def by_pillow() -> Iterator[Written]:
    """Every mode in every format and compression that takes it, and every orientation of four of them."""
    for mode, image in pillow_images().items():
        for kind, ways in PILLOW.items():
            for settings in ways:
                deep = mode in ("I;16", "I", "F") and kind in ("WEBP", "AVIF", "JPEG")
                if not deep and mode in MODES.get(settings.get("compression"), (mode,)):
                    yield from _saved(image, mode, kind, settings)
    for kind, mode in (
        ("PNG", "L"),
        ("PNG", "I;16"),
        ("JPEG", "L"),
        ("TIFF", "I;16"),
        ("TIFF", "RGB"),
        ("WEBP", "RGB"),
    ):
        for orientation in range(1, 9):
            yield from _saved(pillow_images()[mode], mode, kind, {}, orientation)


def _saved(image: Image.Image, mode: str, kind: str, settings: dict, orientation: int = 1) -> Iterator[Written]:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[274] = orientation
    more = {"exif": exif} if orientation > 1 else {}
    try:
        image.save(buffer, kind, **settings, **more)
    except (OSError, ValueError, KeyError, SystemError, RuntimeError, AttributeError):
        return  # Pillow doesn't write this mode in that way
    shown = (ramp() > 0.5).astype(float) if mode == "1" else ramp()
    turned = Image.fromarray(shown.astype(np.float32))
    turned.getexif()[274] = orientation
    lossy = kind in LOSSY or settings.get("compression") == "jpeg"
    tolerance = 0.03 if lossy or mode in ("CMYK", "YCbCr", "HSV", "P") else 0.004
    name = f"Pillow {kind} {mode} {settings} {orientation}"
    yield Written(name, buffer.getvalue(), np.asarray(ImageOps.exif_transpose(turned), float), tolerance)


OPENCV = {
    ".png": ([[], [cv2.IMWRITE_PNG_COMPRESSION, 0], [cv2.IMWRITE_PNG_COMPRESSION, 9]], ("u1", "u2")),
    ".tif": (
        [[], *([cv2.IMWRITE_TIFF_COMPRESSION, code] for code in (1, 5, 8, 32773, 32946))],
        ("u1", "i1", "u2", "i2", "i4", "f4", "f8"),
    ),
    ".webp": ([[cv2.IMWRITE_WEBP_QUALITY, 101]], ("u1",)),
    ".jpg": ([[cv2.IMWRITE_JPEG_QUALITY, 95], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]], ("u1",)),
    ".bmp": ([[]], ("u1",)),
    ".jp2": ([[]], ("u1", "u2")),
}


def by_opencv() -> Iterator[Written]:
    """Every type of number with 1, 3 and 4 channels in every format and compression that takes it."""
    for suffix, (ways, kinds) in OPENCV.items():
        for kind in kinds:
            for channels in (1, 3, 4):
                for settings in ways:
                    pixels = values(kind, channels)
                    if channels == 4:
                        pixels[..., 3] = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
                    try:
                        done, encoded = cv2.imencode(suffix, pixels, settings)
                    except cv2.error:
                        continue  # OpenCV doesn't write this type in that way
                    if done:
                        name = f"OpenCV {suffix} {kind} {channels} {settings}"
                        yield Written(name, encoded.tobytes(), ramp(), 0.03 if suffix in (".jpg", ".webp") else 0.004)


def by_tifffile() -> Iterator[Written]:
    """Every type of number, order of channels and bytes, tile, predictor and compression; previews; BigTIFF."""
    import tifffile

    for kind in ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "f2", "f4", "f8"):
        for photometric, planar in (("minisblack", None), ("miniswhite", None), ("rgb", "contig"), ("rgb", "separate")):
            for settings in ({}, {"tile": (32, 48)}, {"rowsperstrip": 7}, {"byteorder": ">"}, {"bigtiff": True},
                             {"compression": "zlib"}, {"compression": "lzw"}, {"compression": "packbits"},
                             {"compression": "zlib", "predictor": True}, {"compression": "zlib", "tile": (32, 48)},
                             {"compression": "lzw", "predictor": True, "byteorder": ">"}, {"compression": "zstd"},
                             {"compression": "zlib", "byteorder": ">"}, {"compression": "packbits", "byteorder": ">"},
                             {"compression": "lzma"}, {"compression": "jpeg2000"}, {"compression": "lerc"},
                             {"compression": "jpegxl"}):  # fmt: skip
                pixels = values(kind, 1 if planar is None else 3)
                stored = np.moveaxis(pixels, -1, 0) if planar == "separate" else pixels
                buffer = io.BytesIO()
                try:
                    tifffile.imwrite(buffer, stored, photometric=photometric, planarconfig=planar, **settings)
                except (ValueError, TypeError, RuntimeError, KeyError):
                    continue  # tifffile doesn't write this type in that way
                shown = 1 - ramp() if photometric == "miniswhite" else ramp()
                yield Written(f"tifffile {kind} {photometric} {planar} {settings}", buffer.getvalue(), shown)
    yield from _with_previews(tifffile)


def _with_previews(tifffile) -> Iterator[Written]:
    """The radiograph with a smaller copy of it behind, before or below it."""
    small = np.ascontiguousarray(values("u2")[::2, ::2])
    for where in ("behind", "before", "below"):
        buffer = io.BytesIO()
        with tifffile.TiffWriter(buffer) as writer:
            pages = [(values("u2"), 0), (small, 1)]
            for pixels, reduced in reversed(pages) if where == "before" else pages:
                below = {"subifds": 1} if where == "below" and not reduced else {}
                writer.write(pixels, photometric="minisblack", subfiletype=reduced, metadata=None, **below)
        yield Written(f"tifffile preview {where}", buffer.getvalue(), ramp())


WRITERS = {"Pillow": by_pillow, "OpenCV": by_opencv, "tifffile": by_tifffile}
EVERY = 7
"""Of the files that are written, each seventh is part of the daily run."""


def outcome(written: Written) -> str:
    """`equal`, `refused: …`, or what is wrong."""
    try:
        picture = read_radiograph(written.content)
    except RadiographError as error:
        named = "not read" in error.sentence or error.sentence.startswith("The given file is a ")
        return f"refused: {error.sentence}" if named and error.hint else f"UNNAMED {error.sentence}"
    if picture.grey.shape != written.grey.shape:
        return f"SHAPE {picture.grey.shape}"
    difference = np.abs(picture.grey - written.grey)
    # where every value was taken from a palette or of one bit, single pixels may fall on the other side
    return (
        "equal"
        if difference.mean() <= written.tolerance and np.median(difference) <= written.tolerance
        else (f"DIFFERENT by {difference.mean():.3f}")
    )


def wrong(files: Iterable[Written]) -> tuple[dict[str, str], Counter]:
    """{file: what is wrong}, and how many had each outcome."""
    found = {each.name: outcome(each) for each in files}
    counts = Counter(each.partition(":")[0] for each in found.values())
    return {name: each for name, each in found.items() if not each.startswith(("equal", "refused"))}, counts


@pytest.mark.parametrize("writer", WRITERS)
def test_some_of_every_kind_of_file_is_read_as_written_or_named(writer):
    if writer == "tifffile":
        pytest.importorskip("tifffile", reason="needs the extra test")
    differences, counts = wrong(list(WRITERS[writer]())[::EVERY])
    assert not differences
    assert counts["equal"] > 10


@pytest.mark.slow
@pytest.mark.parametrize("writer", WRITERS)
def test_every_file_is_read_as_written_or_named(writer):
    if writer == "tifffile":
        pytest.importorskip("tifffile", reason="needs the extra test")
    differences, counts = wrong(WRITERS[writer]())
    print(f"{writer}: {counts.total()} files, {counts['equal']} equal, {counts['refused']} refused by name")
    assert not differences


def one(make: Callable[[], Iterable[Written]], words: str) -> Written:
    return next(each for each in make() if each.name.startswith(words))


def test_the_comparison_notices_a_difference():
    right = one(by_pillow, "Pillow PNG L")
    assert outcome(right) == "equal"
    assert outcome(Written("", right.content, 1 - right.grey)).startswith("DIFFERENT")
    assert outcome(Written("", right.content[:200], right.grey)).startswith("UNNAMED")
