"""Keras 3's weight files, written by Keras itself, and files of other networks."""

import json
import shutil
import zipfile

import h5py
import numpy as np
import pytest

from cxr.checkpoint.keras3_hdf5 import read_keras3
from hub.errors import CheckpointError


@pytest.fixture(scope="module")
def network():
    """Keras' own DenseNet-121 with a hidden layer of 8 before 14 outputs, random throughout; in one model or nested."""
    import keras

    keras.utils.set_random_seed(7)
    backbone = keras.applications.DenseNet121(include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg")
    rng = np.random.default_rng(7)
    for variable in backbone.variables:
        variable.assign(rng.random(variable.shape))
    head = keras.Sequential([keras.layers.Dense(8, activation="relu"), keras.layers.Dense(14)])
    flat = keras.Model(backbone.input, head.layers[1](head.layers[0](backbone.output)))
    picture = keras.Input((32, 32, 3))
    nested = keras.Model(picture, head.layers[1](head.layers[0](backbone(picture))))
    return flat, nested, backbone, head


@pytest.mark.parametrize(
    "form", ["flat.weights.h5", pytest.param("nested.weights.h5", marks=pytest.mark.slow), "nested.keras"]
)
def test_each_variable_keeps_its_name_and_values(network, tmp_path, form):
    import keras

    flat, nested, backbone, head = network
    file = tmp_path / form
    model = flat if form.startswith("flat") else nested
    model.save(file) if form.endswith(".keras") else model.save_weights(file)
    weights, _ = read_keras3(file)
    expected = {variable.path: keras.ops.convert_to_numpy(variable) for variable in backbone.variables}
    for name, layer in (("head_1", head.layers[0]), ("predictions", head.layers[1])):
        kernel, bias = map(keras.ops.convert_to_numpy, (layer.kernel, layer.bias))
        expected |= {f"{name}/kernel": kernel, f"{name}/bias": bias}
    assert weights.keys() == expected.keys()
    assert all(np.array_equal(weights[name], expected[name]) for name in expected)


@pytest.fixture(scope="module")
def weights_file(network, tmp_path_factory):
    file = tmp_path_factory.mktemp("saved") / "w.weights.h5"
    network[0].save_weights(file)
    return file


@pytest.fixture
def saved(weights_file, tmp_path):
    return shutil.copy(weights_file, tmp_path / "w.weights.h5")


def test_another_network_is_refused(saved):
    with h5py.File(saved, "r+") as stream:
        del stream["layers/conv2d_119"]
    with pytest.raises(CheckpointError, match="119 layers 'conv2d'; DenseNet-121 has 120"):
        read_keras3(saved)


def test_a_layer_of_another_class_is_named(saved):
    with h5py.File(saved, "r+") as stream:
        stream["layers/lambda/vars/0"] = np.zeros(2)
    with pytest.raises(CheckpointError, match="lambda"):
        read_keras3(saved)


def test_links_to_elsewhere_are_refused(saved, tmp_path):
    shutil.copy(saved, tmp_path / "other.h5")
    with h5py.File(saved, "r+") as stream:
        del stream["layers/dense/vars/0"]
        stream["layers/dense/vars/0"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "layers/dense/vars/0")
    with pytest.raises(CheckpointError, match="ExternalLink"):
        read_keras3(saved)


def test_models_within_models_without_end_are_refused(tmp_path):
    with h5py.File(tmp_path / "deep.h5", "w") as stream:
        stream.create_group("/".join(["layers/functional"] * 9 + ["layers"]))
    with pytest.raises(CheckpointError, match="as Keras 3 writes them"):
        read_keras3(tmp_path / "deep.h5")


def test_an_archive_with_code_in_its_description_is_refused(saved, tmp_path):
    code = {"class_name": "__lambda__", "config": {"value": "4wEAAAAA"}}
    described = {
        "class_name": "Functional",
        "config": {"layers": [{"class_name": "Lambda", "config": {"function": code}}]},
    }
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(described))
        archive.write(saved, "model.weights.h5")
    with pytest.raises(CheckpointError, match="is not run"):
        read_keras3(tmp_path / "a.keras")


def test_an_archive_without_weights_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        archive.writestr("metadata.json", "{}")
    with pytest.raises(CheckpointError, match=r"model\.weights\.h5"):
        read_keras3(tmp_path / "a.keras")
