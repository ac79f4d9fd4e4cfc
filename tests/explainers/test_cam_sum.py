"""The ledger: worked by hand, held to the starter's own tail, and refused where a network is no sum."""

from dataclasses import replace

import numpy as np
import pytest

from cxr.errors import LayerError
from cxr.frame import Frame
from cxr.preparation import InputRule, Prepared
from explainers.cam_sum import cam_sum, logits_covered, rank_correlations


def prepared_of(array, size=None):
    side = array.shape[:2]
    return Prepared(array, Frame(size or side, side, (0.0, 0.0, *map(float, size or side))), InputRule("xrv", 32), None)


def test_worked_by_hand_on_four_cells(tiny, quadrants):
    made = cam_sum(tiny, prepared_of(quadrants))
    # relu: p0 = 1 2 / 3 0 and p1 = 0 0 / 0 2. Effusion 4·p0/4; Nodule (−2·p0 + 8·p1)/4
    assert made.cells[0] == pytest.approx(np.array([[1, 2], [3, 0]]), abs=1e-4)
    assert made.cells[1] == pytest.approx(np.array([[-0.5, -1], [-1.5, 4]]), abs=1e-4)
    assert made.bias == pytest.approx([0.5, -1])
    # 6 + 0.5; 1 − 1
    assert made.logits == pytest.approx([6.5, 0], abs=1e-4)
    assert made.cells.sum(axis=(1, 2)) + made.bias == pytest.approx(made.logits, abs=1e-5)
    assert made.without[1] == pytest.approx(np.array([[0.5, 1], [1.5, -4]]), abs=1e-4)
    assert made.layer == "relu"
    assert made.windows.tolist() == [[0, 0, 16, 16], [0, 16, 16, 16], [16, 0, 16, 16], [16, 16, 16, 16]]


def test_here_a_cell_sees_its_own_square_alone_so_both_removals_can_be_told_by_hand(tiny, quadrants):
    prepared = prepared_of(quadrants)
    made = cam_sum(tiny, prepared)
    rows, covered = zip(*logits_covered(tiny, prepared, made.windows), strict=True)
    assert np.concatenate(rows).tolist() == [0, 1, 2, 3]
    # the input's mean is 1: a covered quadrant x adds 1 in p0's place, so Effusion falls by max(x, 0) − 1
    assert 6.5 - np.concatenate(covered)[:, 0] == pytest.approx([0, 1, 2, -1], abs=1e-4)
    # cells 1 2 3 0 are ordered as 0 1 2 −1 are
    assert rank_correlations(made, np.concatenate(covered))["Effusion"] == pytest.approx(1)


def test_the_starter_s_cells_and_bias_are_its_logits(predictor, phantom):
    prepared = predictor.prepare(phantom)
    made = cam_sum(predictor, prepared)
    assert made.cells.shape == (14, 7, 7)
    scored = [each.logit for each in predictor.predict(phantom).findings]
    assert made.cells.sum(axis=(1, 2)) + made.bias == pytest.approx(scored, abs=1e-5)
    # one cell's features at zero, through the network's own end
    features = predictor.activations(prepared.array[None], "relu").copy()
    features[0, 5, 2] = 0
    assert predictor.forward_from("relu", features)[0] == pytest.approx(made.without[:, 5, 2], abs=1e-5)


def test_it_costs_no_pass_of_its_own(predictor, phantom):
    from cxr.pass_counts import count_passes

    predictor.predict(phantom)
    with count_passes() as passes:
        cam_sum(predictor, predictor.prepare(phantom))
    assert passes.forward == 0


def test_a_square_of_pixels_is_covered_with_the_input_s_mean(predictor, phantom):
    prepared = predictor.prepare(phantom)
    window = cam_sum(predictor, prepared).windows[[24]]
    assert window.tolist() == [[96, 96, 32, 32]]
    covered = prepared.array.copy()
    covered[96:128, 96:128] = prepared.array.mean(axis=(0, 1))
    ((rows, logits),) = logits_covered(predictor, prepared, window)
    assert rows.tolist() == [0]
    assert logits[0] == pytest.approx(predictor.forward(covered[None])[0], abs=1e-4)


def test_squares_tile_an_input_that_cells_do_not_divide(tiny, quadrants):
    made = replace(cam_sum(tiny, prepared_of(quadrants)), cells=np.zeros((2, 3, 2)))
    tops, lefts, heights, widths = made.windows.T
    assert np.sum(heights * widths) == 32 * 32
    assert sorted(set(tops)) == [0, 11, 21]
    assert sorted(set(lefts)) == [0, 16]


def test_a_hidden_head_has_no_ledger(tiny, quadrants):
    from cxr.predictor import Predictor

    hidden = Predictor(tiny._network, replace(tiny.config, head=(4,)), tiny.identity)
    with pytest.raises(LayerError, match="hidden layer"):
        cam_sum(hidden, prepared_of(quadrants))


def ending(tail):
    """A network of the tiny one's cells and ReLU with another end, whose configuration says nothing of it."""
    import keras

    from cxr.checkpoint import CheckpointConfig, Identity
    from cxr.network import KerasNetwork
    from cxr.predictor import Predictor

    picture = keras.Input((32, 32, 3))
    cells = keras.layers.Conv2D(2, 16, strides=16, use_bias=False, name="cells")(picture)
    model = keras.Model(picture, tail(keras.layers.ReLU(name="relu")(cells)))
    model.get_layer("cells").set_weights([np.full((16, 16, 3, 2), 1 / 768) * np.array([1, -1])])
    config = CheckpointConfig(
        name="other", labels=("Effusion", "Nodule"), input={"rule": "samplewise", "size": 32}
    )  # fmt: skip
    return Predictor(KerasNetwork(model), config, Identity("other", "other", None, "0" * 64))


def dense(values, **settings):
    import keras

    return keras.layers.Dense(2, kernel_initializer="ones", **settings)(values)


def largest(cells):
    """Homogeneous as a mean is: gradient times cells adds up here too, and would be wrong cell by cell."""
    import keras

    return dense(keras.layers.GlobalMaxPooling2D()(cells))


def bent(cells):
    """Mean 6/4 through a ReLU that opens at 1."""
    import keras

    return dense(keras.layers.ReLU(threshold=1.0)(keras.layers.GlobalAveragePooling2D()(cells)))


@pytest.mark.parametrize("tail", [largest, bent])
def test_another_pooling_or_a_bent_end_has_no_ledger(quadrants, tail):
    with pytest.raises(LayerError, match="no exact sum"):
        cam_sum(ending(tail), prepared_of(quadrants))
