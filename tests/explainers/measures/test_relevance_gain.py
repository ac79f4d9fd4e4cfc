"""The removal test, its fills and its controls."""

import numpy as np
import pytest

from explainers import Registry
from explainers.measures.relevance_gain import noise_above_the_rest
from explainers.removal import fillings_of, relevance_gain, removal_curves, removal_order
from tests.explainers.measures.planted_maps import explanations, true_map

LATTICE = [(y, x) for y in (13, 32, 51) for x in (12, 30, 48, 66, 84)]
"""Places of discs, all over the picture."""


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


@pytest.fixture(scope="module")
def controls(planted, crowded) -> dict[str, float]:
    """Mean gain over the pictures of each kind of control."""
    from explainers import measure

    found = {}
    for radiograph in crowded.values():
        (explanation,) = explanations(planted, radiograph, "saliency")
        *_, done = measure(planted, radiograph, [explanation], ["relevance_gain"], registry=Registry.standard())
        for name, value in done.measured.figures["controls"].items():
            found.setdefault(name.rstrip(" 0123456789"), []).append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def gain_of(planted, crowded, maps_of) -> float:
    """Mean gain over the pictures of `maps_of(explanation, place)`."""
    from explainers.contract.measure import Subject

    own, saliency = [], Registry.standard().explainers["saliency"]
    for place, radiograph in crowded.items():
        (explanation,) = explanations(planted, radiograph, "saliency")
        subject = Subject(explanation, saliency, planted, radiograph, planted.prepare(radiograph))
        order = removal_order(maps_of(explanation, place), np.random.default_rng(0))
        own.append(relevance_gain(removal_curves(subject.context, order)[..., planted.labels.index("Mass")]))
    return float(np.mean(own))


def test_the_true_map_beats_every_control_by_far_and_the_inverted_one_loses_to_all(planted, crowded, controls):
    true = gain_of(planted, crowded, lambda _, place: true_map(*place))
    inverted = gain_of(planted, crowded, lambda _, place: -true_map(*place))
    assert true > 2 * max(controls.values()), controls
    assert inverted == pytest.approx(-true, rel=0.1)
    # edges are on the stripes alone here: as wrong as can be too
    assert inverted < min(value for name, value in controls.items() if name != "edges"), controls
    # chance is zero in expectation
    assert abs(controls["random"]) < 0.5 * true


def test_gradients_beat_every_control_where_the_evidence_is_planted(planted, crowded, controls):
    gain = gain_of(planted, crowded, lambda explanation, _: np.abs(explanation.map))
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
    assert f"{noise} of 8 noise maps beat all controls that are not noise" in found.sentence


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


def test_the_verdict_of_removal_counts_the_controls_that_are_beaten(measured):
    for values, most in ((true_map(), 12), (-true_map(), 6)):
        found = measured("relevance_gain", values).measured
        count = len(found.figures["controls"])
        beaten = sum(found.value > other for other in found.figures["controls"].values())
        assert beaten <= min(count, most)
        assert found.verdict == ("beats all controls" if beaten == count else f"beats {beaten} of {count} controls")
