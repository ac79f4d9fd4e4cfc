"""Training spread over two logical devices of one processor, as over two accelerators."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys

import numpy as np

backend, devices = sys.argv[1], int(sys.argv[2])
if backend == "tensorflow":
    import tensorflow as tf

    processor = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * devices)

import keras

from cxr.training.devices import on_all_devices
from cxr.training.loss import WeightedBinaryCrossentropy

keras.utils.set_random_seed(0)
spread, count = on_all_devices()
assert count == devices, count
rng = np.random.default_rng(0)
pictures, labels = rng.normal(size=(16, 8, 8, 1)).astype("float32"), (rng.random((16, 2)) < 0.5).astype("float32")
with spread:
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    model.set_weights([np.linspace(-1, 1, 128).reshape(64, 2), np.zeros(2)])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss=WeightedBinaryCrossentropy([0.9, 0.7], [0.1, 0.3]))
    model.fit(pictures, labels, batch_size=16, epochs=3, shuffle=False, verbose=0)
print(" ".join(f"{value:.7f}" for value in model.get_weights()[0].ravel()))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_devices_learn_what_one_does(backend):
    pytest.importorskip(backend)

    def learnt(devices: int) -> list[float]:
        places = {"KERAS_BACKEND": backend, "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}"}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, backend, str(devices)],
            env=os.environ | places,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return [float(value) for value in done.stdout.split()]

    assert learnt(2) == pytest.approx(learnt(1), abs=1e-5)
