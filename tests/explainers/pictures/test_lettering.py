"""Numbers and text in pictures."""

import pytest
from PIL import Image

from explainers.pictures import (
    number,
)
from explainers.pictures.lettering import Lettering, transliterated
from tests.explainers.pictures.pixels import has_ink


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (0.8, "0.80"),
        (-0.3333, "−0.33"),
        (12.4, "12"),
        (0.0996, "0.10"),
        (0.996, "1.0"),
        (9.96, "10"),
        (1234, "1,200"),
        (-0.00005, "−0.000050"),
        (2.5e-9, "2.5e−9"),
        (3e7, "3.0e7"),
    ],
)
def test_numbers_have_two_digits_and_a_true_minus(value, words):
    assert number(value) == words


def test_every_sign_that_is_written_can_be_drawn():
    for sign in "−–—×%+±°·…()/:;'’“”":
        picture = Image.new("RGB", (40, 40))
        Lettering(24).draw(picture, 4, 0, sign, "#ffffff")
        assert has_ink(picture), sign
    assert transliterated("σ² é ≥ 漢") == "sigma2 e >= ?"


def test_a_minus_is_as_long_as_the_plus_is_wide():
    def extent(sign):
        picture = Image.new("L", (80, 80)).convert("RGB")
        Lettering(40).draw(picture, 10, 10, sign, "#ffffff")
        left, _, right, _ = picture.getbbox()
        return right - left

    assert extent("−") == pytest.approx(extent("+"), abs=4)


def test_text_is_broken_to_the_width():
    lettering = Lettering(16)
    lines = lettering.wrapped("one two three four five six seven", 90)
    assert len(lines) > 1
    assert all(lettering.width(line) <= 90 for line in lines)
    assert " ".join(lines) == "one two three four five six seven"
