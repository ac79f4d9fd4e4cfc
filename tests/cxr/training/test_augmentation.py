"""Changes that leave the findings what they are."""

import cv2
import numpy as np
import pytest

from cxr.training.augmentation import Augmentation

NONE = Augmentation(shift=0, scale=0, rotation=0, gamma=0, coarser=0, noise=0, erase=0)


@pytest.fixture
def chest(phantom) -> np.ndarray:
    return cv2.resize(phantom.grey, (128, 128), interpolation=cv2.INTER_AREA)


def test_with_every_limit_at_zero_nothing_changes(chest):
    assert np.abs(NONE.apply(chest, 128, np.random.default_rng(0)) - chest).max() < 1e-6


def test_another_size_keeps_the_middle_in_the_middle():
    spot = np.zeros((128, 128), np.float32)
    spot[60:68, 60:68] = 1
    large = NONE.apply(spot, 224, np.random.default_rng(0))
    rows, columns = np.indices(large.shape)
    assert [np.average(rows, weights=large), np.average(columns, weights=large)] == pytest.approx([111.5] * 2, abs=1)


def test_a_shift_moves_as_far_as_its_limit_allows():
    spot = np.zeros((128, 128), np.float32)
    spot[64, 64] = 1
    moved = Augmentation(shift=0.1, scale=0, rotation=0, gamma=0, coarser=0, noise=0, erase=0)
    places = [
        np.unravel_index(moved.apply(spot, 128, np.random.default_rng(at)).argmax(), (128, 128)) for at in range(60)
    ]
    distance = np.abs(np.array(places) - 64)
    assert distance.max() <= 13  # a tenth of 128
    assert distance.max() >= 10


def test_what_is_high_up_on_one_side_stays_there():
    marked = np.zeros((128, 128), np.float32)
    marked[24:40, 24:40] = 1
    for at in range(60):
        changed = Augmentation(noise=0, erase=0).apply(marked, 128, np.random.default_rng(at))
        rows, columns = (np.average(each, weights=changed) for each in np.indices(changed.shape))
        assert rows < 60
        assert columns < 60


def test_it_mirrors_only_if_asked_to(chest):
    mirrored = Augmentation(shift=0, scale=0, rotation=0, gamma=0, coarser=0, noise=0, erase=0, mirror=1)
    assert np.abs(mirrored.apply(chest, 128, np.random.default_rng(0)) - chest[:, ::-1]).max() < 1e-6


def test_draws_are_repeated_by_their_seed(chest):
    one, same, other = (Augmentation().apply(chest, 112, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert (one == same).all()
    assert not (one == other).all()


def test_a_view_is_decided_by_the_picture_s_name_and_the_seed(chest):
    drawn = Augmentation()
    assert (drawn.view("a.png", 7).of(chest, 64) == drawn.view("a.png", 7).of(chest, 64)).all()
    assert drawn.view("a.png", 7) != drawn.view("b.png", 7)
    assert drawn.view("a.png", 7) != drawn.view("a.png", 8)


def test_a_view_is_the_same_at_another_size(chest):
    drawn = Augmentation(noise=0, erase=1, coarser=0)
    for seed in range(20):
        view = drawn.view("a.png", seed)
        large = cv2.resize(view.of(chest, 256), (64, 64), interpolation=cv2.INTER_AREA)
        other = drawn.view("a.png", seed + 20).of(chest, 64)
        difference, others = (np.abs(each - view.of(chest, 64)) for each in (large, other))
        assert np.median(difference) < 0.02
        assert np.median(difference) < 0.3 * np.median(others)


def test_an_erased_rectangle_is_within_the_picture_and_at_most_a_quarter_of_its_sides():
    flat = np.tile(np.linspace(0, 1, 128, dtype=np.float32), (128, 1))
    untouched = NONE.apply(flat, 128, np.random.default_rng(0))
    for seed in range(40):
        changed = Augmentation(0, 0, 0, 0, 0, 0, erase=1).apply(flat, 128, np.random.default_rng(seed))
        rows, columns = np.nonzero(np.abs(changed - untouched) > 1e-4)
        assert 6 <= np.ptp(rows) + 1 <= 33
        assert 6 <= np.ptp(columns) + 1 <= 33
