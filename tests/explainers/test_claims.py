"""What a map claims, and what becomes of a claim: cases small enough to be worked by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from explainers.claims import (
    CONFIRMED,
    CONTRADICTED,
    DEPENDS,
    DERIVATIVE,
    FILLS,
    Claims,
    Covering,
    Grid,
    Verdicts,
    on_grid_of,
    states_of,
)


def explanation(values, size, *, unit="logit", signed=True):
    """As much of an explanation as claims need."""
    from cxr.frame import Frame

    values = np.asarray(values, np.float32)
    frame = Frame(size, size, (0.0, 0.0, float(size[0]), float(size[1])))
    return SimpleNamespace(map=values, unit=unit, signed=signed, on_input=lambda: frame.map_to_input(values))


@pytest.mark.parametrize(
    ("expected", "changes", "state"),
    [
        ([-1, -1, -1], [-0.2, -0.3, -0.1], CONFIRMED),
        ([1, 1, 1], [0.2, 0.3, 0.1], CONFIRMED),
        ([-1, -1, -1], [0.2, 0.3, 0.1], CONTRADICTED),
        ([-1, -1, -1], [-0.2, 0.3, -0.1], DEPENDS),
        # evidence is claimed, and covering it changes nothing: within the tolerance of 0.01 under every fill
        ([-1, -1, -1], [-0.005, 0.005, 0.0], CONTRADICTED),
        # one fill shows it, the others nothing
        ([-1, -1, -1], [-0.2, 0.0, 0.0], DEPENDS),
        # a derivative expects other signs of other fills
        ([-1, 1, 1], [-0.2, 0.3, 0.1], CONFIRMED),
        ([-1, 1, 1], [-0.2, -0.3, 0.1], DEPENDS),
    ],
)
def test_a_claim_is_confirmed_by_all_fills_contradicted_by_all_or_depends_on_the_fill(expected, changes, state):
    found = states_of(np.array(expected, float)[:, None], np.array(changes, float)[:, None], 0.01)
    assert found.tolist() == [state]


def test_shares_weigh_cells_by_what_they_claim():
    # |4| confirmed, |-3| contradicted, |2| and |1| depend on the fill: 4, 3 and 3 of 10
    verdicts = Verdicts(
        np.arange(4), np.array([CONFIRMED, CONTRADICTED, DEPENDS, DEPENDS]), np.zeros((3, 4)), np.array([4.0, 3, 2, 1])
    )
    assert verdicts.shares() == {"confirmed": 0.4, "contradicted": 0.3, "depends on the fill": 0.3}


def test_signed_cells_claim_signs_and_positive_cells_claim_that_covering_lowers_the_logit():
    claims = Claims.of_cells(np.array([[2.0, -1.0], [0.0, 1e-9]]))
    assert np.sign(claims.expected).tolist() == [[-1, 1, 0, -1]] * len(FILLS)
    # a cell of zero, or far below the strongest, claims nothing and is not tried
    assert claims.weights.tolist() == [2, 1, 0, 0]
    assert claims.strongest(None).tolist() == [0, 1]
    assert claims.strongest(1).tolist() == [0]


def test_equal_claims_are_tried_in_the_order_of_the_cells():
    assert Claims.of_cells(np.ones(5)).strongest(3).tolist() == [0, 1, 2]


def test_a_derivative_claims_its_product_with_the_change_of_brightness():
    # one channel; the left cell is 0 and the right one 3, so the mean is 1.5: covering brightens the left by 1.5 a
    # pixel and darkens the right by 1.5; black is 0: no change on the left, −3 a pixel on the right
    picture = np.zeros((2, 4, 1), np.float32)
    picture[:, 2:] = 3
    grid = Grid.of((1, 2), (2, 4))
    derivative = explanation(np.full((2, 4), 0.5), (2, 4), unit=DERIVATIVE)
    expected = Claims.of(derivative, picture, grid).expected
    at = dict(zip(FILLS, expected, strict=True))
    # four pixels a cell: 4 × 0.5 × 1.5 = 3, and 4 × 0.5 × −3 = −6
    assert at["mean"] == pytest.approx([3, -3])
    assert at["black"] == pytest.approx([0, -6])


def test_an_unsigned_derivative_claims_that_its_cells_raise_the_logit():
    magnitudes = explanation(np.full((2, 4), 0.5), (2, 4), unit=DERIVATIVE, signed=False)
    expected = Claims.of(magnitudes, np.zeros((2, 4, 1), np.float32), Grid.of((1, 2), (2, 4))).expected
    assert expected == pytest.approx(np.full((3, 2), -2.0))


@pytest.mark.parametrize(
    ("cells", "size", "shape"),
    [((7, 7), (224, 224), (7, 7)), ((28, 28), (224, 224), (28, 28)), ((29, 29), (224, 224), (14, 14)),
     ((64, 96), (64, 96), (9, 14)), ((1, 3), (64, 96), (1, 3))],
)  # fmt: skip
def test_a_map_is_tried_on_its_own_cells_unless_there_are_too_many(cells, size, shape):
    grid = Grid.of(cells, size)
    assert grid.shape == shape
    covered = np.zeros(size, int)
    for top, left, height, width in grid.windows:
        assert height > 0
        assert width > 0
        covered[top : top + height, left : left + width] += 1
    assert (covered == 1).all()


def test_pooling_sums_pixels_over_each_cell():
    values = np.arange(24.0).reshape(4, 6)
    grid = Grid.of((2, 2), (4, 6))
    # 0 1 2 6 7 8; 3 4 5 9 10 11; 12 13 14 18 19 20; 15 16 17 21 22 23
    assert grid.pooled(values).tolist() == [24, 42, 96, 114]
    fine = explanation(np.ones((40, 40)), (40, 40))
    claims = Claims.of(fine, np.zeros((40, 40, 1), np.float32), Grid.of((40, 40), (40, 40)))
    assert claims.weights.sum() == pytest.approx(1600)


def test_cells_that_were_not_tried_have_no_state():
    grid = Grid.of((2, 3), (4, 6))
    assert on_grid_of(np.array([4, 0]), np.array([CONFIRMED, DEPENDS]), grid).tolist() == [[3, 0, 0], [0, 1, 0]]


class Sum:
    """A network whose logits are the sums over the two halves of a picture; counts what it is asked."""

    labels = ("left", "right")

    def __init__(self, picture) -> None:
        self.input, self.windows = picture, []

    def answer(self, picture):
        return np.array([picture[:, :2].sum(), picture[:, 2:].sum()], np.float32)

    @property
    def logits(self):
        return self.answer(self.input)

    def occluded(self, windows, fill):
        self.windows += windows.tolist()
        filled = np.broadcast_to(fill, self.input.shape)
        found = []
        for top, left, height, width in windows:
            changed = self.input.copy()
            part = slice(top, top + height), slice(left, left + width)
            changed[part] = filled[part]
            found.append(self.answer(changed))
        return np.array(found)


def test_each_cell_is_covered_once_for_all_findings_and_maps():
    picture = np.zeros((2, 4, 1), np.float32)
    picture[:, 3] = 4
    context, shared = Sum(picture), {}
    grid = Grid.of((1, 4), (2, 4))
    claims = Claims.of_cells(np.array([0.0, -1, 1, 5]))
    right = Covering(context, grid, shared, ("key",)).judge(claims, [3, 1], "right")
    # the mean is 1: two pixels of 4 become 1 each: −6; black: 0 each: −8
    assert dict(zip(FILLS, right.changes[:, 0], strict=True))["mean"] == pytest.approx(-6)
    assert dict(zip(FILLS, right.changes[:, 0], strict=True))["black"] == pytest.approx(-8)
    assert right.states.tolist() == [CONFIRMED, CONTRADICTED]
    asked = len(context.windows)
    assert asked == 2 * len(FILLS)
    left = Covering(context, grid, shared, ("key",)).judge(claims, [3, 1], "left")
    assert len(context.windows) == asked
    # column 1 claims that covering raises “left”: the mean does, black changes nothing there
    assert left.states.tolist() == [CONTRADICTED, DEPENDS]
