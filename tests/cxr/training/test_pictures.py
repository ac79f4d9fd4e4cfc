"""Radiographs of a table, packed into one array."""

import numpy as np
import pytest
from PIL import Image

from cxr.errors import LabelError
from cxr.evaluation.labels import LabelTable
from cxr.preparation import prepare
from cxr.reading.radiograph import read_radiograph
from cxr.training.augmentation import standardised
from cxr.training.pictures import joined, pack


def table(*images: str) -> LabelTable:
    values = np.arange(len(images), dtype=np.float32)[:, None]
    return LabelTable(images, tuple(map(str, range(len(images)))), ("Mass",), values, {})


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for name, side in (("large.png", 512), ("small.png", 96)):
        Image.fromarray(rng.integers(0, 255, (side, side), np.uint8)).save(tmp_path / name)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG nothing")
    return tmp_path


def test_what_a_network_is_trained_on_is_what_the_input_rule_gives(folder):
    packed = pack(table("large.png"), folder, side=128)
    expected = prepare(read_radiograph(folder / "large.png"), {"rule": "samplewise", "size": 224, "detail": 128})
    ours = standardised(packed.grey(0), 224)
    # 16 bits hold the brightness to 1/131070; standardised, some ten times that
    assert np.abs(ours - expected.array[..., 0]).max() < 2e-4


def test_what_cannot_be_read_is_skipped_and_named_and_rows_stay_with_their_labels(folder):
    packed = pack(table("broken.png", "small.png", "missing.png", "large.png"), folder, side=64)
    assert packed.table.images == ("small.png", "large.png")
    assert packed.table.values[:, 0].tolist() == [1, 3]
    assert set(packed.unreadable) == {"broken.png", "missing.png"}
    small = read_radiograph(folder / "small.png").grey
    assert packed.grey(0).mean() == pytest.approx(small.mean(), abs=1e-3)


def test_packed_pictures_are_found_again_unless_a_file_changed(folder, monkeypatch):
    names = table("small.png", "broken.png")
    first = pack(names, folder, side=64, cache=folder / "cache")
    with monkeypatch.context() as patched:
        patched.setattr("cxr.training.pictures.read_radiograph", lambda file: pytest.fail("read again"))
        again = pack(names, folder, side=64, cache=folder / "cache")
    assert (again.pixels == first.pixels).all()
    assert again.unreadable == first.unreadable
    Image.fromarray(np.tile(np.arange(96, dtype=np.uint8), (96, 1))).save(folder / "small.png")
    changed = pack(names, folder, side=64, cache=folder / "cache")
    assert not (changed.pixels == first.pixels).all()


def test_no_picture_at_all_is_an_error(folder):
    with pytest.raises(LabelError, match="None of the 1 pictures"):
        pack(table("missing.png"), folder, side=64)
    with pytest.raises(LabelError, match="no folder"):
        pack(table("small.png"), folder / "nowhere", side=64)


def test_sources_are_joined_once_each(folder):
    one, other = (pack(table(name), folder, side=64) for name in ("small.png", "large.png"))
    both = joined([one, other])
    assert both.table.images == ("small.png", "large.png")
    assert (both.pixels[1] == other.pixels[0]).all()
    with pytest.raises(LabelError, match="1 pictures are in two tables"):
        joined([one, one])
