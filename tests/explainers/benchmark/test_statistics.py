"""Means over findings, paired differences, Holm: against numbers worked by hand."""

import numpy as np
import pytest

from explainers.benchmark.protocol import Entry, Protocol
from explainers.benchmark.run import FIGURES
from explainers.benchmark.statistics import _correct, macro, summary


def _protocol(*names):
    return Protocol(
        1, 0, 500, ("pointing", "iou_equal_area"), 0, 0, tuple(Entry(name, name, {}) for name in names), "0"
    )


def _rows(label, values, finding="Mass"):
    return [
        dict.fromkeys(FIGURES, "")
        | {"label": label, "image": f"{at}.png", "patient": str(at), "finding": finding, "box": "0", "failed": ""}
        | {
            "pointing": str(bool(value)),
            "iou_equal_area": str(value / 2),
            "seconds": "1",
            "forward": "1",
            "backward": "0",
        }
        for at, value in enumerate(values)
    ]


def test_findings_weigh_the_same_however_many_boxes_they_have():
    values, kinds = np.array([1.0, 1, 1, 0, np.nan]), np.array(["a", "a", "a", "b", "b"])
    assert macro(values, kinds, np.ones((1, 5)))[0] == pytest.approx((1 + 0) / 2)
    drawn = np.array([[0.0, 0, 0, 2, 1], [2, 0, 1, 0, 4]])  # the first draw has none of a, the second none of b
    np.testing.assert_allclose(macro(values, kinds, drawn), [0, 1])


def test_holm_by_hand():
    given = [
        {"label": name, "against_prior": {"x": {"p": p, "difference": [sign, 0, 0]}}}
        for name, p, sign in (("a", 0.01, 1), ("b", 0.02, 1), ("c", 0.03, 1), ("d", 0.001, -1))
    ]
    _correct(given, "against_prior", "beats_prior")
    corrected = [each["against_prior"]["x"]["p_holm"] for each in given]
    np.testing.assert_allclose(corrected, [0.03, 0.04, 0.04, 0.004])
    assert [each["beats_prior"] for each in given] == [True, True, True, False]
    given[1]["against_prior"]["x"]["p"] = 0.03
    _correct(given, "against_prior", "beats_prior")
    assert given[1]["against_prior"]["x"]["p_holm"] == pytest.approx(0.06)
    assert not given[1]["beats_prior"]


def test_what_beats_the_prior_is_called_so_and_what_equals_it_is_not():
    rng = np.random.default_rng(0)
    prior = rng.integers(0, 2, 60)
    rows = _rows("better", np.maximum(prior, np.arange(60) % 3 > 0)) + _rows("same", prior) + _rows("occupancy", prior)
    found = summary(rows, _protocol("better", "same", "occupancy"), model={"name": "net"}, findings=["Mass"])
    better, same, own = found["explainers"]
    assert better["beats_prior"]
    assert not same["beats_prior"]
    assert "against_prior" not in own
    value, low, high = better["against_prior"]["pointing"]["difference"]
    assert low <= value <= high
    assert value == pytest.approx(np.mean(np.maximum(prior, np.arange(60) % 3 > 0) - prior), abs=1e-4)
    assert same["against_prior"]["pointing"] == {"difference": [0, 0, 0], "p": 1, "p_holm": 1}


def test_another_run_is_compared_box_by_box():
    mine, others = _rows("a", [1] * 30), _rows("a", [0] * 20)
    found = summary(mine, _protocol("a"), model={"name": "x"}, findings=["Mass"], versus=({"name": "y"}, others))
    (each,) = found["explainers"]
    assert found["versus"] == {"name": "y"}
    assert each["against_other"]["pointing"]["difference"] == [1, 1, 1]
    assert each["beats_other"]


def test_failed_rows_are_counted_and_enter_no_mean():
    rows = _rows("a", [1, 1, 0])
    rows[2]["failed"] = "It broke."
    (each,) = summary(rows, _protocol("a"), model={"name": "x"}, findings=["Mass"])["explainers"]
    assert (each["boxes"], each["failed"]) == (2, 1)
    assert each["macro"]["pointing"][0] == 1


def test_patients_are_drawn_whole():
    """Ten boxes of one patient tell less than ten patients': the interval must know."""
    one_each = _rows("a", [1, 0] * 10)
    shared = [
        row | {"patient": str(at // 10), "image": f"{at}.png"} for at, row in enumerate(_rows("a", [1] * 10 + [0] * 10))
    ]
    figures = [
        summary(rows, _protocol("a"), model={"name": "x"}, findings=["Mass"])["explainers"][0]["macro"]["pointing"]
        for rows in (one_each, shared)
    ]
    assert [figure[0] for figure in figures] == [0.5, 0.5]
    assert figures[1][2] - figures[1][1] == 1.0  # both, or either alone
    assert figures[0][2] - figures[0][1] < 0.6
