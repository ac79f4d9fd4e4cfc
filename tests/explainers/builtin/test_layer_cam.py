import numpy as np
import pytest

from explainers.builtin.grad_cam import GradCam
from explainers.builtin.layer_cam import LayerCam

# channels 2 and −1 of one grey value; the head weighs them 3 and −6 for Effusion
CHANNELS, HEAD = [[2.0, -1.0]], [[3.0, 0.0], [-6.0, 0.0]]
PICTURE = [[1.0, -2.0], [4.0, 0.0]]


def test_each_cell_counts_by_its_own_gradient(context_of, pooled):
    context = context_of(pooled((2, 2), CHANNELS, HEAD), PICTURE)
    # relu: first channel 2, 0, 8, 0; second 0, 2, 0, 0. Gradients 3/4 and −6/4 everywhere
    positive = LayerCam().explain(context, "Effusion", layer="relu")
    assert positive.tolist() == [[1.5, 0], [6, 0]]
    signed = LayerCam().explain(context, "Effusion", layer="relu", gradients="signed")
    assert signed.tolist() == [[1.5, -3], [6, 0]]


def test_before_the_relu_a_closed_gate_counts_nothing(context_of, pooled):
    context = context_of(pooled((2, 2), CHANNELS, HEAD), PICTURE)
    # features: 2, −4, 8, 0 and −1, 2, −4, 0; gates open where positive
    signed = LayerCam().explain(context, "Effusion", layer="features", gradients="signed")
    assert signed.tolist() == [[1.5, -3], [6, 0]]
    # Grad-CAM averages the gradients first, and so shows closed gates too: it differs here
    assert not np.allclose(GradCam().explain(context, "Effusion", layer="features"), signed)


def test_signed_at_the_averaged_layer_is_cam_and_says_so(context_of, pooled):
    context = context_of(pooled((2, 2), CHANNELS, HEAD, bias=0.5), PICTURE)
    signed = LayerCam().explain(context, "Effusion", layer="relu", gradients="signed")
    assert signed.sum() == pytest.approx(context.logits[0] - 0.5, rel=1e-6)
    assert context.notes["promised_sum"]["Effusion"] == pytest.approx(context.logits[0] - 0.5, rel=1e-6)
    other = context_of(pooled((2, 2), CHANNELS, HEAD, bias=0.5), PICTURE)
    assert signed == pytest.approx(GradCam().explain(other, "Effusion", layer="relu"), rel=1e-6)
    assert other.notes["family"] == context.notes["family"]


def test_elsewhere_nothing_is_promised(context_of, pooled):
    context = context_of(pooled((2, 2), CHANNELS, HEAD), PICTURE)
    LayerCam().explain(context, "Effusion", layer="relu")
    LayerCam().explain(context, "Effusion", layer="features", gradients="signed")
    assert context.notes == {}
