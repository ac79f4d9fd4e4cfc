"""The layers that replace Keras' own on its PyTorch backend compute what those do. Runs where PyTorch is installed."""

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import json

import keras
import numpy as np

from cxr.training.torch_layers import TorchConvolution, TorchNormalization, with_torch_layers

keras.utils.set_random_seed(0)
inputs = x = keras.Input((None, None, 3))
x = keras.layers.Conv2D(4, 7, strides=2, padding="valid", use_bias=False, name="stem")(x)
x = keras.layers.BatchNormalization(name="norm")(x)
x = keras.layers.ReLU()(x)
x = keras.layers.MaxPooling2D()(x)
x = keras.layers.Conv2D(5, 3, padding="same", name="same")(x)
x = keras.layers.Conv2D(5, 3, strides=2, padding="same", name="uneven")(x)
plain = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(x)))
twin = with_torch_layers(plain)
rng = np.random.default_rng(0)
pictures, labels = rng.normal(size=(6, 33, 29, 3)).astype("float32"), rng.normal(size=(6, 2)).astype("float32")


def learnt(model):
    model.compile(optimizer=keras.optimizers.SGD(0.02), loss="mse")
    first = model.predict_on_batch(pictures)
    for _ in range(3):
        model.train_on_batch(pictures, labels)
    return [first.ravel().tolist(), *(weights.ravel().tolist() for weights in model.get_weights())]


kinds = {name: type(twin.get_layer(name)).__name__ for name in ("stem", "norm", "same", "uneven")}
names = [variable.path for variable in plain.weights]
print(json.dumps([kinds, names, learnt(plain), learnt(twin)]))
"""


def test_they_learn_what_keras_layers_learn():
    pytest.importorskip("torch", reason="PyTorch is one of the backends to train on, none to run with")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    kinds, names, plain, twin = json.loads(done.stdout.splitlines()[-1])
    assert kinds == {
        "stem": "TorchConvolution",
        "norm": "TorchNormalization",
        "same": "TorchConvolution",
        "uneven": "Conv2D",  # TensorFlow's "same" at stride 2 pads one side more than the other
    }
    for name, ours, theirs in zip(["logits", *names], twin, plain, strict=True):
        # the followed variance is divided by n − 1 here; n is 6 pictures of 14 x 12 values
        tolerance = 1e-3 if name.endswith("moving_variance") else 1e-5
        assert ours == pytest.approx(theirs, rel=tolerance, abs=1e-5), name
