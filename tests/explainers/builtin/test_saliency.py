import numpy as np
import pytest

from cxr.pass_counts import count_passes
from explainers.builtin.saliency import Saliency

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


def test_smoothgrad_of_a_linear_network_is_its_gradient(context_of, linear):
    with count_passes() as passes:
        found = saliency(context_of(linear(WEIGHTS), PICTURE), samples=20)
    assert found == pytest.approx(np.array(WEIGHTS), rel=1e-6)
    assert (passes.forward, passes.backward) == (20, 20)


def test_smoothgrad_averages_signed_gradients_of_the_noisy_input(context_of, pooled):
    # one pixel, z = relu(x): the gradient is 1 where x + noise > 0. The input 1, −1 has a range of 2: σ = 1 at 0.5
    context = context_of(pooled((1, 2), [[1.0]], [[2.0, 0.0]]), [[1.0, -1.0]])
    found = saliency(context, samples=64, noise=0.5)
    # P(N(1, 1) > 0) = 0.841, P(N(−1, 1) > 0) = 0.159; 64 draws err by 0.046
    assert found == pytest.approx(np.array([[0.841, 0.159]]), abs=0.15)
    again = saliency(context_of(pooled((1, 2), [[1.0]], [[2.0, 0.0]]), [[1.0, -1.0]]), samples=64, noise=0.5)
    assert (found == again).all()
