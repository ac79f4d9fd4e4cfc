"""Every layer of the network through the engine, against Keras on a small input."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from cxr.checkpoint import Checkpoint, read_checkpoint
from cxr.engine import build_backend, build_engine
from cxr.engine.folded import fold
from cxr.engine.measured_norms import with_measured_norms
from cxr.errors import LayerError
from cxr.network import KerasNetwork
from cxr.predictor import Predictor
from cxr.randomised import random_weights
from hub import resolve
from hub.architecture import backbone_shapes, head_shapes, map_shapes
from tests.cxr.engine.keras_reference import Reference, keras_reference

LIBRARIES = ["tensorflow"]
if all(importlib.util.find_spec(module) for module in ("onnx", "onnxruntime")):
    LIBRARIES.append("onnxruntime")

SIDE = 64


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    """The starter's weights on an input of 64 pixels."""
    found = read_checkpoint(resolve("starter"))
    return replace(found, config=replace(found.config, input={"rule": "samplewise", "size": SIDE}))


@pytest.fixture(scope="module", params=LIBRARIES)
def fast(request, checkpoint) -> Predictor:
    return Predictor.from_checkpoint(checkpoint, engine=request.param)


@pytest.fixture(scope="module")
def network(checkpoint) -> KerasNetwork:
    return Predictor.from_checkpoint(checkpoint)._passes.built()


@pytest.fixture(scope="module")
def batch() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((1, SIDE, SIDE, 3)).astype(np.float32)


KINDS = ["conv1_conv", "conv3_block4_1_conv", "pool2_conv", "conv5_block16_2_conv"]
MORE = ["conv1_bn", "pool1", "conv2_block1_0_relu", "conv2_block1_1_bn", "conv4_block24_2_conv", "pool4_pool"]
OUTPUT = 2


@pytest.fixture(scope="module")
def reference(network, batch) -> Reference:
    """What Keras computes at all of these layers."""
    return keras_reference(network, batch, [*KINDS, *MORE], [OUTPUT])


@pytest.mark.parametrize("layer", [*KINDS, *(pytest.param(layer, marks=pytest.mark.slow) for layer in MORE)])
def test_a_layer_and_its_gradient_are_those_of_keras(fast, reference, batch, layer):
    outputs = list(fast.config.findings.values())
    theirs = reference.activations[layer]
    ours = fast.forward_with(batch, layer)
    assert ours[0] == pytest.approx(reference.logits[:, outputs], abs=1e-4)
    assert np.abs(ours[1] - theirs).max() < 1e-4 * np.abs(theirs).max()
    theirs = reference.gradients[layer][:, 0]
    ours = fast.layer_gradient(batch, layer, fast.labels[outputs.index(OUTPUT)])
    assert ours.shape == theirs.shape
    # a ReLU that two libraries see on either side of zero moves single cells, not the whole
    assert np.linalg.norm(ours - theirs) < 1e-3 * np.linalg.norm(theirs)


def test_all_layers_are_computed_by_the_engine_and_the_same_ones_cut_the_network(fast, network):
    inner, last = fast._engine.inner, fast._engine.tail.layers
    assert [*inner.layers, *last] == list(fast.layers)
    assert [layer for layer in inner.layers if inner.is_cut(layer)] == network.cuts()[: -len(last)]


def test_what_follows_a_layer_beside_which_others_go_on_is_refused(fast, batch):
    activations = fast.activations(batch, "conv3_block4_1_conv")
    with pytest.raises(LayerError, match="conv3_block3_concat and conv3_block4_concat"):
        fast.forward_from("conv3_block4_1_conv", activations)


@pytest.mark.parametrize(
    "library", [*(pytest.param(library, marks=pytest.mark.slow) for library in LIBRARIES[:-1]), LIBRARIES[-1]]
)
def test_measured_norms_standardise_the_batch_that_they_were_measured_on(library, batch):
    """With scale one and shift zero, each channel after a norm has mean zero and variance one over the batch."""
    shapes = backbone_shapes() | head_shapes((), 2)
    several = np.concatenate([batch, 2 * batch, -batch, batch[:, ::-1]])
    weights = with_measured_norms(random_weights(shapes, 3), several, build_backend(library))
    assert weights.keys() == shapes.keys()
    engine = build_engine(fold(weights, side=SIDE, final_relu=True, hidden=0), library)
    for layer in ("conv1_bn", "conv2_block3_1_bn", "pool3_bn", "conv5_block2_0_bn"):
        values = engine.inner.forward_with(several, layer)[1]
        assert np.abs(values.mean(axis=(0, 1, 2))).max() < 1e-3
        assert values.std(axis=(0, 1, 2)) == pytest.approx(1, abs=5e-3)
    assert map_shapes(side=SIDE, final_relu=True)["conv5_block2_0_bn"] == values.shape[1:]
