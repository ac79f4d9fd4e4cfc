import numpy as np
import pytest

from explainers.builtin.integrated_gradients import IntegratedGradients
from explainers.errors import Cancelled

WEIGHTS = [[1, -2, 3], [0, 4, -5]]
PICTURE = [[7, 7, 7], [1, 2, 3]]


def explained(context, finding="Effusion", **options):
    return IntegratedGradients().explain(context, finding, **options)


def test_of_a_linear_network_it_is_weight_times_difference(context_of, linear):
    context = context_of(linear(WEIGHTS), PICTURE)
    picture = np.array(PICTURE)
    assert explained(context, baseline="black") == pytest.approx(WEIGHTS * (picture - 1), abs=1e-5)
    assert explained(context, baseline="white") == pytest.approx(WEIGHTS * (picture - 7), abs=1e-5)
    assert explained(context, baseline="mean") == pytest.approx(WEIGHTS * (picture - 4.5), abs=1e-5)


def test_all_is_the_mean_over_baselines_with_their_spread(context_of, linear):
    context = context_of(linear(WEIGHTS), PICTURE)
    each = [explained(context, baseline=name) for name in ("mean", "blur", "black", "white")]
    assert explained(context) == pytest.approx(np.mean(each, axis=0), abs=1e-5)
    assert context.notes["spread"] == pytest.approx(np.std(each, axis=0), abs=1e-5)
    assert context.notes["baseline_logits"].keys() == {"mean", "blur", "black", "white"}


def test_completeness_holds_for_a_curved_network(context_of):
    import keras

    # z = Σ relu(x)², whose gradient 2 relu(x) is linear in pieces: kinks on the way make the quadrature err a little
    pixels = keras.Input((2, 3, 1))
    squares = keras.layers.Activation(lambda x: keras.ops.relu(x) ** 2)(pixels)
    model = keras.Model(pixels, keras.layers.Dense(2, kernel_initializer="ones")(keras.layers.Flatten()(squares)))
    context = context_of(model, [[3, -1, 2], [0, 5, -4]])
    # z(x) = 9 + 4 + 25 = 38; black is −4 everywhere: z = 0
    found = explained(context, baseline="black", steps=64)
    assert context.notes["promised_sum"]["Effusion"] == 38
    assert found.sum() == pytest.approx(38, rel=1e-3)
    # a pixel alone: relu(3)² − relu(−4)², of nothing but itself
    assert found.tolist() == pytest.approx(np.array([[9, 0, 4], [0, 25, 0]]), abs=0.1)
    assert context.notes["completeness_error"]["black"] == pytest.approx(found.sum() - 38, abs=1e-5)


def test_a_pixel_that_equals_the_baseline_gets_nothing(context_of, linear):
    assert explained(context_of(linear(WEIGHTS), PICTURE), baseline="black")[1, 0] == 0


def test_it_ends_when_cancelled(context_of, linear):
    asked = []
    context = context_of(linear(WEIGHTS), PICTURE, cancelled=lambda: asked.append(1) or len(asked) > 2)
    with pytest.raises(Cancelled):
        explained(context)
    assert len(asked) == 3
