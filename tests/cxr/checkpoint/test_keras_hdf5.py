"""Keras 2's HDF5 files: names as they are written, and files that would reach beyond themselves."""

import h5py
import numpy as np
import pytest

from cxr.checkpoint.keras_hdf5 import read_keras_hdf5
from hub.errors import CheckpointError


def write(group: h5py.Group, layers: dict[str, dict[str, np.ndarray]], *, encode=lambda name: name.encode()) -> None:
    """Layers as Keras 2 writes them; a weight's own name may begin with another scope than its layer's."""
    group.attrs["layer_names"] = [encode(layer) for layer in layers]
    for layer, arrays in layers.items():
        made = group.create_group(layer)
        made.attrs["weight_names"] = [encode(name) for name in arrays] if arrays else np.empty(0, "S1")
        for name, array in arrays.items():
            made.create_dataset(name, data=array)


NORM = {f"bn/{name}:0": np.arange(2.0) for name in ("gamma", "beta", "moving_mean", "moving_variance")}
LAYERS = {
    "input_1": {},
    "conv1/conv": {"conv1/conv_1/kernel:0": np.ones((7, 7, 3, 2), np.float32)},
    "bn": NORM,
    "relu": {},
    "dense_1": {"dense_1/kernel:0": np.ones((2, 3)), "dense_1/bias:0": np.zeros(3)},
    "dense_7": {"dense_7/kernel:0": np.ones((3, 4)), "dense_7/bias:0": np.zeros(4)},
}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "weights.h5"


@pytest.mark.parametrize("group", ["/", "model_weights"])
@pytest.mark.parametrize("encode", [lambda name: name.encode(), lambda name: name])
def test_arrays_are_keyed_by_layer_and_variable(file, group, encode):
    with h5py.File(file, "w") as stream:
        write(stream.require_group(group), LAYERS, encode=encode)
    arrays, final_relu, _ = read_keras_hdf5(file)
    assert sorted(arrays) == [
        "bn/beta", "bn/gamma", "bn/moving_mean", "bn/moving_variance", "conv1_conv/kernel",
        "head_1/bias", "head_1/kernel", "predictions/bias", "predictions/kernel",
    ]  # fmt: skip
    assert arrays["predictions/kernel"].shape == (3, 4)
    assert final_relu


def test_a_file_without_the_last_relu_says_so(file):
    with h5py.File(file, "w") as stream:
        write(stream, {name: arrays for name, arrays in LAYERS.items() if name != "relu"})
    assert read_keras_hdf5(file)[1] is False


def test_names_split_over_several_attributes_are_put_together(file):
    with h5py.File(file, "w") as stream:
        write(stream, LAYERS)
        names = stream.attrs["layer_names"]
        del stream.attrs["layer_names"]
        stream.attrs["layer_names0"], stream.attrs["layer_names1"] = names[:3], names[3:]
    assert "predictions/kernel" in read_keras_hdf5(file)[0]


def spoil_external(stream: h5py.File, elsewhere) -> None:
    del stream["bn/bn/gamma:0"]
    stream["bn/bn/gamma:0"] = h5py.ExternalLink(str(elsewhere), "/secret")


def spoil_soft(stream: h5py.File, elsewhere) -> None:
    del stream["bn/bn/gamma:0"]
    stream["bn/bn/gamma:0"] = h5py.SoftLink("/conv1")


def spoil_group(stream: h5py.File, elsewhere) -> None:
    stream.move("bn", "hidden")
    stream["bn"] = h5py.ExternalLink(str(elsewhere), "/")


def spoil_external_values(stream: h5py.File, elsewhere) -> None:
    del stream["bn/bn/gamma:0"]
    stream["bn"].create_dataset("bn/gamma:0", (2,), "f4", external=[(str(elsewhere), 0, 8)])


def spoil_virtual(stream: h5py.File, elsewhere) -> None:
    del stream["bn/bn/gamma:0"]
    layout = h5py.VirtualLayout((2,), "f4")
    layout[:] = h5py.VirtualSource(str(elsewhere), "secret", (2,))
    stream["bn"].create_virtual_dataset("bn/gamma:0", layout)


def spoil_size(stream: h5py.File, elsewhere) -> None:
    del stream["bn/bn/gamma:0"]
    stream["bn"].create_dataset("bn/gamma:0", (1 << 20, 1 << 20), "f4", chunks=(1, 1 << 10))


def spoil_text(stream: h5py.File, elsewhere) -> None:
    del stream["bn/bn/gamma:0"]
    stream["bn/bn/gamma:0"] = "text"


def spoil_variable(stream: h5py.File, elsewhere) -> None:
    stream["bn"].attrs["weight_names"] = [b"bn/lambda:0"]
    stream["bn/bn/lambda:0"] = np.zeros(2)


def spoil_names(stream: h5py.File, elsewhere) -> None:
    stream["bn"].attrs["weight_names"] = [b"bn/gamma:0", b"bn/delta:0"]


def spoil_layers(stream: h5py.File, elsewhere) -> None:
    del stream.attrs["layer_names"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoil_external, "ExternalLink"),
        (spoil_soft, "SoftLink"),
        (spoil_group, "ExternalLink"),
        (spoil_external_values, "another file"),
        (spoil_virtual, "another file"),
        (spoil_size, "larger than any layer"),
        (spoil_text, "not an array of numbers"),
        (spoil_variable, "'lambda'"),
        (spoil_names, "bn/delta:0"),
        (spoil_layers, "layer_names"),
    ],
)
def test_files_that_lie_or_reach_elsewhere_are_refused(file, tmp_path, spoil, words):
    elsewhere = tmp_path / "elsewhere.h5"
    with h5py.File(elsewhere, "w") as stream:
        stream["secret"] = np.ones(2, np.float32)
    with h5py.File(file, "w") as stream:
        write(stream, LAYERS)
        spoil(stream, elsewhere)
    with pytest.raises(CheckpointError, match=words):
        read_keras_hdf5(file)


@pytest.mark.parametrize("content", [b"", b"no hdf5 at all", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_what_is_no_hdf5_is_refused(file, content):
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"weights\.h5 can't be read"):
        read_keras_hdf5(file)


def test_a_file_cut_short_is_refused(file):
    with h5py.File(file, "w") as stream:
        write(stream, LAYERS)
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(CheckpointError):
        read_keras_hdf5(file)
