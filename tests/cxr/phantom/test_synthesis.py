from functools import cache

import cv2
import numpy as np
import pytest

from cxr.findings import FINDINGS
from cxr.phantom import phantom

SIZE = 256
SIGNS = ("nodule", "effusion", "cardiomegaly", "pneumothorax")


@cache
def film(seed=0, **planted):
    return phantom(seed, size=SIZE, **planted)


def at(picture, left, top, right, bottom):
    """Mean brightness of a box in shares of the sides."""
    rows, columns = slice(int(top * SIZE), int(bottom * SIZE)), slice(int(left * SIZE), int(right * SIZE))
    return picture.radiograph.grey[rows, columns].mean()


def test_the_same_arguments_give_the_same_pixels():
    again = phantom(3, size=SIZE, effusion=True)
    assert again.radiograph.digest == film(3, effusion=True).radiograph.digest


def test_another_seed_gives_another_body():
    assert film(0).radiograph.digest != film(1).radiograph.digest


@pytest.mark.parametrize("seed", range(4))
def test_it_looks_like_a_film(seed):
    picture = film(seed)
    lungs = at(picture, 0.2, 0.3, 0.35, 0.6), at(picture, 0.68, 0.3, 0.8, 0.45)
    spine, abdomen, air = (
        at(picture, 0.47, 0.4, 0.53, 0.6),
        at(picture, 0.3, 0.9, 0.7, 0.98),
        at(picture, 0, 0, 0.1, 0.05),
    )
    assert air < 0.05 < max(lungs) < 0.5 < spine < 0.95
    assert abdomen > max(lungs) + 0.3


def test_the_heart_lies_to_the_pictures_right():
    picture = film()
    assert at(picture, 0.6, 0.6, 0.7, 0.7) > at(picture, 0.3, 0.6, 0.4, 0.7) + 0.1


def test_the_picture_is_a_radiograph_without_warnings():
    radiograph = film().radiograph
    assert radiograph.kind == "phantom"
    assert not radiograph.warnings
    assert radiograph.grey.shape == (SIZE, SIZE)


@pytest.mark.parametrize("sign", SIGNS)
def test_the_truth_names_a_finding_of_nih(sign):
    planted = film(**{sign: True})
    assert list(planted.truth) == [sign.capitalize()]
    assert set(planted.truth) < set(FINDINGS)
    (where,) = planted.truth.values()
    assert where.shape == (SIZE, SIZE)
    assert where.dtype == bool
    assert 0.001 < where.mean() < 0.4


def test_nothing_planted_has_no_truth():
    assert not film().truth


def test_all_signs_go_together():
    assert set(film(**dict.fromkeys(SIGNS, True)).truth) == {sign.capitalize() for sign in SIGNS}


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
@pytest.mark.parametrize(("sign", "brighter"), [("nodule", True), ("effusion", True), ("pneumothorax", False)])
def test_a_sign_changes_the_picture_where_it_is(sign, brighter, seed):
    change = film(seed, **{sign: True}).radiograph.grey - film(seed).radiograph.grey
    (where,) = film(seed, **{sign: True}).truth.values()
    outside = ~cv2.dilate(where.astype(np.uint8), np.ones((41, 41))).astype(bool)
    assert (change[where].mean() > 0.02) if brighter else (change[where].mean() < -0.02)
    assert np.abs(change[where].mean()) > 5 * np.abs(change[outside]).mean()


def test_an_enlarged_heart_is_more_than_half_as_wide_as_the_chest():
    usual, enlarged = film(), film(cardiomegaly=True)
    (heart,) = enlarged.truth.values()
    columns = np.nonzero(heart.any(axis=0))[0]
    # the lungs' outer walls stand about 14 cm from the midline of a film of 36 cm
    assert (columns[-1] - columns[0]) / SIZE > 0.5 * 28 / 36
    assert (enlarged.radiograph.grey - usual.radiograph.grey)[heart].mean() > 0.02


@pytest.mark.parametrize("size", [64, 100, 512])
def test_the_size_changes_the_pixels_not_the_body(size):
    small = cv2.resize(phantom(2, size=size, effusion=True).radiograph.grey, (64, 64), interpolation=cv2.INTER_AREA)
    usual = cv2.resize(film(2, effusion=True).radiograph.grey, (64, 64), interpolation=cv2.INTER_AREA)
    assert np.corrcoef(small.ravel(), usual.ravel())[0, 1] > 0.995


@pytest.mark.parametrize("seed", [0, 1])
def test_a_nodule_lies_at_the_same_place_at_any_size(seed):
    def place(size):
        return np.argwhere(phantom(seed, size=size, nodule=True).truth["Nodule"]).mean(axis=0) / size

    np.testing.assert_allclose(
        place(96), np.argwhere(film(seed, nodule=True).truth["Nodule"]).mean(0) / SIZE, atol=0.03
    )


@pytest.mark.parametrize("size", [63, 4097])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError, match="64 to 4096"):
        phantom(size=size)


def test_random_numbers_elsewhere_are_left_alone():
    np.random.seed(5)
    expected = np.random.random()
    np.random.seed(5)
    phantom(size=64)
    assert np.random.random() == expected
