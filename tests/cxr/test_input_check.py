import csv

import numpy as np
import pytest

from cxr import prepare, read_radiograph
from cxr.input_check import input_statistics
from cxr.phantom.synthesis import phantom as make_phantom


@pytest.fixture(scope="module")
def grey():
    return make_phantom(seed=4, size=256).radiograph.grey


def verdict(pixels, rule="samplewise"):
    return prepare(read_radiograph(np.ascontiguousarray(pixels)), {"rule": rule}).statistics


def test_the_numbers_are_those_of_the_array():
    array = np.array([[1.0, 2.0], [3.0, 6.0]], np.float32)[..., None]
    numbers = input_statistics(array, np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64), (0, 0, 64, 64))
    # mean 12 / 4; squares of the deviations 4 + 1 + 0 + 9 = 14, / 4 = 3.5
    assert (numbers.mean, numbers.minimum, numbers.maximum) == (3, 1, 6)
    assert numbers.std == pytest.approx(3.5**0.5)


@pytest.mark.parametrize("rule", ["original", "imagenet", "resize_imagenet", "xrv", "samplewise"])
def test_a_chest_passes_under_every_rule(grey, rule):
    statistics = verdict(grey, rule)
    assert statistics.ok
    assert statistics.verdict.startswith("Brightness, contrast and layout are those of")


def spoilt(name, grey):
    checks = np.indices(grey.shape).sum(0) // 16 % 2
    return {
        "a negative": 1 - grey,
        "upside down": grey[::-1],
        "turned on its side": np.rot90(grey),
        "contrast is low": 0.4 + 0.15 * grey,
        "unusually dark": 0.3 * grey,
        "unusually bright": 0.65 + 0.35 * grey,
        "picture is black": np.where(grey < 0.55, 0, grey),
        "picture is white": np.where(grey > 0.55, 1, grey),
        "doesn't look like a frontal chest": (0.1 + 0.8 * checks).astype(np.float32),
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "a negative",
        "upside down",
        "turned on its side",
        "contrast is low",
        "unusually dark",
        "unusually bright",
        "picture is black",
        "picture is white",
        "doesn't look like a frontal chest",
    ],
)
def test_what_is_wrong_with_a_picture_is_said(grey, name):
    statistics = verdict(spoilt(name, grey))
    assert not statistics.ok
    assert name in statistics.verdict
    # standardised by itself, so these two numbers never tell
    assert statistics.mean == pytest.approx(0, abs=1e-4)
    assert statistics.std == pytest.approx(1, abs=1e-3)


def test_both_sides_are_sides(grey):
    for turns in (1, 3):
        assert "turned on its side" in verdict(np.rot90(grey, turns)).verdict


def test_one_glaring_spot_is_said():
    array = np.zeros((224, 224, 3), np.float32)
    array[::2] = 0.01
    array[:4, :4] = 1
    quiet = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
    assert "A few pixels" in input_statistics(array, quiet, (0, 0, 64, 64)).verdict


def test_only_the_part_that_the_network_sees_is_judged(grey):
    wide = np.zeros((256, 700), np.float32)
    wide[:, 222:478] = grey
    assert not verdict(wide, "samplewise").ok
    assert verdict(wide, "xrv").ok


def test_real_radiographs_pass(nih_full):
    for path in nih_full:
        for rule in ("samplewise", "imagenet", "xrv"):
            assert prepare(read_radiograph(path), {"rule": rule}).statistics.ok


def test_nearly_all_of_a_hundred_radiographs_pass_and_few_other_pictures_do(shared):
    folder = shared / "nih"
    paths = sorted((folder / "images").iterdir())[::110]
    passed = [prepare(read_radiograph(path), {"rule": "samplewise"}).statistics.ok for path in paths]
    assert np.mean(passed) >= 0.96
    with open(folder / "other" / "SOURCES.csv", newline="") as file:
        photographs = [row["image"] for row in csv.DictReader(file) if row["category"] == "photograph"][:30]
    others = [
        prepare(read_radiograph(folder / "other" / name), {"rule": "samplewise"}).statistics.ok for name in photographs
    ]
    assert np.mean(others) <= 0.35
