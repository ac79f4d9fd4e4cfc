"""The mean gradient over noisy copies of the input."""

import numpy as np
import pytest

from cxr.pass_counts import count_passes
from explainers.builtin.smoothgrad import SmoothGrad

WEIGHTS = [[1, -2, 3], [0, 4, -5]]
PICTURE = [[7, 7, 7], [1, 2, 3]]


def smoothgrad(context, **options):
    return SmoothGrad().explain(context, "Effusion", **options)


def test_on_a_linear_network_it_is_the_gradient(context_of, linear):
    with count_passes() as passes:
        found = smoothgrad(context_of(linear(WEIGHTS), PICTURE), samples=24)
    assert found == pytest.approx(np.array(WEIGHTS), rel=1e-6)
    assert (passes.forward, passes.backward) == (24, 24)


def test_it_averages_signed_gradients_of_the_noisy_input(context_of, pooled):
    # one pixel, z = relu(x): the gradient is 1 where x + noise > 0. The input 1, −1 has a range of 2: σ = 1 at 0.5
    context = context_of(pooled((1, 2), [[1.0]], [[2.0, 0.0]]), [[1.0, -1.0]])
    found = smoothgrad(context, samples=64, noise=0.5)
    # P(N(1, 1) > 0) = 0.841, P(N(−1, 1) > 0) = 0.159; 64 draws err by 0.046
    assert found == pytest.approx(np.array([[0.841, 0.159]]), abs=0.15)
    again = smoothgrad(context_of(pooled((1, 2), [[1.0]], [[2.0, 0.0]]), [[1.0, -1.0]]), samples=64, noise=0.5)
    assert (found == again).all()


@pytest.mark.parametrize(("option", "value"), [("samples", 8), ("noise", 0.5), ("sign", "absolute")])
def test_every_option_changes_the_map(context_of, pooled, option, value):
    context = lambda: context_of(pooled((1, 2), [[1.0]], [[-2.0, 0.0]]), [[0.1, -1.0]])  # noqa: E731
    usual = smoothgrad(context(), samples=64)
    assert not np.array_equal(smoothgrad(context(), **{"samples": 64, option: value}), usual)


def test_an_absolute_map_is_not_signed():
    assert [SmoothGrad.is_signed({"sign": sign}) for sign in ("signed", "absolute")] == [True, False]
