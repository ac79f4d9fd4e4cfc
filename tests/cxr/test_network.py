"""The primitives, on a network whose numbers are worked by hand (`tiny`, `quadrants`), and on the starter."""

import threading

import numpy as np
import pytest

from cxr.errors import LayerError

# pooled channels of `quadrants`: p0 = (1 + 2 + 3 + 0) / 4 = 1.5, p1 = (0 + 0 + 0 + 2) / 4 = 0.5
# Effusion = 4 · 1.5 + 0.5 = 6.5; Nodule = −2 · 1.5 + 8 · 0.5 − 1 = 0
LOGITS = [6.5, 0.0]

CLOSE = 5e-5
"""Means of 768 terms in float32, which processors add up in orders of their own."""


@pytest.fixture
def network(tiny):
    return tiny._network


def test_logits_are_the_worked_ones(network, quadrants):
    np.testing.assert_allclose(network.forward(quadrants[None]), [LOGITS], atol=CLOSE)


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 33])
def test_a_batch_of_any_size_gives_what_its_members_give(network, quadrants, count):
    scales = np.linspace(-1, 1, count, dtype=np.float32)
    batch = scales[:, None, None, None] * quadrants
    alone = np.concatenate([network.forward(each[None]) for each in batch])
    np.testing.assert_allclose(network.forward(batch), alone, atol=CLOSE)


def test_an_empty_batch_is_refused(network, quadrants):
    with pytest.raises(ValueError, match="at least one"):
        network.forward(quadrants[None][:0])


def test_activations_come_with_the_logits(network, quadrants):
    logits, relu = network.forward_with(quadrants[None], "relu")
    np.testing.assert_allclose(logits, [LOGITS], atol=CLOSE)
    np.testing.assert_allclose(relu[0, ..., 0], [[1, 2], [3, 0]], atol=CLOSE)
    np.testing.assert_allclose(relu[0, ..., 1], [[0, 0], [0, 2]], atol=CLOSE)


def test_the_tail_goes_on_from_activations(network):
    relu = np.zeros((1, 2, 2, 2), np.float32)
    relu[0, 0, 0] = 4, 8  # p0 = 1, p1 = 2: Effusion 4 + 0.5, Nodule −2 + 16 − 1
    np.testing.assert_allclose(network.forward_from("relu", relu), [[4.5, 13]], atol=1e-5)


def test_a_layers_gradient_is_the_worked_one(network, quadrants):
    gradient = network.layer_gradient(quadrants[None], "relu", [0, 1])
    # each of four cells counts a quarter of the head's weight
    np.testing.assert_allclose(gradient[0, 0], np.broadcast_to([1, 0], (2, 2, 2)), atol=1e-5)
    np.testing.assert_allclose(gradient[0, 1], np.broadcast_to([-0.5, 2], (2, 2, 2)), atol=1e-5)


def test_the_tails_gradient_is_the_whole_networks(network, quadrants):
    cells = network.forward_with(quadrants[None], "cells")[1]
    whole = network.layer_gradient(quadrants[None], "cells", [0, 1])
    np.testing.assert_allclose(network.tail_gradient("cells", cells, [0, 1]), whole, atol=1e-7)


def test_the_input_gradient_is_the_worked_one(network, quadrants):
    # Effusion: 4 / 4 cells / 256 pixels where the cell is positive; the fourth quadrant is cut off by the ReLU
    expected = np.kron([[1, 1], [1, 0]], np.ones((16, 16)))[None] / 256
    # a third of it by each of the three equal channels
    np.testing.assert_allclose(network.input_gradient(quadrants[None], 0).sum(-1), expected, atol=1e-8)


def test_an_unknown_layer_is_refused_with_the_closest_name(network, quadrants):
    with pytest.raises(LayerError, match="Did you mean 'relu'"):
        network.forward_with(quadrants[None], "Relu")


def test_layers_are_those_with_a_map_in_forward_order(network):
    assert network.layers == {"cells": (2, 2, 2), "relu": (2, 2, 2)}


def test_the_gradient_before_the_last_norm_is_the_closed_form(predictor, phantom):
    batch = predictor.prepare(phantom).array[None]
    gradient = predictor.layer_gradient(batch, "conv5_block16_concat", "Mass")[0]
    model = predictor._passes.built()._model
    norm, kernel = model.get_layer("bn"), model.get_layer("predictions").kernel.numpy()
    slope = norm.gamma.numpy() / np.sqrt(norm.moving_variance.numpy() + norm.epsilon)
    passed = predictor.activations(batch, "bn")[0] > 0
    # the ReLU lets through where the norm is positive; the pooling gives each of 49 cells its share
    expected = slope * passed * kernel[:, predictor.config.findings["Mass"]] / 49
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-8)


def test_the_gradient_of_a_layer_inside_a_block_is_its_part_of_the_blocks(predictor, phantom):
    batch = predictor.prepare(phantom).array[None]
    # the block's output ends in this layer's 32 channels, and nothing else reads them
    block = predictor.layer_gradient(batch, "conv5_block16_concat", "Mass")
    inner = predictor.layer_gradient(batch, "conv5_block16_2_conv", "Mass")
    np.testing.assert_allclose(inner, block[..., -32:], rtol=1e-4, atol=1e-9)


def test_at_relu_the_gradient_is_the_heads_weight_over_the_cells(predictor, phantom):
    gradient = predictor.layer_gradient(predictor.prepare(phantom).array[None], "relu", "Mass")[0]
    kernel = predictor._passes.built()._model.get_layer("predictions").kernel.numpy()
    output = predictor.config.findings["Mass"]
    np.testing.assert_allclose(gradient, np.broadcast_to(kernel[:, output] / 49, gradient.shape), rtol=1e-5)


def test_a_layer_inside_a_block_has_no_tail_and_says_which_do(predictor):
    with pytest.raises(LayerError, match="conv5_block16_concat"):
        predictor.forward_from("conv5_block16_2_conv", np.zeros((1, 7, 7, 32), np.float32))


def test_threads_get_their_own_answers(network, quadrants):
    scales = np.arange(1, 33, dtype=np.float32)
    answers = {}

    def ask(scale):
        answers[scale] = network.forward(scale * quadrants[None])[0]

    threads = [threading.Thread(target=ask, args=(scale,)) for scale in scales]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for scale in scales:  # logits without their biases grow with the input: the network is positively homogeneous
        np.testing.assert_allclose(answers[scale], [6 * scale + 0.5, scale - 1], rtol=CLOSE, atol=1e-4)
