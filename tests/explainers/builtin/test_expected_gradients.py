import numpy as np
import pytest

from explainers.builtin.expected_gradients import ExpectedGradients


def test_of_a_linear_network_it_is_weight_times_distance_from_the_mean_chest(tiny, monkeypatch, phantom):
    from explainers import Context

    prepared = tiny.prepare(phantom)
    context = Context(tiny, phantom, prepared, explainer="expected_gradients")
    found = ExpectedGradients().explain(context, "Effusion", draws=64)
    assert found.shape == prepared.array.shape[:2]
    # the promise is kept within what sampling allows: pixels are sampled together, so their errors are not independent
    background = context.notes["background_logit"]
    assert context.notes["promised_sum"]["Effusion"] == pytest.approx(float(context.logits[0]) - background)
    assert (context.notes["standard_error"] >= 0).all()


def test_every_chest_of_the_background_is_drawn_equally_often_and_linear_weights_come_out(context_of, linear):
    weights = np.array([[1.0, -2.0], [3.0, 0.5]])
    chests = [np.full((2, 2, 1), value, np.float32) for value in range(8)]
    context = context_of(linear(weights), [[10, 20], [30, 40]])
    queue = iter(chests)
    context.prepare = lambda chest: next(queue)
    found = ExpectedGradients().explain(context, "Effusion", draws=16)
    # the mean chest is 3.5 everywhere: with a constant gradient no sampling error is left
    assert found == pytest.approx(weights * (np.array([[10, 20], [30, 40]]) - 3.5), rel=1e-6)
    assert context.notes["background_logit"] == pytest.approx(2.5 * 3.5)
    assert found.sum() == pytest.approx(context.notes["promised_sum"]["Effusion"], rel=1e-6)


def test_the_seed_decides(context_of, pooled):
    rng = np.random.default_rng(0)
    model = pooled((6, 6), rng.normal(size=(1, 5)), rng.normal(size=(5, 2)))
    picture, chests = rng.normal(size=(6, 6)), rng.normal(size=(8, 6, 6, 1)).astype(np.float32)

    def run(seed):
        context = context_of(model, picture, seed=seed)
        queue = iter(chests)
        context.prepare = lambda chest: next(queue)
        return ExpectedGradients().explain(context, "Effusion", draws=16)

    assert (run(1) == run(1)).all()
    assert not (run(1) == run(2)).all()
