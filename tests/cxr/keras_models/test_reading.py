"""Whole Keras models from files: what is read, what is removed at the end, what is assumed, what is refused."""

import json

import numpy as np
import pytest

from cxr import Predictor, read_radiograph
from cxr.quiet_import import quiet_import
from hub.errors import CheckpointError

with quiet_import():
    import keras

layers = keras.layers
SIDE = 32


@pytest.fixture(scope="module")
def radiograph():
    return read_radiograph(np.random.default_rng(3).uniform(size=(80, 96)).astype(np.float32))


def small(end, *, channels: int = 3, side: int | None = SIDE, before=()) -> keras.Model:
    """Two convolutions, a mean, and the layers `end`; weights by a fixed seed, large enough that scores differ."""
    keras.utils.set_random_seed(5)
    parts = [keras.Input((side, side, channels)), *before]
    parts += [layers.Conv2D(4, 3, strides=2, activation="relu", name="first"), layers.BatchNormalization()]
    parts += [layers.Conv2D(5, 3, activation="relu", name="second"), layers.GlobalAveragePooling2D(), *end]
    model = keras.Sequential(parts)
    model.set_weights([each + 0.02 for each in model.get_weights()])
    return model


def saved(model, folder, file="mine.keras", **described) -> str:
    model.save(folder / file)
    if described:
        (folder / "cxr-lens.json").write_text(json.dumps(described))
    return str(folder / file)


def both(model, source, radiograph, **stated):
    """(the predictor, its logits, what the model itself gives for the same input)."""
    predictor = Predictor.load(source, stated=stated)
    batch = predictor.prepare(radiograph).array[None]
    return predictor, predictor.forward(batch)[0], model(batch).numpy()[0]


def test_a_sigmoid_is_removed_and_not_inverted(tmp_path, radiograph):
    model = small([layers.Dense(1, activation="sigmoid")])
    predictor, logits, scores = both(model, saved(model, tmp_path), radiograph, labels=["Pneumonia"])
    assert predictor.labels == ("Pneumonia",)
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), scores, rtol=1e-5)
    sure = small([layers.Dense(1, activation="sigmoid", bias_initializer=keras.initializers.Constant(60.0))])
    _, logits, scores = both(sure, saved(sure, tmp_path, "sure.keras"), radiograph)
    assert scores[0] == 1
    assert logits[0] > 50


@pytest.mark.parametrize("end", ["dense", "activation", "softmax"])
def test_of_a_softmax_the_log_odds_of_each_class_are_explained(tmp_path, radiograph, end):
    ends = {
        "dense": [layers.Dense(3, activation="softmax")],
        "activation": [layers.Dense(3), layers.Activation("softmax")],
        "softmax": [layers.Dense(3), layers.Softmax()],
    }
    model = small(ends[end])
    predictor, logits, shares = both(model, saved(model, tmp_path), radiograph, labels=["A", "B", "C"])
    np.testing.assert_allclose(logits, np.log(shares / (1 - shares)), rtol=1e-3, atol=1e-4)
    assert predictor.config.unit == "logit against the other classes"
    scores = [each.score for each in predictor.predict(radiograph).findings]
    np.testing.assert_allclose(scores, shares, rtol=1e-4)


def test_the_plain_logit_of_a_class_is_explained_where_that_is_stated(tmp_path, radiograph):
    model = small([layers.Dense(3, activation="softmax")])
    source = saved(model, tmp_path, labels=["A", "B", "C"], explained="logit")
    predictor, logits, shares = both(model, source, radiograph)
    np.testing.assert_allclose(np.exp(logits) / np.exp(logits).sum(), shares, rtol=1e-5)
    assert predictor.config.unit == "logit of the class"
    scores = [each.score for each in predictor.predict(radiograph).findings]
    np.testing.assert_allclose(scores, shares, rtol=1e-4)


def test_two_classes_are_a_finding_and_its_opposite(tmp_path, radiograph):
    model = small([layers.Dense(2, activation="softmax")])
    _, logits, _ = both(model, saved(model, tmp_path), radiograph, labels=["Normal", "COVID-19"])
    assert logits[0] == pytest.approx(-logits[1], abs=1e-6)
    assert logits[0] != 0


def test_a_model_that_ends_in_logits_is_read_as_it_is(tmp_path, radiograph):
    model = small([layers.Dense(2)])
    predictor, logits, own = both(model, saved(model, tmp_path), radiograph)
    np.testing.assert_allclose(logits, own, rtol=1e-5)
    assert predictor.config.unit == "logit"
    stated = Predictor.load(saved(model, tmp_path), stated={"activation": "softmax"})
    found = stated.forward(stated.prepare(radiograph).array[None])[0]
    np.testing.assert_allclose(found, [own[0] - own[1], own[1] - own[0]], rtol=1e-4)


@pytest.mark.parametrize("outputs", [1, 2, 14, 18, 200])
def test_any_number_of_outputs_is_scored(tmp_path, radiograph, outputs):
    model = small([layers.Dense(outputs, activation="sigmoid" if outputs == 1 else "softmax")])
    predictor, logits, _ = both(model, saved(model, tmp_path), radiograph)
    assert len(predictor.labels) == len(logits) == len(predictor.predict(radiograph).findings) == outputs
    assert any("outputs have no names" in note for note in predictor.notes)


def test_the_layers_of_a_model_within_the_model_are_reached(tmp_path, radiograph):
    inner = small([])
    body = keras.Model(inner.inputs, inner.get_layer("second").output, name="backbone")
    given = keras.Input((SIDE, SIDE, 3))
    scaled = layers.Rescaling(1 / 127.5, -1, name="scaled")(given)
    pooled = layers.GlobalAveragePooling2D()(body(scaled))
    model = keras.Model(given, layers.Dense(2, activation="softmax")(pooled))
    predictor, logits, shares = both(model, saved(model, tmp_path), radiograph)
    np.testing.assert_allclose(logits, np.log(shares / (1 - shares)), rtol=1e-3, atol=1e-4)
    assert predictor.target_layer == "second"
    assert predictor.layers["second"] == (13, 13, 5)
    assert predictor.rule.rule == "0..255"
    batch = predictor.prepare(radiograph).array[None]
    activations = predictor.activations(batch, "first")
    np.testing.assert_allclose(predictor.forward_from("first", activations)[0], logits, rtol=1e-5)
    np.testing.assert_allclose(activations[0], body.get_layer("first")(scaled_by_hand(batch)).numpy()[0], atol=1e-5)


def scaled_by_hand(batch):
    return batch / 127.5 - 1


def test_a_layer_that_is_called_twice_is_two_layers(tmp_path, radiograph):
    given = keras.Input((SIDE, SIDE, 3))
    twice = layers.Conv2D(3, 3, padding="same", activation="relu", name="twice")
    pooled = layers.GlobalAveragePooling2D()(twice(twice(given)))
    model = keras.Model(given, layers.Dense(1, activation="sigmoid")(pooled))
    predictor, logits, scores = both(model, saved(model, tmp_path), radiograph)
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), scores, rtol=1e-5)
    assert list(predictor.layers) == ["twice", "twice_2"]


def test_gates_without_a_place_are_no_layers_with_a_map(tmp_path):
    given = keras.Input((SIDE, SIDE, 3))
    found = layers.Conv2D(4, 3, name="found")(given)
    gate = layers.Reshape((1, 1, 4), name="gate")(layers.GlobalAveragePooling2D()(found))
    gate = layers.Conv2D(4, 1, activation="sigmoid", name="gates")(gate)
    pooled = layers.GlobalAveragePooling2D()(layers.Multiply(name="gated")([found, gate]))
    model = keras.Model(given, layers.Dense(1, activation="sigmoid")(pooled))
    assert list(Predictor.load(saved(model, tmp_path)).layers) == ["found", "gated"]


def test_gradients_are_those_of_finite_differences(tmp_path, radiograph):
    model = small([layers.Dense(3, activation="softmax")])
    predictor = Predictor.load(saved(model, tmp_path), stated={"labels": ["A", "B", "C"], "input": {"rule": "0..1"}})
    batch = predictor.prepare(radiograph).array[None].copy()
    gradient = predictor.layer_gradient(batch, "second", "B")
    activations = predictor.activations(batch, "second")
    step = np.random.default_rng(0).normal(size=activations.shape).astype(np.float32) * 1e-2
    ends = [predictor.forward_from("second", activations + sign * step)[0, 1] for sign in (1, -1)]
    assert (ends[0] - ends[1]) / 2 == pytest.approx(float((gradient * step).sum()), rel=0.02)


def test_what_is_stated_beside_the_model_counts_and_the_callers_word_more(tmp_path, radiograph):
    model = small([layers.Dense(2, activation="sigmoid")], side=None)
    source = saved(model, tmp_path, labels=["A", "B"], input={"rule": "-1..1", "size": 48}, target_layer="first",
                   descriptions={"A": "First."}, thresholds={"A": {"score": 0.3}}, name="Mine")  # fmt: skip
    predictor = Predictor.load(source)
    assert (predictor.labels, predictor.rule.size, predictor.target_layer) == (("A", "B"), 48, "first")
    assert predictor.prepare(radiograph).array.min() < -0.5
    assert predictor.config.describe("A") == "First."
    assert predictor.predict(radiograph)["A"].threshold == 0.3
    assert (predictor.identity.name, predictor.notes) == ("Mine", ())
    assert Predictor.load(source, stated={"labels": ["X", "Y"]}).labels == ("X", "Y")


def test_a_folder_may_hold_the_model_with_its_configuration(tmp_path):
    model = small([layers.Dense(1, activation="sigmoid")], channels=1)
    model.save(tmp_path / "model.keras")
    config = {"format": 1, "architecture": "keras", "name": "one", "labels": ["Pneumonia"],
              "input": {"rule": "0..1", "channels": 1}, "weights": {"file": "model.keras"}}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    predictor = Predictor.load(tmp_path)
    assert (predictor.labels, predictor.rule.input_shape) == (("Pneumonia",), (32, 32, 1))


def test_half_precision_is_computed_in_float32(tmp_path, radiograph):
    keras.config.set_dtype_policy("float16")
    try:
        model = small([layers.Dense(1, activation="sigmoid")])
        source = saved(model, tmp_path)
    finally:
        keras.config.set_dtype_policy("float32")
    predictor, logits, scores = both(model, source, radiograph)
    assert logits.dtype == predictor.activations(predictor.prepare(radiograph).array[None], "first").dtype == np.float32
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), scores, atol=5e-3)


def test_an_old_hdf5_file_of_a_whole_model_is_read(tmp_path, radiograph):
    model = small([layers.Dense(1, activation="sigmoid")])
    predictor, logits, scores = both(model, saved(model, tmp_path, "mine.h5"), radiograph)
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), scores, rtol=1e-5)
    assert predictor.identity.source == "mine.h5"


def test_the_models_own_weights_are_shuffled_in_a_copy(tmp_path, radiograph):
    model = small([layers.Dense(2, activation="sigmoid")])
    predictor, logits, _ = both(model, saved(model, tmp_path), radiograph)
    batch = predictor.prepare(radiograph).array[None]
    other = predictor.randomised(1)
    assert np.abs(other.forward(batch)[0] - logits).max() > 0.01
    np.testing.assert_array_equal(predictor.forward(batch)[0], logits)


@keras.saving.register_keras_serializable(package="theirs")
class Own(layers.Layer):
    """A layer of somebody's own."""

    def call(self, given):
        return given * 2


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: small([layers.Dense(1, activation="tanh")]), "ends in the activation 'tanh'"),
    (lambda: small([Own(), layers.Dense(1)]), "a layer that is not Keras' own: Own"),
    (lambda: small([layers.Lambda(lambda given: given), layers.Dense(1)]), "whose code is not run"),
    (lambda: keras.Sequential([keras.Input((8,)), layers.Dense(2)]), r"takes \(8\); one picture"),
    (lambda: keras.Sequential([keras.Input((32, 32, 3)), layers.Conv2D(2, 3)]), r"gives \(30, 30, 2\)"),
    (lambda: keras.Sequential([keras.Input((32, 48, 3)), layers.GlobalAveragePooling2D(), layers.Dense(1)]),
     "32 × 48 pixels; a square"),
])  # fmt: skip
def test_what_can_not_be_read_is_said_with_what_to_do(tmp_path, make, sentence):
    with pytest.raises(CheckpointError, match=sentence):
        Predictor.load(saved(make(), tmp_path))


@pytest.mark.parametrize(("stated", "sentence"), [
    ({"labels": ["A"]}, "has 2 outputs; 1 labels are stated"),
    ({"input": {"rule": "xrv"}}, "takes 3 channels; the input rule 'xrv' gives 1"),
    ({"input": {"rule": "0..1", "size": 64}}, "takes 32 × 32 pixels; `input` says 64"),
    ({"input": {"rule": "0..2"}}, "no input rule '0..2'"),
    ({"activation": "softmax"}, "ends in a sigmoid; a softmax is stated"),
    ({"target_layer": "third"}, "no layer 'third'"),
])  # fmt: skip
def test_what_does_not_fit_the_model_is_refused(tmp_path, stated, sentence):
    model = small([layers.Dense(2, activation="sigmoid")])
    with pytest.raises(Exception, match=sentence):
        Predictor.load(saved(model, tmp_path), stated=stated)


def test_weights_without_their_model_are_refused(tmp_path):
    small([layers.Dense(1)]).save_weights(tmp_path / "mine.weights.h5")
    with pytest.raises(CheckpointError, match=r"weights without the model.*model\.save"):
        Predictor.load(tmp_path / "mine.weights.h5")


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + bytes(18), b"\x89HDF\r\n\x1a\n" + bytes(64)])
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "mine.keras").write_bytes(content)
    with pytest.raises(CheckpointError):
        Predictor.load(tmp_path / "mine.keras")
