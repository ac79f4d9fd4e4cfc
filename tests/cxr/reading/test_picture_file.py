import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFile, ImageOps

from cxr import read_radiograph
from cxr.errors import RadiographError


def chest(height=80, width=100):
    y, x = np.mgrid[0:height, 0:width]
    return ((x * 2 + y) % 251).astype(np.uint8)


def deep(height=80, width=100):
    return np.arange(height * width, dtype=np.uint16).reshape(height, width) * 8


def encoded(image, kind, **settings):
    buffer = io.BytesIO()
    image.save(buffer, kind, **settings)
    return buffer.getvalue()


def header_only_png(height, width):
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


GREY = Image.fromarray(chest())

LOSSLESS = {
    "png": encoded(GREY, "PNG"),
    "png, palette": encoded(GREY.convert("P"), "PNG"),
    "png, grey and alpha": encoded(GREY.convert("LA"), "PNG"),
    "png, rgb": encoded(GREY.convert("RGB"), "PNG"),
    "png, rgba": encoded(GREY.convert("RGBA"), "PNG"),
    "webp": encoded(GREY.convert("RGB"), "WEBP", lossless=True),
    "tiff": encoded(GREY, "TIFF"),
    "tiff, lzw": encoded(GREY, "TIFF", compression="tiff_lzw"),
    "tiff, deflate": encoded(GREY, "TIFF", compression="tiff_adobe_deflate"),
    "tiff, cmyk": encoded(GREY.convert("RGB").convert("CMYK"), "TIFF"),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_formats_give_the_pixels(name):
    picture = read_radiograph(LOSSLESS[name])
    np.testing.assert_array_equal(picture.rgb, np.dstack([chest()] * 3))
    np.testing.assert_array_equal(np.rint(picture.grey * 255), chest())
    assert picture.kind == name.split(",")[0]
    assert not picture.colour


@pytest.mark.parametrize("settings", [{}, {"progressive": True}])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_gives_the_pixels_nearly(mode, settings):
    smooth = Image.fromarray(np.add.outer(np.arange(80), np.arange(100)).astype(np.uint8))
    picture = read_radiograph(encoded(smooth.convert(mode), "JPEG", quality=95, **settings))
    np.testing.assert_allclose(picture.grey * 255, np.asarray(smooth), atol=4)
    assert picture.kind == "jpeg"


def test_one_bit_is_black_and_white():
    bits = chest() > 100
    picture = read_radiograph(encoded(Image.fromarray(bits), "PNG"))
    np.testing.assert_array_equal(picture.grey, bits.astype(np.float32))


def test_a_coloured_palette_is_looked_up():
    palette = Image.fromarray((chest() // 64), "P")
    palette.putpalette([10, 20, 30, 90, 80, 70, 200, 0, 0, 0, 255, 0])
    picture = read_radiograph(encoded(palette, "PNG"))
    np.testing.assert_array_equal(picture.rgb, np.asarray(palette.convert("RGB")))


def test_transparent_parts_are_black():
    alpha = np.where(chest() > 100, 255, 0).astype(np.uint8)
    picture = read_radiograph(encoded(Image.fromarray(np.dstack([chest(), alpha]), "LA"), "PNG"))
    np.testing.assert_array_equal(np.rint(picture.grey * 255), np.where(alpha > 0, chest(), 0))


SIXTEEN_BITS = {
    "png": encoded(Image.fromarray(deep()), "PNG"),
    "tiff": encoded(Image.fromarray(deep()), "TIFF"),
    "tiff, lzw": encoded(Image.fromarray(deep()), "TIFF", compression="tiff_lzw"),
    "tiff, 32 bit": encoded(Image.fromarray(deep().astype(np.int32)), "TIFF"),
    "png, rgb": cv2.imencode(".png", np.dstack([deep()] * 3))[1].tobytes(),
    "png, rgba": cv2.imencode(".png", np.dstack([deep()] * 3 + [np.full_like(deep(), 65535)]))[1].tobytes(),
    "tiff, rgb": cv2.imencode(".tif", np.dstack([deep()] * 3))[1].tobytes(),
}


@pytest.mark.parametrize("name", SIXTEEN_BITS)
def test_sixteen_bits_are_kept(name):
    # 80 * 100 values in steps of 8: up to 63992, of 65535
    picture = read_radiograph(SIXTEEN_BITS[name])
    np.testing.assert_allclose(picture.grey, deep() / 65535, atol=1e-6)
    assert len(np.unique(picture.grey)) == 8000


def test_sixteen_bit_colours_are_in_order():
    red_green_blue = np.dstack([deep(), deep()[::-1], deep()[:, ::-1]])
    picture = read_radiograph(cv2.imencode(".png", red_green_blue[..., ::-1])[1].tobytes())
    np.testing.assert_allclose(picture.rgb, red_green_blue / 257, atol=0.51)


def test_floats_in_a_tiff_are_read():
    values = (chest() / 255).astype(np.float32)
    np.testing.assert_array_equal(read_radiograph(encoded(Image.fromarray(values), "TIFF")).grey, values)


@pytest.mark.parametrize("pixels", [chest(), deep()])
def test_a_tiff_whose_zero_is_white_is_inverted(pixels):
    content = encoded(Image.fromarray(pixels), "TIFF")
    # tag 262, type 3 (short), one value: 1 means that black is zero
    black_is_zero = struct.pack("<HHII", 262, 3, 1, 1)
    assert content.count(black_is_zero) == 1
    inverted = read_radiograph(content.replace(black_is_zero, struct.pack("<HHII", 262, 3, 1, 0)))
    np.testing.assert_allclose(inverted.grey, 1 - read_radiograph(content).grey, atol=1e-6)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP"])
def test_exif_orientation_is_followed(kind, orientation):
    smooth = Image.fromarray(np.add.outer(2 * np.arange(70), np.arange(100)).astype(np.uint8)).convert("RGB")
    exif = Image.Exif()
    exif[274] = orientation
    content = encoded(smooth, kind, exif=exif)
    smooth.getexif()[274] = orientation
    expected = np.asarray(ImageOps.exif_transpose(smooth).convert("L"))
    np.testing.assert_allclose(read_radiograph(content).grey * 255, expected, atol=6)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_followed_in_sixteen_bit_colour(orientation):
    exif = Image.Exif()
    exif[274] = orientation
    content = SIXTEEN_BITS["png, rgb"]
    after_header = 8 + 25
    chunk = b"eXIf" + exif.tobytes()[6:]
    chunk = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    turned = read_radiograph(content[:after_header] + chunk + content[after_header:])
    image = Image.fromarray(deep())
    image.getexif()[274] = orientation
    np.testing.assert_allclose(turned.grey, np.asarray(ImageOps.exif_transpose(image)) / 65535, atol=1e-6)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"PK\x03\x04....", "a ZIP archive"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"GIF89a........", "a GIF picture"),
        (b"\x1f\x8b\x08....", "a gzip archive"),
        (b"just some text", "not an image"),
        (bytes(5000), "not an image"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", "not an image"),
    ],
)
def test_what_is_no_picture_is_called_what_it_is(content, name):
    with pytest.raises(RadiographError, match=name) as caught:
        read_radiograph(content)
    assert "PNG, JPEG, WebP, TIFF or DICOM" in str(caught.value)


TRUNCATED = {
    **LOSSLESS,
    **SIXTEEN_BITS,
    "jpeg": encoded(GREY, "JPEG"),
    "jpeg, progressive": encoded(GREY, "JPEG", progressive=True),
}


@pytest.mark.parametrize("name", TRUNCATED)
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_refused(name, kept):
    content = TRUNCATED[name]
    with pytest.raises(RadiographError):
        read_radiograph(content[: int(kept * len(content))])


def test_a_broken_header_is_called_damage():
    with pytest.raises(RadiographError, match="damaged"):
        read_radiograph(LOSSLESS["png"][:20])


def test_pils_own_settings_are_left_alone():
    before = ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS
    read_radiograph(LOSSLESS["png"])
    with pytest.raises(RadiographError):
        read_radiograph(LOSSLESS["png"][:100])
    assert before == (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS)


@pytest.mark.parametrize(("height", "width"), [(8_000, 8_000), (1_000_000, 1_000_000), (64, 1_000_000)])
def test_megapixels_are_counted_before_decoding(height, width):
    with pytest.raises(RadiographError, match="megapixels"):
        read_radiograph(header_only_png(height, width))


def test_a_thumbnail_is_refused():
    with pytest.raises(RadiographError, match="100 × 63 pixels"):
        read_radiograph(encoded(Image.fromarray(chest(63, 100)), "PNG"))


@pytest.mark.parametrize("kind", ["TIFF", "WEBP", "PNG", "GIF"])
def test_several_frames_are_refused(kind):
    other = Image.fromarray(chest()[::-1].copy())
    content = encoded(GREY, kind, save_all=True, append_images=[other])
    with pytest.raises(RadiographError, match="2 pictures" if kind != "GIF" else "GIF"):
        read_radiograph(content)
    with pytest.raises(RadiographError, match="2 pictures"):
        read_radiograph(Image.open(io.BytesIO(content)))


@pytest.mark.parametrize("mode", ["HSV", "LAB", "YCbCr", "RGBX", "RGBa", "La", "F", "I", "I;16"])
def test_pil_images_of_other_modes_are_read(mode):
    source = GREY if mode in ("F", "I", "I;16") else GREY.convert("LA" if mode == "La" else "RGB")
    if mode == "RGBa":
        source = source.convert("RGBA")
    if mode == "LAB":
        image = Image.fromarray(np.dstack([chest(), np.full_like(chest(), 0), np.full_like(chest(), 0)]), "LAB")
        assert read_radiograph(image).height == 80
        return
    np.testing.assert_allclose(read_radiograph(source.convert(mode)).grey * 255, chest(), atol=2)


def test_a_damaged_picture_leaves_a_reason_for_the_log():
    with pytest.raises(RadiographError) as caught:
        read_radiograph(LOSSLESS["png"][:100])
    assert caught.value.__cause__ is not None
