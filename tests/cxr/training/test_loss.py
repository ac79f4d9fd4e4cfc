"""The loss against numbers worked by hand."""

import math

import keras
import numpy as np
import pytest

from cxr.training.loss import WeightedBinaryCrossentropy


def loss(weights, labels, logits) -> float:
    given = [np.array(each, np.float32) for each in (labels, logits)]
    return float(WeightedBinaryCrossentropy(*weights)(*given))


def test_it_is_the_mean_over_the_batch_of_the_sum_over_findings():
    # σ(0) = 1/2 and σ(ln 3) = 3/4. First picture: 0.9·ln 2 + 0.2·ln 4; second: 0.1·ln 2 + 0.8·(-ln(3/4))
    expected = (0.9 * math.log(2) + 0.2 * math.log(4) + 0.1 * math.log(2) - 0.8 * math.log(0.75)) / 2
    z = math.log(3)
    assert loss(([0.9, 0.8], [0.1, 0.2]), [[1, 0], [0, 1]], [[0, z], [0, z]]) == pytest.approx(expected, rel=1e-6)


def test_missing_a_rare_positive_costs_more_than_missing_a_common_one():
    weights = ([0.99, 0.7], [0.01, 0.3])  # prevalence 1 % and 30 %
    rare, common = (loss(weights, [[positive, 1 - positive]], [[-2, -2]]) for positive in (1, 0))
    assert rare > common


def test_both_kinds_of_a_finding_weigh_the_same_over_a_whole_sample():
    # prevalence 1/4: one positive of weight 3/4 against three negatives of weight 1/4
    labels = [[1], [0], [0], [0]]
    assert loss(([0.75], [0]), labels, [[0]] * 4) == pytest.approx(loss(([0], [0.25]), labels, [[0]] * 4))


def test_labels_that_are_not_known_count_nothing():
    with_unknown = loss(([1, 1], [1, 1]), [[1, np.nan]], [[0.5, 3]])
    assert with_unknown == pytest.approx(loss(([1], [1]), [[1]], [[0.5]]))


def test_a_mixed_label_is_between_its_two():
    assert loss(([1], [1]), [[0.25]], [[0]]) == pytest.approx(math.log(2))


@pytest.mark.parametrize("label", [0, 1, np.nan])
def test_gradients_are_finite_at_logits_of_50(label):
    import tensorflow as tf

    logits = tf.Variable([[-50.0, 50.0]])
    with tf.GradientTape() as tape:
        value = WeightedBinaryCrossentropy([0.9, 0.9], [0.1, 0.1])(np.full((1, 2), label, np.float32), logits)
    gradient = tape.gradient(value, logits).numpy()
    assert np.isfinite(gradient).all()
    # a wrong answer's gradient is its weight; a right one's vanishes; an unknown one has none
    expected = {0: [0, 0.1], 1: [-0.9, 0]}.get(label, [0, 0])
    assert gradient[0] == pytest.approx(expected, abs=1e-6)


def test_it_is_saved_and_loaded_with_its_weights():
    made = keras.losses.deserialize(keras.losses.serialize(WeightedBinaryCrossentropy([0.9], [0.1])))
    assert (made.pos_weights, made.neg_weights) == ([0.9], [0.1])
