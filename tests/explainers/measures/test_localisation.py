"""A map against a box."""

import numpy as np
import pytest

from explainers.box_scores import box_scores, sample_with_box
from explainers.map_statistics import peak
from tests.explainers.measures.planted_maps import true_map


def test_against_a_box_by_hand():
    values = np.zeros((10, 10))
    values[2, 3], values[8, 8], values[0, 0] = 3, 1, -5
    inside = np.zeros((10, 10), bool)
    inside[1:4, 2:5] = True  # 9 of 100
    found = box_scores(values, inside)
    assert found["mass"] == 0.75
    assert found["area"] == 0.09
    assert found["pointing"]
    assert not found["abstains"]
    # in the box: one of 3, eight of 0; outside: one of 1, one of −5, 89 of 0
    wins = 91 + 8 * (1 + 89 / 2)
    assert found["pixel_auc"] == pytest.approx(wins / (9 * 91))


def test_a_map_without_a_positive_cell_abstains_and_misses():
    inside = np.zeros((10, 10), bool)
    inside[:5] = True
    found = box_scores(-np.ones((10, 10)), inside)
    assert found["abstains"]
    assert not found["pointing"]
    assert found["mass"] == 0
    # a constant map points at the middle of all its maxima
    assert peak(np.ones((4, 6))) == (2, 3)
    assert box_scores(np.ones((10, 10)), inside)["pixel_auc"] == 0.5


def test_a_near_miss_counts_with_tolerance_only():
    values, inside = np.zeros((100, 100)), np.zeros((100, 100), bool)
    values[50, 50], inside[50:60, 53:60] = 1, True
    found = box_scores(values, inside)
    assert (found["pointing"], found["pointing_tolerant"]) == (False, True)  # 2.5 pixels of 3
    values[50, 50], values[50, 48] = 0, 1
    assert not box_scores(values, inside)["pointing_tolerant"]


def test_boxes_are_in_the_pictures_own_pixels(measured, disc_picture):
    hit = measured("localisation", true_map(), box=disc_picture[1]).measured
    assert hit.figures["pointing"]
    assert hit.value > 0.5
    top, left, height, width = disc_picture[1]
    miss = measured("localisation", true_map(), box=(top, left - 40, height, width)).measured
    assert not miss.figures["pointing"]
    assert measured("localisation", true_map()).code == "NOT_MEASURABLE"
    values, inside = sample_with_box(np.zeros((50, 200)), (25, 0, 25, 100))
    assert values.shape == inside.shape == (256, 256)
    assert inside[128:, :128].all()
    assert inside.mean() == 0.25
