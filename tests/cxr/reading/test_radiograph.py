import io
import tempfile

import numpy as np
import pytest
from PIL import Image

from cxr import Radiograph, read_radiograph
from cxr.errors import RadiographError


def chest(height=80, width=100):
    """A picture without any symmetry."""
    y, x = np.mgrid[0:height, 0:width]
    return ((x * 2 + y) % 251).astype(np.uint8)


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def coloured(share):
    pixels = np.repeat(chest(130, 130)[..., None], 3, axis=2)
    pixels[: int(130 * share)] = (200, 30, 30)
    return pixels


def test_path_bytes_image_and_array_give_the_same(tmp_path):
    content = png(chest())
    path = tmp_path / "film.png"
    path.write_bytes(content)
    sources = [path, str(path), content, bytearray(content), memoryview(content), Image.fromarray(chest()), chest()]
    pictures = [read_radiograph(source) for source in sources]
    for picture in pictures:
        np.testing.assert_array_equal(np.rint(picture.grey * 255), chest())
    assert len({picture.digest for picture in pictures}) == 1
    assert [picture.kind for picture in pictures] == ["png"] * 5 + ["image", "array"]


def test_grey_and_rgb_of_a_grey_picture():
    picture = read_radiograph(chest())
    assert (picture.height, picture.width) == (80, 100)
    assert picture.grey.dtype == np.float32
    assert picture.rgb.dtype == np.uint8
    for channel in range(3):
        np.testing.assert_array_equal(picture.rgb[..., channel], chest())
    assert not picture.colour


def test_arrays_are_read_only():
    picture = read_radiograph(chest())
    for array in (picture.grey, picture.rgb):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 0


def test_the_callers_array_is_neither_shared_nor_changed():
    pixels = np.random.default_rng(0).random((64, 64), dtype=np.float32)
    before = pixels.copy()
    picture = read_radiograph(pixels)
    pixels[0, 0] = 0.5
    assert pixels.flags.writeable
    assert picture.grey[0, 0] == before[0, 0]


def test_sixteen_bits_keep_their_depth_and_are_not_clipped():
    pixels = np.linspace(0, 65535, 100 * 100).astype(np.uint16).reshape(100, 100)
    picture = read_radiograph(pixels)
    assert len(np.unique(picture.grey)) == 10_000
    # a value in the middle stays in the middle: 32767 / 65535 * 255 = 127.5
    assert abs(int(picture.rgb[50, 0, 0]) - 127.5) <= 1


def test_a_colour_photograph_is_accepted_with_a_warning():
    picture = read_radiograph(coloured(0.5))
    assert picture.colour
    assert "50% of the picture is coloured" in picture.warnings[0]
    np.testing.assert_array_equal(picture.rgb, coloured(0.5))
    # luma of (200, 30, 30): 0.299 * 200 + 0.587 * 30 + 0.114 * 30 = 80.83
    assert picture.grey[0, 0] * 255 == pytest.approx(80.83, abs=0.01)


def test_equal_channels_are_no_colour():
    picture = read_radiograph(coloured(0))
    assert not picture.colour
    assert not picture.warnings
    np.testing.assert_array_equal(picture.grey, read_radiograph(chest(130, 130)).grey)


def test_a_jpegs_own_colour_noise_is_no_warning():
    pixels = coloured(0)
    pixels[::2, ::2, 0] += 3
    picture = read_radiograph(pixels)
    assert picture.colour
    assert not picture.warnings


def test_a_long_picture_and_a_small_one_are_warned_about():
    (long,) = read_radiograph(chest(130, 260)).warnings
    assert "2.0 times as wide as high" in long
    (small,) = read_radiograph(chest(100, 120)).warnings
    assert "100 pixels" in small
    assert not read_radiograph(chest(130, 150)).warnings


@pytest.mark.parametrize("value", [0, 255, 7])
def test_a_constant_picture_is_refused(value):
    with pytest.raises(RadiographError, match="same value"):
        read_radiograph(np.full((80, 80), value, np.uint8))


def test_a_fully_transparent_picture_is_refused():
    pixels = np.dstack([chest()] * 3 + [np.zeros_like(chest())])
    with pytest.raises(RadiographError, match="same value"):
        read_radiograph(pixels)


def test_the_digest_depends_on_every_pixel_and_on_the_shape():
    changed = chest()
    changed[79, 99] += 1
    digests = {read_radiograph(pixels).digest for pixels in (chest(), changed, chest().reshape(100, 80))}
    assert len(digests) == 3


def test_the_display_is_averaged_and_never_enlarged():
    stripes = np.tile(np.array([0, 200], np.uint8), (200, 100))
    picture = read_radiograph(stripes)
    # two stripes fall on each pixel: (0 + 200) / 2
    assert (picture.display(100) == 100).all()
    assert picture.display(100).shape == (100, 100)
    np.testing.assert_array_equal(picture.display(1024), stripes)


def test_the_display_keeps_the_shape():
    assert read_radiograph(chest(300, 1000)).display(500).shape == (150, 500)


def test_a_path_that_is_not_there_is_not_named(tmp_path):
    with pytest.raises(RadiographError) as caught:
        read_radiograph(tmp_path / "DOE_JANE.png")
    assert "DOE" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_damaged_files_path_is_not_named(tmp_path):
    path = tmp_path / "DOE_JANE.png"
    path.write_bytes(b"no picture at all")
    with pytest.raises(RadiographError) as caught:
        read_radiograph(path)
    assert "DOE" not in str(caught.value)


@pytest.mark.parametrize("source", ["", ".", "\0", "x" * 5000])
def test_what_is_no_path_is_refused(source):
    with pytest.raises(RadiographError):
        read_radiograph(source)


@pytest.mark.parametrize("source", ["https://example.org/a.png", "file:///etc/passwd", "data:image/png;base64,AAAA"])
def test_web_addresses_are_not_fetched(source):
    with pytest.raises(RadiographError, match="not fetched"):
        read_radiograph(source)


@pytest.mark.parametrize("source", [None, 3, ["a"], io.BytesIO(b"x")])
def test_other_sources_are_refused_by_their_type(source):
    with pytest.raises(RadiographError, match=type(source).__name__):
        read_radiograph(source)


def test_an_open_file_is_told_what_to_do():
    with pytest.raises(RadiographError, match=r"file\.read\(\)"):
        read_radiograph(io.BytesIO(png(chest())))


def test_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    read_radiograph(png(chest()))
    assert not list(tmp_path.iterdir())


def test_real_radiographs_are_read(nih_full):
    for path in nih_full:
        picture = read_radiograph(path)
        assert isinstance(picture, Radiograph)
        assert not picture.warnings
        with Image.open(path) as image:
            np.testing.assert_array_equal(picture.rgb, np.asarray(image.convert("RGB")))
