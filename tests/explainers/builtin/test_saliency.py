import numpy as np
import pytest

from cxr.pass_counts import count_passes
from explainers.builtin.saliency import USE_SMOOTHGRAD, Saliency
from explainers.contract.options import options_schema

WEIGHTS = [[1, -2, 3], [0, 4, -5]]
PICTURE = [[7, 7, 7], [1, 2, 3]]


def saliency(context, finding="Effusion", **options):
    return Saliency().explain(context, finding, **options)


def test_the_map_of_a_linear_network_is_its_weights_whatever_the_picture(context_of, linear):
    network = linear(WEIGHTS)
    assert saliency(context_of(network, PICTURE)).tolist() == WEIGHTS
    assert saliency(context_of(network, np.zeros((2, 3)))).tolist() == WEIGHTS


def test_each_finding_has_its_own_map(context_of, linear):
    context = context_of(linear(WEIGHTS), PICTURE)
    # the weights turned by 180°
    assert saliency(context, "Mass").tolist() == [[-5, 4, 0], [3, -2, 1]]


def test_channels_of_a_grey_input_add_up(context_of, linear):
    # one pixel with the weights 1, 2, −4: brighter by 1 in all three channels changes the logit by −1
    assert saliency(context_of(linear([[[1, 2, -4]]]), [[[0, 0, 0]]])).tolist() == [[-1]]


def test_absolute_is_the_magnitude_of_the_sum(context_of, linear):
    context = context_of(linear([[[1, 2, -4], [1, -1, 0]]]), np.zeros((1, 2, 3)))
    assert saliency(context, sign="signed").tolist() == [[-1, 0]]
    # not 1 + 2 + 4 and 1 + 1
    assert saliency(context, sign="absolute").tolist() == [[1, 0]]


def test_a_head_twice_as_steep_doubles_the_map_and_its_bias_changes_nothing(context_of, linear):
    assert saliency(context_of(linear(WEIGHTS, scale=2), PICTURE)).tolist() == [[2, -4, 6], [0, 8, -10]]
    # at a logit of 30 a score has no gradient left: its logit has
    assert saliency(context_of(linear(WEIGHTS, bias=30), PICTURE)).tolist() == WEIGHTS


@pytest.mark.parametrize("corner", [(0, 0), (0, 5), (3, 0), (3, 5)])
def test_evidence_in_a_corner_stays_in_its_corner(context_of, linear, corner):
    weights = np.zeros((4, 6))
    weights[1, 2], weights[corner] = 1, 5
    assert np.unravel_index(saliency(context_of(linear(weights), np.ones((4, 6)))).argmax(), (4, 6)) == corner


def test_a_rectified_network_agrees_with_the_chain_rule(context_of, pooled):
    rng = np.random.default_rng(0)
    channels, head, picture = rng.normal(size=(3, 5)), rng.normal(size=(5, 2)), rng.normal(size=(6, 4, 3))
    context = context_of(pooled((6, 4), channels, head), picture)
    # dz/dx = Σ_k head_k / 24 · [channel k is positive] · channels_ck, then summed over c
    active = (picture.astype(np.float32) @ channels) > 0
    expected = (active * head[:, 0] * channels.sum(axis=0)).sum(axis=-1) / 24
    assert saliency(context) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_a_map_costs_one_pass_forward_and_one_back(context_of, linear):
    with count_passes() as passes:
        saliency(context_of(linear(WEIGHTS), PICTURE))
    assert (passes.forward, passes.backward) == (1, 1)


def test_an_absolute_map_is_not_signed():
    declared = {option.name: option.default for option in Saliency.options()}
    assert Saliency.is_signed(declared)
    assert not Saliency.is_signed({**declared, "sign": "absolute"})


def test_the_deprecated_samples_still_average_over_noisy_copies_and_name_smoothgrad(planted_comparison):
    old = planted_comparison("saliency", {"samples": 16, "noise": 0.2})
    new = planted_comparison("smoothgrad", {"samples": 16, "noise": 0.2})
    assert old.stochastic
    assert new.stochastic
    assert old.passes == new.passes == {"forward": 16, "backward": 16}
    (first, second) = old.record()["notes"]["warnings"]
    assert first == f"The option 'samples' of saliency is deprecated. {USE_SMOOTHGRAD.sentence}"
    assert "'smoothgrad'" in USE_SMOOTHGRAD.sentence
    assert "'noise'" in second
    assert "warnings" not in planted_comparison("saliency", {}).record()["notes"]
    assert not planted_comparison("saliency", {}).stochastic


def test_the_deprecated_options_are_marked_in_the_schema():
    properties = options_schema(Saliency)["properties"]
    assert {name for name, each in properties.items() if each.get("deprecated")} == {"samples", "noise"}
