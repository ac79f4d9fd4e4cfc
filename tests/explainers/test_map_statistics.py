"""Arithmetic on maps that measures, benchmark and page share."""

import numpy as np
import pytest

from explainers.map_statistics import hottest, on_grid, overlap, ranks, spearman


def test_maps_of_different_grids_meet_on_a_common_one():
    steps = np.array([[0.0, 1.0], [2.0, 3.0]])
    grid = on_grid(steps, 4)
    # half-pixel centres: the outermost quarter is the cell's own value
    assert grid[0, 0] == pytest.approx(0.0, abs=0.05)
    assert grid[3, 3] == pytest.approx(3.0, abs=0.05)
    assert on_grid(np.arange(56.0)[:, None] * np.ones(56), 28)[:, 0] == pytest.approx(np.arange(28) * 2 + 0.5)


def test_arithmetic_of_maps():
    assert ranks(np.array([3, 1, 3, 0])).tolist() == [3.5, 2, 3.5, 1]
    assert spearman(np.array([1, 2, 3.0]), np.array([10, 20, 1000.0])) == pytest.approx(1)
    assert spearman(np.array([1, 2, 3.0]), np.ones(3)) == 0
    assert hottest(np.arange(10.0), 0.2).sum() == 2
    assert hottest(np.zeros(10), 0.2).all()
    assert overlap(np.array([True, True, False]), np.array([False, True, True])) == pytest.approx(1 / 3)
    assert overlap(np.zeros(3, bool), np.zeros(3, bool)) == 0
