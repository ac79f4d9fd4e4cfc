"""Output layers on resampled patients."""

import numpy as np
import pytest

from cxr.training.class_weights import ClassWeights
from cxr.training.heads import bootstrap_heads

EVEN = ClassWeights(("Mass", "Edema"), (0.5, 0.5), (0.5, 0.5))


def sample(rows: int, seed: int = 0):
    """Two features; Mass goes with the first, Edema is there twice only."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((rows, 2)) + 3
    mass = features[:, 0] - 3 + 0.5 * rng.standard_normal(rows) > 0
    edema = np.arange(rows) < 2
    return features, np.stack([mass, edema], axis=1).astype(np.float32), [str(at) for at in range(rows)]


def heads(rows: int, **settings):
    features, labels, patients = sample(rows)
    kernel, bias = np.array([[1.0, 0.2], [0.0, 0.1]]), np.array([-3.0, -5.0])
    made = bootstrap_heads(features, labels, patients, EVEN, kernel=kernel, bias=bias, heads=12, **settings)
    return features, *made, features @ kernel + bias


def spread(rows: int) -> np.ndarray:
    features, kernels, biases, _ = heads(rows)
    logits = np.einsum("nk,hkf->hnf", features, kernels) + biases[:, None]
    return logits.std(axis=0).mean(axis=0)


def test_heads_scatter_around_the_network_s_own():
    features, kernels, biases, own = heads(600)
    logits = np.einsum("nk,hkf->hnf", features, kernels) + biases[:, None]
    # twelve draws: their mean lies within a standard error or two of what they scatter around
    error = logits.std(axis=0).mean(axis=0) / np.sqrt(12)
    assert (np.abs(logits.mean(axis=0) - own).mean(axis=0) < 2 * error).all()


def test_more_patients_make_a_finding_surer():
    # by the root of six, 2.4 times; the ridge holds the smaller sample back a little
    assert spread(24000)[0] < 0.7 * spread(4000)[0]


def test_a_finding_with_two_patients_is_the_least_sure():
    mass, edema = spread(600)
    assert edema > 2 * mass


def test_heads_are_the_same_for_a_seed_and_differ_between_seeds():
    one, same, other = (heads(200, seed=seed)[1] for seed in (1, 1, 2))
    assert one == pytest.approx(same, abs=1e-12)
    assert np.abs(one - other).max() > 1e-3


def test_a_patient_s_pictures_are_drawn_together():
    features, labels, _ = sample(300)
    kernel, bias = np.eye(2), np.zeros(2)
    settings = {"kernel": kernel, "bias": bias, "heads": 12}
    alone, _ = bootstrap_heads(features, labels, [str(at) for at in range(300)], EVEN, **settings)
    together, _ = bootstrap_heads(
        np.repeat(features, 4, axis=0), np.repeat(labels, 4, axis=0), np.repeat(np.arange(300), 4), EVEN, **settings
    )
    # four copies of each picture are no more patients: the scatter stays, give or take the ridge's smaller share
    assert together[:, :, 0].std(axis=0).mean() > 0.6 * alone[:, :, 0].std(axis=0).mean()
