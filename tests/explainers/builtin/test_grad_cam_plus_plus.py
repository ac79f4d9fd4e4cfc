import numpy as np
import pytest

from explainers.builtin.grad_cam_plus_plus import GradCamPlusPlus

CHANNELS, HEAD = [[1.0, 2.0]], [[4.0, 0.0], [-8.0, 4.0]]
PICTURE = [[1.0, 3.0]]


def test_equation_19_by_hand(context_of, pooled):
    context = context_of(pooled((1, 2), CHANNELS, HEAD), PICTURE)
    # A: 1, 3 and 2, 6. Gradients over 2 cells: 2 and −4. First channel: α = 4 / (8 + 8 · 4) = 1/10 in each cell,
    # w = 2 · 1/10 · 2 = 0.4; second: its gradient is negative, w = 0. With the mean of A it would be 4 / 24.
    assert GradCamPlusPlus().explain(context, "Effusion", layer="relu") == pytest.approx(np.array([[0.4, 1.2]]))


def test_a_gradient_of_zero_weighs_nothing(context_of, pooled):
    context = context_of(pooled((1, 2), CHANNELS, [[0.0, 0.0], [0.0, 4.0]]), PICTURE)
    assert GradCamPlusPlus().explain(context, "Effusion", layer="relu").tolist() == [[0, 0]]


def test_at_a_signed_layer_its_positive_part_is_taken(context_of, pooled):
    network = pooled((1, 2), [[1.0]], [[4.0, 0.0]])
    signed = context_of(network, [[-1.0, 3.0]])
    # features −1, 3: the gate of the first is closed. α = 4 / (8 + 8 · 3) = 1/8 in the second cell, w = 1/8 · 2
    assert GradCamPlusPlus().explain(signed, "Effusion", layer="features").tolist() == [[0, 0.75]]


def test_the_map_is_never_negative(context_of, pooled):
    rng = np.random.default_rng(3)
    network = pooled((5, 4), rng.normal(size=(3, 6)), rng.normal(size=(6, 2)))
    assert (GradCamPlusPlus().explain(context_of(network, rng.normal(size=(5, 4, 3))), "Mass") >= 0).all()
