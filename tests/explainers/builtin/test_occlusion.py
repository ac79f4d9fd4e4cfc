import numpy as np
import pytest

from cxr.pass_counts import count_passes
from explainers.builtin.occlusion import Occlusion
from explainers.errors import Cancelled


def occlusion(context, finding="Effusion", **options):
    return Occlusion().explain(context, finding, **{"patch": 2, "stride": 2, **options})


def test_hiding_a_window_costs_what_it_held(context_of, linear):
    picture = [[1, 2, 0, 0], [3, 0, 0, -6]]  # mean 0
    weights = [[1, 1, 1, 1], [1, 1, 1, 2]]
    # left window: 1 + 2 + 3 + 0 = 6; right window: 2 · (−6) = −12
    assert occlusion(context_of(linear(weights), picture)).tolist() == [[6, -12]]


def test_overlapping_windows_are_averaged_not_added(context_of, linear):
    picture = [[4, 0, 0, -4], [4, 0, 0, -4]]  # mean 0
    # windows at columns 0, 1, 2 hold 8, 0, −8; the columns are covered by 1, 2, 2, 1 of them
    assert occlusion(context_of(linear(np.ones((2, 4))), picture), stride=1).tolist() == [[8, 4, -4, -8]]


def test_the_last_window_ends_at_the_border(context_of, linear):
    picture = [[1, 2, 3, 4, -10], [1, 2, 3, 4, -10]]  # mean 0
    # starts 0, 2 and, for the border, 3: the windows hold 6, 14, −12; column 3 is in the last two of them
    assert occlusion(context_of(linear(np.ones((2, 5))), picture)).tolist() == [[6, 6, 14, 1, -12]]


def test_a_stride_beyond_the_patch_leaves_nothing_out(context_of, linear):
    picture = np.random.default_rng(0).normal(size=(6, 9))
    context = context_of(linear(np.ones((6, 9))), picture)
    assert np.array_equal(occlusion(context, stride=6), occlusion(context, stride=2))


def test_a_patch_larger_than_the_input_hides_all_of_it(context_of, linear):
    # (1 + 2 + 3) − 3 · mean 2 = 0 for mean, and − 3 · darkest 1 = 3 for black
    context = context_of(linear(np.ones((1, 3))), [[1, 2, 3]])
    assert occlusion(context, patch=8).tolist() == [[0]]
    assert occlusion(context, patch=8, fill="black").tolist() == [[3]]


@pytest.mark.parametrize(("patch", "stride"), [(1, 1), (2, 1), (3, 2), (4, 3), (5, 5), (7, 4)])
@pytest.mark.parametrize("pixel", [(0, 0), (0, 8), (6, 0), (6, 8), (3, 4)])
def test_every_pixel_is_covered(context_of, linear, patch, stride, pixel):
    weights = np.zeros((7, 9))
    weights[pixel] = 1
    picture = np.zeros((7, 9))
    picture[pixel] = 63  # mean 1: each window over it costs 62, whichever covers it
    cells = occlusion(context_of(linear(weights), picture), patch=patch, stride=stride)
    at = tuple(place * count // side for place, count, side in zip(pixel, cells.shape, (7, 9), strict=True))
    assert cells[at] == pytest.approx(62) == cells.max()


def test_covering_nothing_changes_nothing(context_of, linear):
    context = context_of(linear(np.ones((6, 6))), np.full((6, 6), 3.0))
    for fill in ("mean", "black", "blur"):
        assert occlusion(context, fill=fill) == pytest.approx(np.zeros((3, 3)), abs=1e-5)


def test_black_is_the_darkest_value_of_the_input(context_of, linear):
    # mean 0, darkest −3: a window of ones holds 4 · (x − fill)
    context = context_of(linear(np.ones((2, 4))), [[3, 3, -3, -3], [3, 3, -3, -3]])
    assert occlusion(context, fill="mean").tolist() == [[12, -12]]
    assert occlusion(context, fill="black").tolist() == [[24, 0]]


def test_blur_hides_edges_and_leaves_even_parts(context_of, linear):
    picture = np.zeros((2, 32))
    picture[:, 16:] = 8
    weights = np.ones((2, 32))
    weights[:, 16:] = -1
    blurred = occlusion(context_of(linear(weights), picture), fill="blur")[0]
    # σ = 1: the windows beside the edge, in columns 14-15 and 16-17, become more alike; those from column 22 on stay
    assert blurred[7] < -1
    assert blurred[8] < -1
    assert blurred[[0, 4, 11, 15]] == pytest.approx(0, abs=1e-3)


def test_channels_are_filled_each_with_its_own_value(context_of, linear):
    picture = [[[1, 10], [3, 30]]]  # means 2 and 20
    context = context_of(linear([[[1, 1], [0, 0]]]), picture)
    # only pixel 0 counts: (1 − 2) + (10 − 20)
    assert occlusion(context, patch=1, stride=1).tolist() == [[-11, 0]]


def test_a_head_twice_as_steep_doubles_the_map_and_its_bias_changes_nothing(context_of, linear):
    picture = np.random.default_rng(0).integers(-9, 9, (4, 4))
    single = occlusion(context_of(linear(np.ones((4, 4))), picture))
    assert occlusion(context_of(linear(np.ones((4, 4)), scale=2), picture)) == pytest.approx(2 * single)
    assert occlusion(context_of(linear(np.ones((4, 4)), bias=30), picture)) == pytest.approx(single, abs=1e-4)


@pytest.mark.parametrize("corner", [(0, 0), (0, 5), (3, 0), (3, 5)])
def test_evidence_in_a_corner_stays_in_its_corner(context_of, linear, corner):
    picture = np.zeros((4, 6))
    picture[1, 2], picture[corner] = 1, 5
    cells = occlusion(context_of(linear(np.ones((4, 6))), picture), patch=2, stride=1)
    assert np.unravel_index(cells.argmax(), cells.shape) == corner


def test_the_batch_changes_nothing(context_of, pooled, monkeypatch):
    rng = np.random.default_rng(0)
    model = pooled((8, 8), rng.normal(size=(1, 5)), rng.normal(size=(5, 2)))
    context = context_of(model, rng.normal(size=(8, 8)))
    maps = []
    for windows_a_step in (1, 5, 16):
        monkeypatch.setattr("explainers.builtin.occlusion.WINDOWS_A_STEP", windows_a_step)
        monkeypatch.setattr("cxr.occlusion.WINDOWS_A_STEP", windows_a_step)
        maps.append(occlusion(context, stride=1))
    assert maps[0] == pytest.approx(maps[1], rel=1e-5, abs=1e-6)
    assert maps[0] == pytest.approx(maps[2], rel=1e-5, abs=1e-6)


def test_a_rectified_network_agrees_with_one_window_after_the_other(context_of, pooled):
    rng = np.random.default_rng(1)
    channels, head = rng.normal(size=(3, 5)), rng.normal(size=(5, 2))
    picture = rng.normal(size=(6, 5, 3)).astype(np.float32)
    falls, counts = np.zeros((6, 5)), np.zeros((6, 5))
    logit = lambda x: np.maximum(x @ channels, 0).mean(axis=(0, 1)) @ head[:, 0]  # noqa: E731
    for top in (0, 2, 3):  # patch 3 every 2 on 6: the last one ends at the border
        for left in (0, 2):
            hidden = picture.copy()
            hidden[top : top + 3, left : left + 3] = picture.mean(axis=(0, 1))
            falls[top : top + 3, left : left + 3] += logit(picture) - logit(hidden)
            counts[top : top + 3, left : left + 3] += 1
    cells = occlusion(context_of(pooled((6, 5), channels, head), picture), patch=3, stride=2)
    assert cells == pytest.approx(falls / counts, abs=1e-6)


def test_all_findings_come_from_the_same_passes(context_of, linear):
    context = context_of(linear([[1, 0, 0, 2]]), [[1, 0, 0, -1]])
    with count_passes() as passes:
        maps = Occlusion().explain_findings(context, ["Mass", "Effusion"], patch=1, stride=1)
    # 4 windows and the picture itself; Mass has the weights turned: 2, 0, 0, 1
    assert passes.forward == 5
    assert maps.tolist() == [[[2, 0, 0, -1]], [[1, 0, 0, -2]]]


def test_the_default_covers_224_pixels_with_169_windows_on_14_by_14_cells(context_of, pooled):
    context = context_of(pooled((224, 224), [[1]], [[1, 0]]), np.random.default_rng(0).normal(size=(224, 224)))
    cells = Occlusion().explain(context, "Effusion")
    # starts 0, 16, … 192 on each side: 13 · 13
    assert context.notes["windows"] == 169
    assert cells.shape == (14, 14)


def test_half_of_the_windows_are_computed_and_the_others_filled_in(context_of, pooled):
    context = context_of(pooled((224, 224), [[1]], [[1, 0]]), np.random.default_rng(0).normal(size=(224, 224)))
    whole, half = (Occlusion().explain(context, "Effusion", share=share) for share in (100, 50))
    assert context.notes == {"windows": 169, "computed": 85}
    assert half.shape == whole.shape
    assert not np.array_equal(whole, half)


def test_it_reports_each_batch_and_stops_when_cancelled(context_of, pooled):
    reports = []
    model = pooled((8, 8), [[1]], [[1, 0]])
    arguments = {"report": lambda *report: reports.append(report), "cancelled": lambda: len(reports) == 2}
    context = context_of(model, np.random.default_rng(0).normal(size=(8, 8)), **arguments)
    with count_passes() as passes, pytest.raises(Cancelled):
        occlusion(context, stride=1)  # 49 windows
    assert [fraction for fraction, *_ in reports] == pytest.approx([8 / 49, 16 / 49])
    # the picture, two batches, and the one after which the cancelling was seen
    assert passes.forward == 1 + 3 * 8


def test_a_preview_is_refined_from_coarse_to_fine_and_ends_as_the_map(context_of, linear, monkeypatch):
    for steps in ("explainers.builtin.occlusion", "cxr.occlusion"):
        monkeypatch.setattr(f"{steps}.WINDOWS_A_STEP", 1)
    previews = []
    context = context_of(
        linear(np.ones((2, 4))), [[4, 0, 0, -4], [4, 0, 0, -4]], report=lambda *report: previews.append(report[1:])
    )
    cells = occlusion(context, stride=1)
    # windows at columns 0, 1 and 2 hold 8, 0 and -8; the first alone says 8 everywhere, and column 2 comes before 1
    assert previews[0][0] == "refining: 1 of 3 windows"
    assert previews[0][1].tolist() == [[8, 8, 8, 8]]
    assert previews[1][1][0] == pytest.approx([8, 4, -4, -8], abs=0.01)  # column 1 half way between its neighbours
    assert previews[2][1].tolist() == cells.tolist()


@pytest.mark.slow
def test_a_share_of_the_windows_gives_nearly_the_same_ranks(predictor, phantom):
    from scipy.stats import spearmanr

    from explainers import Context

    context = Context(predictor, phantom, predictor.prepare(phantom))
    whole, half = (Occlusion().explain_findings(context, predictor.labels, share=share) for share in (100, 50))
    ranks = [spearmanr(one.ravel(), other.ravel())[0] for one, other in zip(whole, half, strict=True)]
    assert min(ranks) > 0.9
    assert np.mean(ranks) > 0.95
    assert not np.array_equal(whole, half)


def test_filled_in_falls_are_exact_where_they_were_computed():
    from explainers.builtin.occlusion import _Windows

    windows = _Windows.over((224, 224), 32, 16)
    falls = np.random.default_rng(0).standard_normal((2, 169))
    order = windows.coarse_to_fine()
    assert sorted(order) == list(range(169))
    row, column = np.divmod(order[:16], 13)
    assert not (row % 4).any()
    assert not (column % 4).any()
    some = windows.completed(falls[:, order[:60]], order[:60])
    assert some[:, order[:60]] == pytest.approx(falls[:, order[:60]])
    assert windows.completed(falls[:, order], order) == pytest.approx(falls)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ({"patch": 8, "stride": 112}, {"patch": 8, "stride": 8}),
        ({"patch": 112, "stride": 112}, {"patch": 96, "stride": 96}),
        ({"patch": 32, "stride": 16}, {"patch": 32, "stride": 16}),
    ],
)
def test_the_record_holds_the_patch_and_stride_that_took_effect(planted_comparison, given, used):
    """On an input of 96 × 96. The recorded options give the same map again."""
    explanation = planted_comparison("occlusion", given)
    assert {name: explanation.options[name] for name in used} == used
    again = planted_comparison("occlusion", {name: explanation.options[name] for name in used})
    np.testing.assert_array_equal(again.map, explanation.map)
