"""A Keras model with code in it, as a plugin: what is derived of it."""

import numpy as np
import pytest

from cxr.phantom import phantom
from cxr.quiet_import import quiet_import
from explainers import compare
from explainers.keras_network import KerasModelNetwork
from explainers.plugin_network import predictor_of
from explainers.running.comparison import Finished

with quiet_import():
    import keras

BATCH = np.random.default_rng(0).uniform(size=(3, 32, 32, 1)).astype(np.float32)


class Doubled(KerasModelNetwork):
    """Its first layer is a function, which no file is trusted with."""

    name, labels = "doubled", ("Mass", "Nodule")
    input = {"rule": "0..1", "size": 32, "channels": 1}  # noqa: RUF012

    def model(self):
        keras.utils.set_random_seed(0)
        pixels = keras.Input((32, 32, 1))
        found = keras.layers.Conv2D(4, 3, name="found")(keras.layers.Lambda(lambda each: 2 * each)(pixels))
        return keras.Model(pixels, keras.layers.Dense(2, name="logits")(keras.layers.GlobalAveragePooling2D()(found)))


class Tokens(Doubled):
    """The same cells as a row of tokens."""

    name, token_grid, special_tokens = "tokens", (4, 4), 0

    def model(self):
        keras.utils.set_random_seed(0)
        pixels = keras.Input((32, 32, 1))
        tokens = keras.layers.Reshape((16, 4), name="tokens")(keras.layers.Conv2D(4, 8, 8)(pixels))
        return keras.Model(pixels, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling1D()(tokens)))


class ClassToken(Doubled):
    """A token before the others, which leads around every layer of tokens."""

    name, token_grid, special_tokens = "class_token", (4, 4), 1

    def model(self):
        keras.utils.set_random_seed(0)
        pixels = keras.Input((32, 32, 1))
        tokens = keras.layers.Reshape((16, 4))(keras.layers.Conv2D(4, 8, 8)(pixels))
        first = keras.layers.GlobalAveragePooling1D(keepdims=True)(tokens)
        tokens = keras.layers.Concatenate(axis=1, name="tokens")([first, tokens])
        return keras.Model(pixels, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling1D()(tokens)))


@pytest.fixture(scope="module")
def doubled():
    return predictor_of(Doubled, source="test")


def test_logits_layers_and_gradients_are_those_of_the_model(doubled):
    model = doubled._network._own.net._model
    np.testing.assert_allclose(doubled.forward(BATCH), model(BATCH), atol=1e-6)
    assert doubled.layers["found"] == (30, 30, 4)
    # the mean over 30 × 30 cells, then a matrix
    weights = model.get_layer("logits").get_weights()[0][:, 1] / 30**2
    gradient = doubled.layer_gradient(BATCH, "found", "Nodule")
    np.testing.assert_allclose(gradient, np.broadcast_to(weights, gradient.shape), atol=1e-7)
    moved = BATCH.copy()
    moved[0, 8, 8, 0] += 0.5  # the network is linear
    risen = doubled.forward(moved)[0, 1] - doubled.forward(BATCH)[0, 1]
    assert doubled.input_gradient(BATCH, "Nodule")[0, 8, 8, 0] == pytest.approx(2 * risen, abs=1e-5)
    activations = doubled.activations(BATCH, "found")
    np.testing.assert_allclose(doubled.forward_from("found", activations), doubled.forward(BATCH), atol=1e-6)


def test_random_weights_are_another_network(doubled):
    before = doubled.forward(BATCH)
    other = doubled.randomised(1)
    assert not np.allclose(other.forward(BATCH), before)
    assert other.layers == doubled.layers
    np.testing.assert_array_equal(doubled.forward(BATCH), before)


def test_tokens_are_cells_where_their_grid_is_stated():
    predictor = predictor_of(Tokens, source="test")
    assert predictor.layers["tokens"] == (4, 4, 4)
    assert predictor.layer_gradient(BATCH, "tokens", "Mass").shape == (3, 4, 4, 4)
    assert "attentions" not in predictor.capabilities


def test_grad_cam_explains_a_network_whose_class_token_leads_around_its_cells():
    predictor = predictor_of(ClassToken, source="test")
    *_, event = compare(predictor, phantom(size=64).radiograph, "Mass", ["grad_cam"])
    assert isinstance(event, Finished), event.reason
    assert event.explanation.map.shape == (4, 4)
    assert "promised_sum" not in event.explanation.notes


class Rectified(Doubled):
    """Ends in a ReLU that is no layer of its own: its last layer with a map has values of both signs."""

    name, target_layer = "rectified", "found"
    layers = ("found",)

    def __init__(self):
        super().__init__()
        self.layers = {"found": self.layers["found"]}

    def model(self):
        keras.utils.set_random_seed(0)
        pixels = keras.Input((32, 32, 1))
        found = keras.ops.relu(keras.layers.Conv2D(4, 3, name="found")(pixels))
        return keras.Model(pixels, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(found)))


def test_grad_cam_promises_no_sum_before_a_relu():
    predictor = predictor_of(Rectified, source="test")
    *_, event = compare(predictor, phantom(size=64).radiograph, "Mass", ["grad_cam"])
    assert isinstance(event, Finished), event.reason
    assert "promised_sum" not in event.explanation.notes
    assert "warnings" not in event.explanation.notes
