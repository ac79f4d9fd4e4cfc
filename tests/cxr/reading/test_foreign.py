"""A format or a kind that is not read is called by its name, with what helps: never damage, never "not an image"."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, features

from cxr import read_radiograph
from cxr.errors import RadiographError

GREY = Image.fromarray(np.add.outer(np.arange(80), np.arange(100)).astype(np.uint8))


def encoded(kind, **settings):
    buffer = io.BytesIO()
    GREY.save(buffer, kind, **settings)
    return buffer.getvalue()


def container(brand, *compatible):
    body = b"ftyp" + brand + bytes(4) + b"".join(compatible)
    return struct.pack(">I", len(body) + 4) + body + bytes(400)


def jpeg(marker=0xC0, precision=8):
    """A JPEG picture whose frame header declares another kind or depth."""
    content = encoded("JPEG")
    at = content.index(b"\xff\xc0")
    return content[: at + 1] + bytes([marker]) + content[at + 2 : at + 4] + bytes([precision]) + content[at + 5 :]


FORMATS = {
    "HEIC": container(b"heic", b"mif1"),
    "HEIC of several pictures": container(b"mif1", b"heic", b"heix"),
    "HEIC, a sequence": container(b"hevc"),
    "JPEG XL": b"\xff\x0a" + bytes(300),
    "JPEG XL picture": b"\x00\x00\x00\x0cJXL \r\n\x87\n" + bytes(300),
    "JPEG 2000": encoded("JPEG2000"),
    "JPEG 2000 picture": b"\xff\x4f\xff\x51" + bytes(300),
    "BMP": encoded("BMP"),
    "GIF": encoded("GIF"),
    "Photoshop": b"8BPS" + bytes(300),
    "NIfTI": b"\x5c\x01\x00\x00" + bytes(400),
    "NRRD": b"NRRD0004\n" + bytes(300),
    "PNM": b"P5\n100 80\n255\n" + bytes(8000),
    "PNM picture": b"P6 100 80 255\n" + bytes(300),
    "icon": b"\x00\x00\x01\x00\x01\x00" + bytes(300),
    "SGI": encoded("SGI"),
    "FITS": b"SIMPLE  =                    T" + bytes(300),
    "NumPy array": b"\x93NUMPY\x01\x00" + bytes(300),
    "MATLAB": b"MATLAB 5.0 MAT-file" + bytes(300),
    "MetaImage": b"ObjectType = Image\nNDims = 2\n",
    "video": container(b"isom", b"mp42"),
    "video of another kind": b"RIFF\0\0\0\0AVI LIST" + bytes(300),
    "web page": b"\n<!DOCTYPE html><html><body>Sign in</body></html>",
    "web page without a type": b"<html><head></head></html>",
    "JSON": b'[{"00080005": {"vr": "CS"}}]',
    "JSON, one object": b'{"detail": "not found"}',
    "several parts": b"--boundary\r\nContent-Type: application/dicom\r\n\r\n" + bytes(200) + b"DICM",
    "RAR": b"Rar!\x1a\x07\x00" + bytes(300),
    "7-Zip": b"7z\xbc\xaf\x27\x1c" + bytes(300),
    "bzip2": b"BZh91AY&SY" + bytes(300),
    "xz": b"\xfd7zXZ\x00" + bytes(300),
    "Zstandard": b"\x28\xb5\x2f\xfd" + bytes(300),
    "DjVu": b"AT&TFORM" + bytes(300),
    "PCX": b"\x0a\x05\x01\x08" + bytes(300),
    "Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n",
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_foreign_format_is_named(name):
    with pytest.raises(RadiographError) as caught:
        read_radiograph(FORMATS[name])
    assert name.split(",")[0].split(" of")[0].split(" picture")[0].split(" without")[0] in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("kind", ["HEIC", "HEIC of several pictures"])
def test_of_a_phone_s_picture_is_said_how_to_save_it(kind):
    with pytest.raises(RadiographError, match="export it as JPEG or PNG"):
        read_radiograph(FORMATS[kind])


KINDS = {
    "JPEG of 12 bits": jpeg(precision=12),
    "JPEG of 16 bits": jpeg(precision=16),
    "lossless JPEG": jpeg(0xC3, 16),
    "JPEG-LS": jpeg(0xF7),
    "hierarchical JPEG": jpeg(0xC5),
}


@pytest.mark.parametrize("name", KINDS)
def test_an_unusual_jpeg_is_named(name):
    with pytest.raises(RadiographError, match=f"{name}.*which is not read. Save it as PNG"):
        read_radiograph(KINDS[name])


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_avif_is_read_where_pillow_reads_it():
    picture = read_radiograph(encoded("AVIF", quality=95))
    np.testing.assert_allclose(picture.grey * 255, np.asarray(GREY), atol=6)
    assert picture.kind == "avif"


def test_avif_is_named_where_pillow_does_not_read_it(monkeypatch):
    from cxr.reading import picture_file

    monkeypatch.setattr(picture_file, "FORMATS", ("PNG", "JPEG", "WEBP", "TIFF"))
    with pytest.raises(RadiographError, match="AVIF"):
        read_radiograph(container(b"avif", b"mif1"))


@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_damage_is_still_called_damage(kept):
    content = encoded("JPEG")
    with pytest.raises(RadiographError, match="damaged"):
        read_radiograph(content[: int(kept * len(content))])
