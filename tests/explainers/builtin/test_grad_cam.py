import numpy as np
import pytest

from cxr.errors import LayerError
from cxr.pass_counts import count_passes
from explainers.builtin.grad_cam import GradCam

PICTURE = [[1, -2, 0, 3], [0, 1, -1, 2]]
SPLIT = [[1, -1]]
"""Two channels of a grey input x: x and −x; rectified, its positive and its negative part."""
HEAD = [[8, 0], [-16, 8]]
"""Effusion: 8 times the mean positive part minus 16 times the mean negative part. Mass: 8 times the latter."""


def cam(context, finding="Effusion", layer="relu"):
    return GradCam().explain(context, finding, layer=layer)


def test_at_relu_a_cell_is_its_own_part_of_the_logit(context_of, pooled):
    context = context_of(pooled((2, 4), SPLIT, HEAD, bias=0.5), PICTURE)
    # 8 cells: dz/dA = (8/8, −16/8) everywhere, so positive pixels count once and negative ones twice
    assert cam(context).tolist() == [[1, -4, 0, 3], [0, 1, -2, 2]]
    # positive parts 1 + 3 + 1 + 2 = 7, negative 2 + 1 = 3: logit = 8 · 7/8 − 16 · 3/8 + 0.5 = 1.5
    assert context.logits[0] == pytest.approx(1.5)
    assert cam(context).sum() == pytest.approx(1.5 - 0.5)


def test_the_layer_is_the_one_that_was_named(context_of, pooled):
    context = context_of(pooled((2, 4), SPLIT, HEAD), PICTURE)
    # before the ReLU the gradient is gated: 1 at the 4 positive pixels of 8, −2 at the 2 negative ones;
    # weights 4/8 = 0.5 and −2 · 2/8 = −0.5, so m = 0.5 · x − 0.5 · (−x) = x
    assert cam(context, layer="features").tolist() == PICTURE


def test_a_layer_that_is_not_there_is_named_with_those_that_are(context_of, pooled):
    context = context_of(pooled((2, 4), SPLIT, HEAD), PICTURE)
    with pytest.raises(LayerError, match="'features'"):
        cam(context, layer="feature")


def test_evidence_against_stays_negative(context_of, pooled):
    context = context_of(pooled((2, 4), SPLIT, [[-8, 8], [0, 0]]), PICTURE)
    # only positive pixels count, with −8/8
    assert cam(context).tolist() == [[-1, 0, 0, -3], [0, -1, 0, -2]]


def test_a_head_twice_as_steep_doubles_the_map_and_its_bias_changes_nothing(context_of, pooled):
    single = cam(context_of(pooled((2, 4), SPLIT, HEAD), PICTURE))
    double = cam(context_of(pooled((2, 4), SPLIT, 2 * np.array(HEAD)), PICTURE))
    shifted = cam(context_of(pooled((2, 4), SPLIT, HEAD, bias=30), PICTURE))
    assert np.array_equal(double, 2 * single)
    assert np.array_equal(shifted, single)


def test_a_map_of_small_values_is_not_stretched(context_of, pooled):
    context = context_of(pooled((2, 4), SPLIT, 1e-6 * np.array(HEAD)), PICTURE)
    assert cam(context).max() == pytest.approx(3e-6)


@pytest.mark.parametrize("corner", [(0, 0), (0, 5), (3, 0), (3, 5)])
def test_evidence_in_a_corner_stays_in_its_corner(context_of, pooled, corner):
    picture = np.zeros((4, 6))
    picture[1, 2], picture[corner] = 1, 5
    context = context_of(pooled((4, 6), SPLIT, HEAD), picture)
    assert np.unravel_index(cam(context).argmax(), (4, 6)) == corner


def test_all_findings_at_once_are_those_one_by_one_from_one_pass(context_of, pooled):
    context = context_of(pooled((2, 4), SPLIT, HEAD), PICTURE)
    with count_passes() as passes:
        maps = GradCam().explain_findings(context, ["Mass", "Effusion"], layer="relu")
    assert passes.forward == 1
    # Mass: negative parts, with 8/8
    assert maps[0].tolist() == [[0, 2, 0, 0], [0, 0, 1, 0]]
    assert np.array_equal(maps[1], cam(context))


def test_a_random_network_agrees_with_class_activation_mapping(context_of, pooled):
    rng = np.random.default_rng(0)
    channels, head, picture = rng.normal(size=(3, 5)), rng.normal(size=(5, 2)), rng.normal(size=(6, 4, 3))
    context = context_of(pooled((6, 4), channels, head), picture)
    # Zhou et al. 2016: the head's weights times the rectified channels, over the 24 cells of the average
    expected = np.maximum(picture.astype(np.float32) @ channels, 0) @ head[:, 0] / 24
    assert cam(context) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_at_relu_the_cells_of_the_starter_sum_to_the_logit_minus_its_bias(predictor, phantom):
    from explainers import Context

    context = Context(predictor, phantom, predictor.prepare(phantom))
    maps = GradCam().explain_findings(context, predictor.labels, layer="relu")
    # the logit of a network whose activations at `relu` are zero is the bias
    biases = predictor.forward_from("relu", np.zeros((1, *predictor.layers["relu"]), np.float32))[0]
    assert maps.sum(axis=(1, 2)) == pytest.approx(context.logits - biases, abs=1e-4)


def test_scores_and_maps_of_all_findings_cost_one_forward_pass(predictor, phantom):
    from explainers import Context

    radiograph = type(phantom)(phantom.grey[::-1], phantom.rgb[::-1], "array")  # not scored by another test
    with count_passes() as passes:
        predictor.predict(radiograph)
        context = Context(predictor, radiograph, predictor.prepare(radiograph))
        GradCam().explain_findings(context, predictor.labels)
    assert passes.forward == 1


@pytest.fixture(scope="module")
def keras2(fixture_folder, shared):
    """The original application's kind of checkpoint, its prepared inputs, and maps from a float64 reference."""
    from cxr import Predictor

    folder = shared / "checkpoints"
    prepared, expected = np.load(folder / "prepared.npz"), np.load(folder / "expected.npz")
    inputs = np.repeat(prepared["original"], 3, axis=-1)
    return Predictor.load(str(fixture_folder / "keras2"), engine="tensorflow"), inputs, expected


@pytest.mark.parametrize("picture", range(4))
def test_the_original_application_s_network_gives_the_reference_s_maps(keras2, picture):
    from types import SimpleNamespace

    from explainers import Context

    predictor, inputs, expected = keras2
    context = Context(predictor, None, SimpleNamespace(array=inputs[picture]))
    signed = cam(context, layer="conv5_block16_concat")
    reference = expected["keras2_gradcam_effusion_signed"][picture]
    # one activation lies 2e-7 from its ReLU's edge: on which side it falls is the processor's affair, and moves the map
    # by 8e-4 of its largest cell
    assert signed == pytest.approx(reference, abs=1e-3 * np.abs(reference).max())
    rectified = np.maximum(signed, 0)
    assert rectified / rectified.max() == pytest.approx(expected["keras2_gradcam_effusion"][picture], abs=1e-3)
