"""Names the format of a file that is not read, by its first bytes, and what to do with it."""

import re
import struct

HINT = "Give a radiograph as PNG, JPEG, WebP, TIFF or DICOM."
AS_PNG = "Save it as PNG, with 16 bits if it has more than 8, and give that."
FROM_PHONE = (
    "Open it and export it as JPEG or PNG. On an iPhone, Settings, Camera, Formats, Most Compatible gives JPEG from "
    "then on."
)

SIGNATURES = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"GIF8": "a GIF picture",
    b"BM": "a BMP picture",
    b"<svg": "an SVG drawing",
    **dict.fromkeys(
        (b"<!DOCTYPE", b"<!doctype", b"<html", b"<HTML"), "a web page, as a download gives that needs a login"
    ),
    b"<?xml": "an XML document",
    b"\x89HDF": "an HDF5 file",
    b"\x00\x00\x00\x0cjP  ": "a JPEG 2000 picture",
    b"\xff\x4f\xff\x51": "a JPEG 2000 picture",
    b"\x00\x00\x00\x0cJXL ": "a JPEG XL picture",
    b"\xff\x0a": "a JPEG XL picture",
    b"8BPS": "a Photoshop picture",
    b"\x5c\x01\x00\x00": "a NIfTI file",
    b"NRRD": "an NRRD file",
    b"II\xbc\x01": "a JPEG XR picture",
    b"v\x2f\x31\x01": "an OpenEXR picture",
    b"qoif": "a QOI picture",
    **{b"P%d" % number + blank: "a PNM picture" for number in range(1, 8) for blank in (b"\n", b" ", b"\r", b"\t")},
    b"\x00\x00\x01\x00": "an icon",
    b"icns": "an icon",
    b"\x01\xda": "an SGI picture",
    b"#?RADIANCE": "a Radiance picture",
    b"BPG\xfb": "a BPG picture",
    b"FLIF": "a FLIF picture",
    b"SIMPLE  =": "a FITS picture",
    b"\x93NUMPY": "a NumPy array: load it with numpy.load and give the array",
    b"MATLAB": "a file of MATLAB",
    b"ObjectType": "the header of a MetaImage; its pixels are in another file",
    b"{\\rtf": "a text document",
    b"{": "JSON, as web services answer",
    b"[": "JSON, as web services answer",
    b"--": "an answer of a web service in several parts, of which one may hold the picture",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"AT&TFORM": "a DjVu document",
    b"\x0a\x05\x01\x08": "a PCX picture",
    b"\xd0\xcf\x11\xe0": "a document of an older Office",
    b"\x1aE\xdf\xa3": "a video",
    b"version https://git-lfs": "a Git LFS pointer: the picture itself was not downloaded; `git lfs pull` does it",
}
WITH_BLANKS_BEFORE = (b"<", b"%")
"""First bytes of texts, which may begin with empty lines."""

BRANDS = {b"avif": "AVIF", b"avis": "AVIF"} | dict.fromkeys(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"), "HEIC"
)
"""Brands in the box `ftyp` with which ISO container files begin; both formats use mif1 and msf1, which are mostly
HEIC."""

FRAME_HEADERS = {
    0xF7: "a JPEG-LS picture",
    **dict.fromkeys((0xC3, 0xC7, 0xCB, 0xCF), "a lossless JPEG picture"),
    **dict.fromkeys((0xC9, 0xCA, 0xCD, 0xCE), "a JPEG picture with arithmetic coding"),
    **dict.fromkeys((0xC5, 0xC6), "a hierarchical JPEG picture"),
}


def foreign_format(content: bytes) -> tuple[str, str]:
    """(what the file is, what to do) for a file in a format that is not read; "not an image" for unknown bytes."""
    if not content:
        return "empty", HINT
    if brand := container_brand(content):
        return f"a picture in {brand}, the format of many phones, which is not read", FROM_PHONE
    if content[4:8] == b"ftyp" or (content[:4] == b"RIFF" and content[8:12] == b"AVI "):
        return "a video, or another file of a video's container", HINT
    start = content[:4096]
    if start.lstrip()[:1] in WITH_BLANKS_BEFORE:
        start = start.lstrip()
    return next((name for sign, name in SIGNATURES.items() if start.startswith(sign)), "not an image"), HINT


def container_brand(content: bytes) -> str:
    """HEIC or AVIF, or "" for a file of no such container."""
    if content[4:8] != b"ftyp":
        return ""
    size = min(int.from_bytes(content[:4], "big"), 256)
    compatible = [content[at : at + 4] for at in range(16, size, 4)]
    named = [BRANDS[brand] for brand in (content[8:12], *compatible) if brand in BRANDS]
    return "AVIF" if "AVIF" in named else next(iter(named), "")


def unusual_jpeg(content: bytes) -> str:
    """The kind of a JPEG picture that not every reader knows; "" for common kinds."""
    header = jpeg_frame_header(content)
    if header is None:
        return ""
    marker, precision = content[header + 1], content[header + 4]
    if marker in FRAME_HEADERS:
        return FRAME_HEADERS[marker]
    return f"a JPEG of {precision} bits" if precision != 8 else ""


def jpeg_frame_header(stream: bytes) -> int | None:
    """Offset of the frame header's marker in a JPEG or JPEG-LS stream; None for other streams."""
    position = 2 if stream.startswith(b"\xff\xd8") else len(stream)
    while position + 9 <= len(stream) and stream[position] == 0xFF:
        marker = stream[position + 1]
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            return position
        position += 1 if marker == 0xFF else 2 + struct.unpack_from(">H", stream, position + 2)[0]
    return None


OWN_SIGNATURE = re.compile(rb"\x89PNG|\xff\xd8\xff|RIFF.{4}WEBP|II[*+]\x00|MM\x00[*+]", re.DOTALL)
"""First bytes of the formats that are read."""
