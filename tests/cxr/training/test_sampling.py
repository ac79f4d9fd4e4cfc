"""How many pictures without a finding an epoch has, and what validation makes of them."""

import numpy as np
import pytest

from cxr.evaluation.labels import LabelTable
from cxr.training.sampling import drawn_rows, shows_none, weights_for_share


def table(*labels: tuple[float, float]) -> LabelTable:
    names = tuple(map(str, range(len(labels))))
    return LabelTable(names, names, ("Mass", "Edema"), np.array(labels, np.float32), {})


MOSTLY_HEALTHY = table(*[(1, 0)] * 4 + [(0, 1)] * 2 + [(0, 0)] * 20)


def drawn(of: LabelTable, share: float | None, seed: int = 0) -> np.ndarray:
    return drawn_rows(of, share, np.random.default_rng(seed))


@pytest.mark.parametrize(("share", "healthy"), [(0, 0), (0.25, 2), (0.5, 6), (0.7, 14)])
def test_all_with_a_finding_are_drawn_once_and_the_others_make_up_the_share(share, healthy):
    rows = drawn(MOSTLY_HEALTHY, share)
    assert len(set(rows)) == len(rows) == 6 + healthy
    assert {0, 1, 2, 3, 4, 5} <= set(rows)


def test_each_draw_takes_others_without_a_finding_in_another_order():
    first, second = (drawn(MOSTLY_HEALTHY, 0.5, seed) for seed in (0, 1))
    assert set(first) != set(second)
    assert [row for row in first if row < 6] != [row for row in second if row < 6]


def test_without_a_share_every_row_is_drawn():
    assert sorted(drawn(MOSTLY_HEALTHY, None)) == list(range(26))


def test_a_table_with_too_few_healthy_gives_all_it_has():
    assert sorted(drawn(table((1, 0), (1, 0), (0, 0)), 0.9)) == [0, 1, 2]


def test_a_label_that_is_not_known_is_no_finding():
    assert shows_none(table((np.nan, 0), (np.nan, 1), (0, 0))).tolist() == [True, False, True]


def test_weights_make_the_share_and_keep_the_whole():
    weights = weights_for_share(MOSTLY_HEALTHY, 0.25)
    assert weights[6:].sum() / weights.sum() == pytest.approx(0.25)
    assert weights.mean() == pytest.approx(1)
    assert weights_for_share(MOSTLY_HEALTHY, None) is None


def test_nothing_is_weighed_where_all_are_of_one_kind():
    assert weights_for_share(table((1, 0), (0, 1)), 0.25) is None
    assert weights_for_share(table((0, 0)), 0.25) is None
