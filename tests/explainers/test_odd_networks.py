"""Whole Keras models of kinds that are rare: each gives maps, or one sentence that says what is wrong with it."""

from collections.abc import Callable
from contextlib import contextmanager

import numpy as np
import pytest

from cxr import read_radiograph
from cxr.errors import NotAvailable
from cxr.quiet_import import quiet_import
from explainers import compare, load_network
from explainers.running.comparison import Failed, Finished
from hub.errors import CheckpointError

with quiet_import():
    import keras

layers, Input, Model = keras.layers, keras.Input, keras.Model
ASKED = ("grad_cam", "saliency", "occlusion", "edges")
OPTIONS = {"occlusion": {"patch": 16, "stride": 16}}
LABELS = ["Yes, maybe", "No 🫁"]


def body(given, data_format="channels_last"):
    found = layers.Conv2D(4, 3, activation="relu", data_format=data_format)(given)
    return layers.GlobalAveragePooling2D(data_format=data_format)(found)


def model(shape=(32, 32, 3), end="sigmoid", before=(), part: Callable = body, **settings) -> keras.Model:
    """From a picture through `before` and `part` to two outputs."""
    given = found = Input(shape, **settings)
    for each in before:
        found = each(found)
    return Model(given, layers.Dense(2, activation=end)(part(found)))


@contextmanager
def policy(name):
    keras.mixed_precision.set_global_policy(name)
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy("float32")


def of_precision(name):
    with policy(name):
        given = Input((32, 32, 3))
        return Model(given, layers.Activation("sigmoid", dtype="float32")(layers.Dense(2)(body(given))))


def of_two_inputs():
    picture, sex = Input((32, 32, 3), name="picture"), Input((2,), name="sex")
    return Model([picture, sex], layers.Dense(2)(layers.Concatenate()([body(picture), sex])))


def of_named_outputs(*names):
    given = Input((32, 32, 3))
    found = body(given)
    return Model(given, {name: layers.Dense(2 // len(names), name=name)(found) for name in names})


def with_weights(value):
    made = model()
    made.layers[-1].set_weights([np.full_like(each, value) for each in made.layers[-1].get_weights()])
    return made


WORKING = {
    "one input channel": lambda: model((32, 32, 1), "softmax"),
    "mixed precision": lambda: of_precision("mixed_float16"),
    "bfloat16": lambda: of_precision("mixed_bfloat16"),
    "double precision": lambda: of_precision("float64"),
    "a dictionary of one output": lambda: of_named_outputs("scores"),
    "an input of whole numbers": lambda: model(before=[layers.Rescaling(1 / 255)], dtype="uint8"),
    "any size": lambda: model((None, None, 3)),
    "no convolution": lambda: model(part=lambda given: layers.Flatten()(given)),
    "recurrent": lambda: model(
        (32, 32, 1), before=[layers.Reshape((32, 32))], part=lambda given: layers.LSTM(3)(given)
    ),
}

REFUSED = {
    "two inputs": (of_two_inputs, r"takes \(32, 32, 3\) and \(2\); one picture"),
    "two channels": (lambda: model((32, 32, 2)), r"takes \(32, 32, 2\); one picture"),
    "channels first": (lambda: model((3, 32, 32), part=lambda given: body(given, "channels_first")), "one picture"),
    "channels first within": (
        lambda: model(before=[layers.Permute((3, 1, 2))], part=lambda given: body(given, "channels_first")),
        "layers with channels first, which TensorFlow computes on a GPU only",
    ),
    "a dictionary of outputs": (lambda: of_named_outputs("a", "b"), r"gives \(1\) and \(1\); one list"),
    "weights that are no numbers": (lambda: with_weights(np.nan), r"weights that are not finite: dense\w*/kernel"),
    "infinite weights": (lambda: with_weights(np.inf), "weights that are not finite"),
    "a long input": (lambda: model((1000, 32, 3)), "1000 × 32 pixels; a square input"),
    "a very small input": (lambda: model((8, 8, 3)), "size is 8; it must be a whole number, 32 to 1024"),
    "a list as input": (lambda: model((64,), part=lambda given: given), r"takes \(64\); one picture"),
    "a volume": (
        lambda: model((8, 32, 32, 1), part=lambda given: layers.GlobalAveragePooling3D()(given)),
        r"takes \(8, 32, 32, 1\); one picture",
    ),
    "a map as output": (lambda: model(part=lambda given: given), r"gives \(32, 32, 2\); one list"),
    "another last activation": (lambda: model(end="relu"), "ends in the activation 'relu'"),
    "never built": (lambda: keras.Sequential([layers.Conv2D(2, 3), layers.Dense(2)]), "a model of Python code"),
}


def source_of(make, folder) -> str:
    keras.utils.set_random_seed(4)
    make().save(folder / "mine.keras")
    return str(folder / "mine.keras")


@pytest.mark.parametrize("kind", WORKING)
def test_it_gives_maps_or_says_what_it_lacks(kind, tmp_path):
    predictor = load_network(source_of(WORKING[kind], tmp_path), stated={"labels": LABELS})
    radiograph = read_radiograph(np.random.default_rng(3).uniform(size=(80, 96)).astype(np.float32))
    scores = [each.score for each in predictor.predict(radiograph).findings]
    assert all(0 < score < 1 for score in scores)
    events = list(compare(predictor, radiograph, LABELS[1], ASKED, options=OPTIONS))
    ends = {each.explainer: each for each in events if isinstance(each, Finished | Failed)}
    assert set(ends) == set(ASKED)
    for end in ends.values():
        if isinstance(end, Failed):
            assert (end.explainer, end.code) == ("grad_cam", NotAvailable.code), end
            assert not predictor.layers
        else:
            assert end.explanation.finding == LABELS[1]
            assert np.ptp(end.explanation.map) > 0


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
@pytest.mark.parametrize("kind", REFUSED)
def test_it_is_refused_with_a_sentence(kind, tmp_path):
    make, sentence = REFUSED[kind]
    with pytest.raises(CheckpointError, match=sentence):
        load_network(source_of(make, tmp_path), stated={"labels": LABELS})
