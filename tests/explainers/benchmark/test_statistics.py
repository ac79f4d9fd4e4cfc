"""Means over findings, paired differences, Holm: against numbers worked by hand."""

from dataclasses import replace

import numpy as np
import pytest

from explainers.benchmark.intervals import macro
from explainers.benchmark.protocol import Entry, Protocol
from explainers.benchmark.report import table_rows
from explainers.benchmark.rows import FIGURES
from explainers.benchmark.statistics import _correct, summary


def _protocol(*names):
    return Protocol(
        1, 0, 500, ("pointing", "iou_equal_area"), 0, 0, 0, tuple(Entry(name, name, {}) for name in names), "0"
    )


def _rows(label, values, finding="Mass"):
    return [
        dict.fromkeys(FIGURES)
        | {"label": label, "image": f"{at}.png", "patient": str(at), "finding": finding, "box": "0", "failed": None}
        | {
            "pointing": bool(value),
            "iou_equal_area": value / 2,
            "seconds": 1.0,
            "forward": 1.0,
            "backward": 0.0,
        }
        for at, value in enumerate(values)
    ]


def test_findings_weigh_the_same_however_many_boxes_they_have():
    values, kinds = np.array([1.0, 1, 1, 0, np.nan]), np.array(["a", "a", "a", "b", "b"])
    assert macro(values, kinds, np.ones((1, 5)))[0] == pytest.approx((1 + 0) / 2)
    # the first draw has none of a, the second none of b: neither is a mean over a and b
    drawn = np.array([[0.0, 0, 0, 2, 1], [2, 0, 1, 0, 4], [2, 0, 1, 3, 4]])
    np.testing.assert_allclose(macro(values, kinds, drawn), [np.nan, np.nan, 0.5])


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
    nothing = same["against_prior"]["pointing"]
    assert (nothing["difference"][0], nothing["p"], nothing["p_holm"]) == (0, 1, 1)
    # equal on all 60: as many as 1 − .025^(1/60) = 6 % of other patients may differ
    assert nothing["difference"][1:] == pytest.approx([-0.0596, 0.0596], abs=1e-4)


def test_another_run_is_compared_box_by_box():
    mine, others = _rows("a", [1] * 30), _rows("a", [0] * 20)
    found = summary(mine, _protocol("a"), model={"name": "x"}, findings=["Mass"], versus=({"name": "y"}, others))
    (each,) = found["explainers"]
    assert found["versus"] == {"name": "y"}
    value, low, high = each["against_other"]["pointing"]["difference"]
    assert (value, high) == (1, 1)
    assert low == pytest.approx(1 - 2 * (1 - 0.025 ** (1 / 20)), abs=1e-4)
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
    assert figures[1][2] - figures[1][1] > 0.95  # of two patients, half
    assert figures[0][2] - figures[0][1] < 0.6


def _of_findings(label, boxes, *, value=0.0):
    """Rows of one label: {finding: number of patients}, each patient with one target, all with the same value."""
    rows = []
    for finding, count in boxes.items():
        for row in _rows(label, [value] * count, finding):
            rows.append(row | {"patient": f"{finding}{row['patient']}", "image": f"{finding}{row['image']}"})
    return rows


@pytest.mark.parametrize("count", [2, 8, 20, 100, 682])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_no_interval_is_without_width(count, value):
    found = summary(_rows("a", [value] * count), _protocol("a"), model={}, findings=["Mass"])
    for figures in (found["explainers"][0]["macro"], found["explainers"][0]["by_finding"]["Mass"]):
        for name in ("pointing", "iou_equal_area"):
            _, low, high = figures[name]
            assert high - low > 0.9 / count


def test_a_mean_names_its_findings_and_leaves_out_those_of_one_patient():
    rows = _of_findings("a", {"Mass": 9, "Nodule": 4, "Edema": 1}, value=1.0)
    rows[-1]["pointing"] = False
    found = summary(rows, _protocol("a"), model={}, findings=["Mass", "Nodule", "Edema", "Hernia"])
    assert found["mean_findings"]["pointing"] == ["Mass", "Nodule"]
    assert found["explainers"][0]["macro"]["pointing"][0] == 1
    assert found["explainers"][0]["by_finding"]["Edema"]["pointing"][0] == 0
    assert "Means are over Mass, Nodule, on 14 targets of 14 patients" in found["concluded"]


def test_explainers_of_fewer_targets_stand_in_a_table_of_their_own_beside_the_rest_on_the_same_targets():
    prior, many = _rows("occupancy", [1] * 10 + [0] * 20), _rows("many", [0] * 10 + [1] * 20)
    few = _rows("few", [1] * 10)
    protocol = _protocol("many", "few", "occupancy")
    entries = tuple(replace(entry, boxes=10 if entry.label == "few" else 0) for entry in protocol.entries)
    found = summary(prior + few + many, replace(protocol, entries=entries), model={}, findings=["Mass"])
    assert [each["label"] for each in found["explainers"]] == ["many", "occupancy"]
    (subset,) = found["subsets"]
    assert (found["targets"], subset["targets"]) == (30, 10)
    by_label = {each["label"]: each for each in subset["explainers"]}
    assert list(by_label) == ["many", "few", "occupancy"]
    assert [each["macro"]["pointing"][0] for each in by_label.values()] == [0, 1, 1]
    # each explainer is tested once, on the most targets that it was measured on
    assert "beats_prior" in by_label["few"]
    assert "beats_prior" not in by_label["many"]
    assert "beats_prior" in found["explainers"][0]
    assert "On 10 targets alone: few." in found["concluded"]


@pytest.mark.parametrize(
    ("better", "said"), [(True, "These explainers find radiologists' boxes"), (False, "None of 1 explainers finds")]
)
def test_the_first_sentence_says_what_can_be_concluded(better, said):
    rows = _rows("a", [1 if better else 0] * 60) + _rows("occupancy", [0] * 60)
    found = summary(rows, _protocol("a", "occupancy"), model={}, findings=["Mass"])
    assert found["concluded"].startswith(said)
    assert "say nothing about other findings, networks or hospitals" in found["concluded"]


def test_an_explainer_moves_the_network_more_only_where_its_interval_is_above_every_controls():
    gains = {"a": [1.0, 1.2, 0.9, 1.1] * 10, "b": [0.2, -0.2] * 20, "control": [0.1, 0.0, -0.1, 0.05] * 10}
    rows = [
        row | {"relevance_gain": gain}
        for label, values in gains.items()
        for row, gain in zip(_rows(label, [0] * 40), values, strict=True)
    ]
    found = summary(rows, _protocol(*gains), model={}, findings=["Mass"], controls=["control"])
    assert "more than hiding those of any control: a." in found["concluded"]


@pytest.mark.parametrize(
    ("figure", "shown"),
    [
        ([0.5, 0.4, 0.6], "0.50 [0.40–0.60]"),
        ([0.0, 0.0, 0.0037], "0.000 [0.000–0.004]"),
        ([0.0002, 0.0001, 0.0004], "0.0002 [0.0001–0.0004]"),
        ([0.0, 0.0, 0.0], "0.00 (no interval)"),
    ],
)
def test_no_interval_is_printed_without_width(figure, shown):
    found = {"explainers": [{"label": "A", "boxes": 8, "failed": 0, "macro": {"pointing": figure}}]}
    (cells,) = table_rows(found)
    assert cells[2] == shown
