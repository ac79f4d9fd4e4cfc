"""A file that describes its own network is believed: what it says is done, or refused by its name, and never ignored.

Descriptions are those that Keras 2 and Keras 3 write, changed in one place at a time.
"""

import json
import zipfile

import numpy as np
import pytest

from cxr.checkpoint.model_config import described_model
from hub.errors import CheckpointError

NORM, CONV = ("BatchNormalization", {"epsilon": 1.001e-5}), ("Conv2D", {"activation": "linear"})
BODY = [
    ("ZeroPadding2D", {}), ("Conv2D", {"name": "conv1_conv"}), NORM, ("Activation", {"activation": "relu"}),
    ("MaxPooling2D", {}), NORM, ("ReLU", {"max_value": None, "negative_slope": 0.0}), CONV, ("Concatenate", {}),
    ("AveragePooling2D", {}), ("BatchNormalization", {"name": "bn", "epsilon": 1.001e-5}),
]  # fmt: skip
INPUT = ("InputLayer", {"batch_shape": [None, 224, 224, 3]})
RELU, AVERAGE = ("Activation", {"activation": "relu", "name": "relu"}), ("GlobalAveragePooling2D", {})
OUTPUT = ("Dense", {"units": 14, "activation": "sigmoid"})


def described(before=(INPUT,), body=BODY, after=(RELU, AVERAGE, OUTPUT), nested=False):
    """What `described_model` makes of a model of these layers; the body a model within it if `nested`."""

    def layer(kind, settings):
        return {"class_name": kind, "config": settings}

    inner = [layer(*each) for each in body]
    if nested:
        inner = [{"class_name": "Functional", "config": {"name": "densenet121", "layers": inner}}]
    layers = [layer(*each) for each in before] + inner + [layer(*each) for each in after]
    model = {"class_name": "Sequential" if nested else "Functional", "config": {"layers": layers}}
    return described_model(json.dumps(model), file="mine.keras")


def hidden(units, activation="relu"):
    return "Dense", {"units": units, "activation": activation}


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("final_relu", [True, False])
@pytest.mark.parametrize("head", [(), (64,), (512, 128)])
@pytest.mark.parametrize("size", [None, 224, 320])
@pytest.mark.parametrize("output", ["sigmoid", "linear", {"class_name": "sigmoid"}])
def test_what_can_be_done_is_taken_from_the_description(nested, final_relu, head, size, output):
    after = [*([RELU] if final_relu else []), AVERAGE]
    after += [part for units in head for part in (hidden(units), ("Dropout", {"rate": 0.5}))]
    after += [("Dense", {"units": 14, "activation": output})]
    found = described(before=[("InputLayer", {"batch_input_shape": [None, size, size, 3]})], after=after, nested=nested)
    assert (found.final_relu, found.head, found.size, found.scale) == (final_relu, head, size, 1.0)
    assert found.epsilon == pytest.approx(1.001e-5)


def test_a_hidden_layer_s_relu_may_be_a_layer_of_its_own():
    assert described(after=[RELU, AVERAGE, hidden(64, "linear"), ("ReLU", {}), OUTPUT]).head == (64,)
    assert described(after=[RELU, AVERAGE, hidden(64, None), ("Activation", {"activation": "relu"}), OUTPUT]).head == (
        64,
    )


def test_scales_before_the_network_are_multiplied():
    rescaled = ("Rescaling", {"scale": 0.5, "offset": 0.0})
    assert described(before=[INPUT, ("RandomFlip", {}), rescaled, rescaled]).scale == 0.25


AFTER = {
    "GlobalMaxPooling2D": [RELU, ("GlobalMaxPooling2D", {}), OUTPUT],
    "no average pooling": [RELU],
    "'Flatten'|Flatten": [RELU, ("Flatten", {}), OUTPUT],
    "softmax": [RELU, AVERAGE, ("Dense", {"units": 14, "activation": "softmax"})],
    "'tanh' at its output": [RELU, AVERAGE, ("Dense", {"units": 14, "activation": "tanh"})],
    "'tanh' in a hidden layer": [RELU, AVERAGE, hidden(64, "tanh"), OUTPUT],
    "'linear' in a hidden layer": [RELU, AVERAGE, hidden(64, "linear"), OUTPUT],
    "class BatchNormalization": [RELU, AVERAGE, hidden(64), ("BatchNormalization", {"name": "bn_2"}), OUTPUT],
    "GlobalMaxPooling2D after": [RELU, AVERAGE, ("GlobalMaxPooling2D", {}), ("Concatenate", {}), OUTPUT],
    "class LeakyReLU": [("LeakyReLU", {}), AVERAGE, OUTPUT],
    "class Attention": [RELU, ("Attention", {}), AVERAGE, OUTPUT],
}
BEFORE = {
    "Rescaling layer with an offset": [INPUT, ("Rescaling", {"scale": 1 / 127.5, "offset": -1.0})],
    "one for each channel": [INPUT, ("Rescaling", {"scale": [1.0, 2.0, 3.0], "offset": 0.0})],
    "class Normalization": [INPUT, ("Normalization", {})],
    "class Resizing": [INPUT, ("Resizing", {})],
    "class RandomCrop": [INPUT, ("RandomCrop", {})],
    "class TrueDivide": [INPUT, ("TrueDivide", {})],
    "not square": [("InputLayer", {"batch_shape": [None, 224, 320, 3]})],
}
WITHIN = {
    "'elu' within": ("Activation", {"activation": "elu"}),
    "class PReLU": ("PReLU", {}),
    "other settings": ("ReLU", {"max_value": 6.0}),
    "class SqueezeExcite": ("SqueezeExcite", {}),
    "'relu' within": ("Conv2D", {"activation": "relu"}),
    "differ in their epsilon": ("BatchNormalization", {"epsilon": 1e-3}),
}
CASES = [*(("after", words, value) for words, value in AFTER.items())]
CASES += [*(("before", words, value) for words, value in BEFORE.items())]
CASES += [("body", words, [*BODY[:5], layer, *BODY[5:]]) for words, layer in WITHIN.items()]


@pytest.mark.parametrize(("where", "words", "layers"), CASES)
@pytest.mark.parametrize("nested", [False, True])
def test_what_can_not_be_done_is_refused_by_its_name(where, words, layers, nested):
    if "batch norm" in words.lower() and nested:
        pytest.skip("the same")
    with pytest.raises(CheckpointError, match=words) as caught:
        described(**{where: layers}, nested=nested)
    assert "mine.keras" in str(caught.value)


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"class_name": "Functional"}', '{"config": {"layers": [1, 2]}}'])
def test_a_description_of_nothing_is_refused(text):
    with pytest.raises(CheckpointError):
        described_model(text, file="mine.keras")


# ---- whole files, written by Keras -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def backbone():
    """DenseNet-121 without its output, built once: the models below share it, as none of them changes it."""
    import keras

    keras.utils.set_random_seed(3)
    return keras.applications.DenseNet121(include_top=False, weights=None, input_shape=(64, 64, 3))


def transfer(backbone, pooling="GlobalAveragePooling2D", activation="sigmoid", first=()):
    """What transfer learning writes: the network, its pooling, a dense layer."""
    import keras

    layers = [backbone, getattr(keras.layers, pooling)(), keras.layers.Dense(14, activation=activation)]
    return keras.Sequential([keras.Input((64, 64, 3)), *first, *layers])


def scaled(backbone):
    """The same, for pixels from 0 to 255."""
    import keras

    return transfer(backbone, first=[keras.layers.Rescaling(1 / 255)])


def without_last_relu(backbone):
    import keras

    pooled = keras.layers.GlobalAveragePooling2D()(backbone.get_layer("bn").output)
    return keras.Model(backbone.input, keras.layers.Dense(14, activation="sigmoid")(pooled))


def loaded(model, tmp_path, suffix, **layout):
    """The predictor of a whole model's file, with a layout beside it."""
    from cxr import Predictor
    from cxr.findings import FINDINGS

    folder = tmp_path / "whole"
    folder.mkdir()
    model.save(folder / f"model{suffix}")
    rule = {"rule": "resize_imagenet", "mean": [0, 0, 0], "std": [1, 1, 1]}
    described = {"file": f"model{suffix}", "layout": "keras3" if suffix == ".keras" else "keras2"}
    (folder / "layout.json").write_text(json.dumps(described | {"labels": list(FINDINGS), "input": rule} | layout))
    return Predictor.load(str(folder))


@pytest.mark.parametrize(
    ("make", "largest", "suffix"),
    [
        (transfer, 1, ".keras"),
        (without_last_relu, 1, ".h5"),
        (scaled, 255, ".keras"),
        pytest.param(transfer, 1, ".h5", marks=pytest.mark.slow),
        pytest.param(without_last_relu, 1, ".keras", marks=pytest.mark.slow),
        pytest.param(scaled, 255, ".h5", marks=pytest.mark.slow),
    ],
)
def test_a_whole_model_gives_the_scores_that_keras_gives(backbone, make, largest, suffix, tmp_path):
    """With a scale within the file too."""
    model = make(backbone)
    predictor = loaded(model, tmp_path, suffix)
    batch = largest * np.random.default_rng(0).random((1, 64, 64, 3), np.float32)
    expected = np.asarray(model(batch))
    assert predictor.config.input["size"] == 64
    np.testing.assert_allclose(1 / (1 + np.exp(-predictor.forward(batch))), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "words", "suffix"),
    [
        ({"pooling": "GlobalMaxPooling2D"}, "GlobalMaxPooling2D", ".h5"),
        ({"activation": "softmax"}, "softmax", ".keras"),
    ],
)
def test_a_whole_model_of_another_kind_is_refused(backbone, settings, words, suffix, tmp_path):
    with pytest.raises(CheckpointError, match=words):
        loaded(transfer(backbone, **settings), tmp_path, suffix)


def test_an_input_of_another_size_than_the_file_s_is_refused(backbone, tmp_path):
    with pytest.raises(CheckpointError, match="takes 64 × 64 pixels; `input` says 224"):
        loaded(transfer(backbone), tmp_path, ".keras", input={"rule": "original", "size": 224})


def test_a_description_that_is_too_long_is_refused(tmp_path):
    from cxr.checkpoint.keras3_hdf5 import CONFIG_LIMIT_BYTES, read_keras3

    with zipfile.ZipFile(tmp_path / "a.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", " " * (CONFIG_LIMIT_BYTES + 1))
    with pytest.raises(CheckpointError, match="model description that is too long"):
        read_keras3(tmp_path / "a.keras")
