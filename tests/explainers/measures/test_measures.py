import numpy as np
import pytest

from explainers import Explainer, Measure, Measured, Registry
from explainers.agreement import agreement
from explainers.box_scores import box_scores, sample_with_box
from explainers.contract.measure import check_measure_class
from explainers.map_statistics import hottest, on_grid, overlap, peak, ranks, spearman
from explainers.measures.relevance_gain import noise_above_the_rest
from explainers.removal import fillings_of, relevance_gain, removal_curves, removal_order

BUILTIN = [
    "completeness", "finding_sensitivity", "head_stability", "localisation", "relevance_gain", "stability",
    "verified", "verified_grid", "weight_sensitivity",
]  # fmt: skip


LATTICE = [(y, x) for y in (13, 32, 51) for x in (12, 30, 48, 66, 84)]
"""Places of discs, all over the picture."""


def true_map(y: float = 22.0, x: float = 66.0) -> np.ndarray:
    """1 on the disc, 0 elsewhere, with a slope so small that no two squares are equal."""
    from cxr.planted_network import SIZE, Disc

    top, left, height, width = Disc(y, x).box
    values = 1e-6 * np.arange(SIZE[0] * SIZE[1]).reshape(SIZE)
    values[top : top + height, left : left + width] += 1
    return values


# --- removal -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crowded(planted):
    """{(y, x): picture} with a bright disc at that place, and everywhere else stripes: edges that mean nothing."""
    from cxr.planted_network import SIZE, Disc, picture
    from cxr.reading.radiograph import Radiograph

    rows, columns = np.ogrid[: SIZE[0], : SIZE[1]]
    made = {}
    for y, x in LATTICE[::2]:
        plain = picture(Disc(y, x))
        far = np.hypot(rows - y, columns - x) > 12
        grey = (plain.grey + far * np.where(columns // 2 % 2, 0.2, -0.2)).astype(np.float32)
        made[y, x] = Radiograph(grey, plain.rgb, "phantom")
    return made


def gains(planted, crowded, maps_of) -> tuple[float, dict[str, float]]:
    """Mean gain over the pictures of `maps_of(picture, place)`, and of each kind of control."""
    from explainers import measure
    from explainers.contract.measure import Subject

    own, others = [], {}
    for place, radiograph in crowded.items():
        registry = Registry.standard()
        (explanation,) = explanations(planted, radiograph, "saliency")
        values = maps_of(explanation, place)
        prepared = planted.prepare(radiograph)
        subject = Subject(explanation, registry.explainers["saliency"], planted, radiograph, prepared)
        at = planted.labels.index("Mass")
        own.append(
            relevance_gain(removal_curves(subject.context, removal_order(values, np.random.default_rng(0)))[..., at])
        )
        *_, done = measure(planted, radiograph, [explanation], ["relevance_gain"], registry=registry)
        for name, value in done.measured.figures["controls"].items():
            others.setdefault(name.rstrip(" 0123456789"), []).append(value)
    return float(np.mean(own)), {name: float(np.mean(values)) for name, values in others.items()}


def test_the_true_map_beats_every_control_by_far_and_the_inverted_one_loses_to_all(planted, crowded):
    true, controls = gains(planted, crowded, lambda _, place: true_map(*place))
    inverted, _ = gains(planted, crowded, lambda _, place: -true_map(*place))
    assert true > 2 * max(controls.values()), controls
    assert inverted == pytest.approx(-true, rel=0.1)
    # edges are on the stripes alone here: as wrong as can be too
    assert inverted < min(value for name, value in controls.items() if name != "edges"), controls
    # chance is zero in expectation
    assert abs(controls["random"]) < 0.5 * true


def test_gradients_beat_every_control_where_the_evidence_is_planted(planted, crowded):
    gain, controls = gains(planted, crowded, lambda explanation, _: np.abs(explanation.map))
    assert gain > 1.5 * max(controls.values()), controls


def test_a_single_picture_is_called_unreliable(measured):
    found = measured("relevance_gain", true_map()).measured
    assert "unreliable" in found.sentence
    assert found.figures["reliable"] is False
    assert len(found.figures["controls"]) == 11
    assert found.value > 0
    assert measured("relevance_gain", -true_map()).measured.value == pytest.approx(-found.value, rel=0.1)


def test_a_gain_is_the_median_over_fills_and_stands_beside_what_noise_reaches(measured):
    found = measured("relevance_gain", true_map()).measured
    assert set(found.figures["by_fill"]) == {"mean", "blur", "black", "chests"}
    assert found.value == pytest.approx(np.median(list(found.figures["by_fill"].values())), abs=1e-4)
    noise, beaten = found.figures["noise_maps_above_other_controls"], found.figures["share_of_controls_beaten"]
    assert f"better than {round(11 * beaten)} of 11 controls" in found.sentence
    assert f"{noise} of 8 noise maps beat all controls that are no noise" in found.sentence


def test_noise_maps_count_where_they_are_above_every_other_control():
    assert noise_above_the_rest({"random 1": 0.5, "random 2": 0.2, "random 3": 0.4, "edges": 0.3, "centre": -1.0}) == 2
    assert noise_above_the_rest({"random 1": 0.1, "edges": 0.3}) == 0


def test_each_fill_is_another_one(planted, crowded):
    from explainers.contract.context import Context

    radiograph = next(iter(crowded.values()))
    picture = planted.prepare(radiograph).array
    context = Context(planted, radiograph, planted.prepare(radiograph))
    mean, blurred, black, chests = (np.broadcast_to(each, picture.shape) for each in fillings_of(context))
    np.testing.assert_allclose(mean, np.broadcast_to(picture.mean(axis=(0, 1)), mean.shape), atol=1e-5)
    np.testing.assert_array_equal(black, np.broadcast_to(picture.min(axis=(0, 1)), mean.shape))
    assert 0 < blurred.std() < picture.std()
    assert chests.std() > 0
    assert np.abs(chests - blurred).max() > 0.1


def test_the_gain_is_the_area_between_the_curves():
    # most first falls at once, least first at the end: areas 0.5/2 and 2 − 0.5/2... by trapezoids of width 1/2
    curves = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
    assert relevance_gain(curves) == pytest.approx((0.5 * 1 + 1 + 0) / 2 - (0.5 * 1 + 0 + 0) / 2)
    assert relevance_gain(curves[::-1]) == pytest.approx(-relevance_gain(curves))
    assert relevance_gain(np.ones((2, 11))) == 0


def test_ties_are_broken_by_chance_and_not_from_top_to_bottom():
    order = removal_order(np.zeros((7, 7)), np.random.default_rng(0))
    assert sorted(order) == list(range(196))
    assert abs(np.corrcoef(order, np.arange(196))[0, 1]) < 0.2
    assert removal_order(np.eye(14), np.random.default_rng(0))[:14] % 15 == pytest.approx(np.zeros(14))


# --- weights -----------------------------------------------------------------------------------------------------


def test_an_edge_detector_and_an_explainer_that_ignores_the_network_are_called_insensitive(measured):
    class IgnoresNetwork(Explainer):
        name, title, unit = "ignores_network", "t", "grey"

        def explain(self, context, finding):
            return np.abs(context.input).sum(-1)

    for explainer in ("edges", IgnoresNetwork, "random_map"):
        found = measured("weight_sensitivity", explainer).measured
        assert (found.value, found.verdict) == (1.0, "insensitive")


def test_of_an_explainer_that_hangs_on_the_network_insensitivity_is_not_shown(measured):
    found = measured("weight_sensitivity", "saliency").measured
    assert found.verdict == "insensitivity not shown"
    assert found.value < 0.5
    assert found.figures["null_95"] < 1
    assert len(found.figures["networks"]) == 3


def test_a_real_network_drawn_anew_answers_otherwise_and_is_alive(predictor, phantom):
    stranger = predictor.randomised(0)
    prepared = predictor.prepare(phantom).array[None]
    logits = stranger.forward(prepared)
    assert np.abs(logits - predictor.forward(prepared)).max() > 0.05
    assert np.isfinite(logits).all()
    assert stranger.labels == predictor.labels
    # activations neither vanish nor explode: norms fit their inputs
    values = stranger.activations(prepared, "relu")
    assert 0.1 < values.std() < 10
    assert predictor.randomised(0) is stranger


# --- finding, stability, sum, heads -------------------------------------------------------------------------------


def test_an_explainer_that_shows_the_same_whatever_is_asked_is_called_so(measured):
    for name in ("edges", "eigen_cam"):
        found = measured("finding_sensitivity", name).measured
        assert found.verdict == "not specific"
        assert found.value == 1.0
    assert measured("finding_sensitivity", "saliency").measured.verdict != "not specific"


def test_evidence_for_one_and_against_another_finding_is_told_apart(measured):
    # Effusion's logit falls as Mass's rises: the maps are each other's negative
    figures = measured("finding_sensitivity", "saliency").measured.figures["others"]
    assert figures["Effusion"] == pytest.approx(-1, abs=1e-3)


def test_a_stable_map_is_called_stable_and_noise_is_not(measured):
    class Hash(Explainer):
        name, title, unit = "hash", "t", "mark"

        def explain(self, context, finding):
            seed = abs(hash(context.input.tobytes()))
            return np.random.default_rng(seed).normal(size=(14, 14))

    assert measured("stability", "centred_gaussian").measured.value > 0.95
    assert measured("stability", "grad_cam", options={"layer": "relu"}).measured.value > 0.5
    assert abs(measured("stability", Hash).measured.value) < 0.4


def test_the_exact_map_adds_up_and_others_promise_nothing(measured):
    exact = measured("completeness", "grad_cam", options={"layer": "relu"}).measured
    assert exact.value == pytest.approx(0, abs=1e-5)
    nothing = measured("completeness", "saliency")
    assert nothing.measured is None
    assert nothing.code == "NOT_MEASURABLE"
    assert "guarantees no sum" in nothing.reason


def test_heads_that_disagree_unsettle_a_cell(predictor, phantom):
    from explainers import compare, measure

    registry = Registry.standard()
    *_, done = compare(
        predictor, phantom, "Effusion", ["grad_cam"], options={"grad_cam": {"layer": "relu"}}, registry=registry
    )
    explanation = done.explanation
    *_, found = measure(predictor, phantom, [explanation], ["head_stability"], registry=registry)
    unsettled = found.measured.arrays["unsettled"]
    activations = predictor.activations(predictor.prepare(phantom).array[None], "relu")[0]
    kernels = predictor.heads.kernels[:, :, predictor.column("Effusion")]
    for place in [(0, 0), (3, 3), (6, 2)]:
        signs = np.sign([activations[place] @ kernel for kernel in kernels])
        assert unsettled[place] == (abs(signs.sum()) < 0.9 * len(signs))
    total = np.abs(explanation.map)
    assert found.measured.value == pytest.approx(total[~unsettled].sum() / total.sum(), rel=1e-5)


# --- boxes --------------------------------------------------------------------------------------------------------


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


# --- agreement and arithmetic --------------------------------------------------------------------------------------


def explanations(planted, picture, *names, options=None):
    from explainers import compare
    from explainers.running.comparison import Finished

    events = compare(planted, picture, "Mass", names, options=options or {}, registry=Registry.standard())
    return [event.explanation for event in events if isinstance(event, Finished)]


def test_relatives_are_flagged_and_counted_once(planted, disc_picture):
    options = {"grad_cam": {"layer": "relu"}, "layer_cam": {"layer": "relu", "gradients": "signed"}}
    found = agreement(
        explanations(planted, disc_picture[0], "grad_cam", "layer_cam", "saliency", "edges", options=options)
    )
    assert found.names == ("grad_cam", "layer_cam", "saliency", "edges")
    assert found.spearman[0, 1] == pytest.approx(1, abs=1e-6)
    assert found.same == (("grad_cam", "layer_cam"),)
    assert found.counted == 2  # the two CAMs are one, and a control is no explanation
    assert found.map.max() == 1
    assert np.allclose(found.spearman, found.spearman.T)
    assert found.to_json()["same_by_algebra"] == [["grad_cam", "layer_cam"]]


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


# --- the contract ---------------------------------------------------------------------------------------------------


def test_measures_come_through_the_hook_and_declare_their_bounds():
    registry = Registry.standard()
    assert list(registry.measures) == BUILTIN
    assert all(each.summary() and each.title for each in registry.measures.values())


@pytest.mark.parametrize("name", BUILTIN)
def test_values_stay_within_the_declared_bounds(measured, disc_picture, name):
    least, most = Registry.standard().measures[name].bounds
    for explainer in ("grad_cam", "edges", "random_map"):
        done = measured(name, explainer, box=disc_picture[1])
        if done.measured is not None:
            assert least is None or done.measured.value >= least
            assert most is None or done.measured.value <= most + 1e-9
            assert done.measured.sentence.endswith(".")


@pytest.mark.parametrize("name", [name for name in BUILTIN if name != "localisation"])
def test_a_result_has_a_verdict_and_says_what_to_compare_its_figure_with(measured, name):
    for explainer in ("grad_cam", "random_map"):
        found = measured(name, explainer).measured
        assert found is None or (found.verdict and found.compared_with)


def test_a_measure_that_fails_is_reported_and_the_others_go_on(planted, disc_picture):
    from explainers import hookimpl, measure
    from explainers.running.measuring import MeasureDone

    class Raises(Measure):
        name, title = "raises", "Raises"

        def measure(self, subject):
            raise KeyError("nothing")

    class Counts(Measure):
        name, title = "counts", "Counts"

        def measure(self, subject):
            return Measured(float(subject.explanation.map.size), "So many cells.")

    class Plugin:
        @hookimpl
        def cxr_lens_measures(self):
            return [Raises, Counts, int]

    registry = Registry.standard()
    registry.register(Plugin(), name="mine")
    assert [failure.reason for failure in registry.failures] == ["The hook returned type, not a subclass of Measure."]
    (explanation,) = explanations(planted, disc_picture[0], "grad_cam")
    events = measure(planted, disc_picture[0], [explanation], ["raises", "counts"], registry=registry)
    done = [event for event in events if isinstance(event, MeasureDone)]
    assert [event.code for event in done] == ["EXPLAINER", ""]
    assert done[1].measured.value == 96


def test_what_keeps_no_contract_is_left_out():
    from explainers.errors import PluginError

    class NoName(Measure):
        title = "t"

        def measure(self, subject):
            return None

    class NoMeasure(Measure):
        name, title = "no_measure", "t"

    for wrong in (NoName, NoMeasure, 3):
        with pytest.raises(PluginError):
            check_measure_class(wrong)


def test_the_verdict_of_removal_counts_the_controls_that_are_beaten(measured):
    for values, most in ((true_map(), 12), (-true_map(), 6)):
        found = measured("relevance_gain", values).measured
        count = len(found.figures["controls"])
        beaten = sum(found.value > other for other in found.figures["controls"].values())
        assert beaten <= min(count, most)
        assert found.verdict == ("beats all controls" if beaten == count else f"beats {beaten} of {count} controls")
