import numpy as np
import pytest

from explainers.builtin.rise import Rise, _agreement, _masks, _Slope


def test_the_slope_and_its_standard_error_are_those_of_a_regression():
    rng = np.random.default_rng(0)
    masks, noise = rng.uniform(size=(500, 1, 2)), rng.normal(size=500)
    logits = 3 * masks[:, 0, 0] - 1 * masks[:, 0, 1] + 0.5 * noise
    slope = _Slope((1, 2))
    for at in range(0, 500, 50):
        slope.add(masks[at : at + 50], logits[at : at + 50])
    for column in (0, 1):
        m = masks[:, 0, column]
        expected = np.polyfit(m, logits, 1)[0]
        assert slope.map()[0, column] == pytest.approx(expected, rel=1e-9)
        products = (logits - logits.mean()) * (m - m.mean())
        assert slope.standard_error()[0, column] == pytest.approx(np.sqrt(products.var() / 500) / m.var(), rel=1e-4)


def test_sums_of_halves_are_sums_of_all():
    rng = np.random.default_rng(1)
    masks, logits = rng.uniform(size=(20, 3, 4)), rng.normal(size=20)
    whole, one, other = _Slope((3, 4)), _Slope((3, 4)), _Slope((3, 4))
    whole.add(masks, logits)
    one.add(masks[:8], logits[:8])
    other.add(masks[8:], logits[8:])
    assert (one + other).map() == pytest.approx(whole.map(), rel=1e-9)
    assert (one + other).standard_error() == pytest.approx(whole.standard_error(), rel=1e-5)


def test_masks_are_half_open_and_shifted_one_by_one():
    masks = _masks(np.random.default_rng(0), 400, 7, (60, 45))
    assert masks.shape == (400, 60, 45)
    assert masks.min() >= 0
    assert masks.max() <= 1
    assert masks.mean() == pytest.approx(0.5, abs=0.02)
    # no place is seen more than another
    assert masks.mean(axis=0).std() < 0.05


def test_evidence_is_found_with_its_sign_and_the_rest_is_within_the_error(context_of, linear):
    weights = np.zeros((32, 32))
    weights[4:12, 4:12], weights[20:28, 20:28] = 0.25, -0.125
    picture = np.random.default_rng(0).normal(size=(32, 32)) * 0.01
    picture[4:12, 4:12], picture[20:28, 20:28] = 4, 4
    context = context_of(linear(weights), picture)
    found = Rise().explain(context, "Effusion")
    assert np.unravel_index(found.argmax(), found.shape) in [(y, x) for y in range(4, 12) for x in range(4, 12)]
    assert found[24, 24] < -3 * context.notes["standard_error"][24, 24]
    assert context.notes["agreement_of_halves"] >= 0.9 or context.notes["masks"] == 1024
    far = np.abs(found[4:10, 22:28]) / context.notes["standard_error"][4:10, 22:28]
    assert far.mean() < 3


def test_agreement_is_spearmans():
    pattern = np.add.outer(np.arange(28), np.arange(28) * 28.0)
    assert _agreement(pattern, pattern**3) == pytest.approx(1)
    assert _agreement(pattern, -pattern) == pytest.approx(-1)
