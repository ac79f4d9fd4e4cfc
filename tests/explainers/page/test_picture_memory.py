"""Memory for pictures: bounded in total, and given back however reading ends."""

import io
import threading

import numpy as np
import pytest
from PIL import Image

from cxr.errors import Busy, RadiographError
from explainers.page import picture_memory as module
from explainers.page.picture_memory import BYTES_A_PIXEL, PictureMemory


def png(side: int = 100) -> bytes:
    pixels = np.tile(np.linspace(0, 255, side, dtype=np.uint8), (side, 1))
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()


def test_a_picture_counts_while_it_is_used_and_no_longer():
    memory = PictureMemory(10**9)
    with memory.reading(png()) as radiograph:
        assert memory.taken_bytes == radiograph.grey.nbytes == 4 * 100 * 100
    assert memory.taken_bytes == 0
    assert memory.read(png()).width == 100
    assert memory.taken_bytes == 0


@pytest.mark.parametrize("content", [b"", b"no picture", png()[:-200], b"\x89PNG\r\n\x1a\n" + b"\xff" * 100])
def test_a_file_that_can_not_be_read_gives_its_memory_back(content):
    memory = PictureMemory(10**9)
    with pytest.raises(RadiographError):
        memory.read(content)
    assert memory.taken_bytes == 0


def test_a_second_picture_waits_for_the_first_if_both_do_not_fit():
    memory = PictureMemory(BYTES_A_PIXEL * 100 * 100 + 1)
    read = threading.Event()

    def second() -> None:
        with memory.reading(png()):
            read.set()

    with memory.reading(png()) as radiograph:
        assert radiograph.grey.nbytes + BYTES_A_PIXEL * 100 * 100 > BYTES_A_PIXEL * 100 * 100 + 1
        waiting = threading.Thread(target=second)
        waiting.start()
        assert not read.is_set()
    waiting.join(30)
    assert read.is_set()


def test_who_waits_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_WAIT_S", 0.01)
    memory = PictureMemory(1)
    with memory.reading(png()), pytest.raises(Busy, match="minute"):
        memory.read(png())


def test_one_picture_is_read_whatever_it_takes():
    assert PictureMemory(1).read(png()).height == 100


def test_memory_is_counted_by_the_declared_size_before_anything_is_decoded():
    """A picture of 7,000 × 7,000 pixels in 16-bit RGBA compresses to 400 kB and takes 2 GB."""
    target = io.BytesIO()
    Image.new("1", (7000, 7000)).save(target, "PNG")
    assert len(target.getvalue()) < 100_000
    assert module._decoding_bytes(target.getvalue()) == 7000 * 7000 * BYTES_A_PIXEL
    assert module._decoding_bytes(b"DICOM or anything else") == module.LARGEST_PIXELS * BYTES_A_PIXEL


@pytest.mark.parametrize("seed", range(4))
def test_pictures_of_all_callers_never_take_more_than_the_bound(seed):
    """Whatever comes together: what is decoded and what is held adds up to no more than the bound."""
    rng = np.random.default_rng(seed)
    sides = [int(side) for side in rng.integers(64, 200, 12)]
    bound = BYTES_A_PIXEL * max(sides) ** 2
    memory, most = PictureMemory(bound), []

    def call(side: int) -> None:
        with memory.reading(png(side)) as radiograph:
            most.append(memory.taken_bytes)
            assert radiograph.width == side
        most.append(memory.taken_bytes)

    callers = [threading.Thread(target=call, args=(side,)) for side in sides]
    for each in callers:
        each.start()
    for each in callers:
        each.join(60)
    assert len(most) == 2 * len(sides)
    assert max(most) <= bound
    assert memory.taken_bytes == 0
