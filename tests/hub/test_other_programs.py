"""Folders that another program filled: what they hold is named, and `layout.json` describes it."""

import json
from pathlib import Path

import pytest

from hub.directory import OTHER_KINDS, UNREAD, described, open_directory
from hub.errors import CheckpointError, SourceError
from hub.sources import resolve

FILES = {
    "saved_model.pb": "a SavedModel of TensorFlow", "model.safetensors.index.json": "weights in several files",
    "model.ckpt.index": "a checkpoint of TensorFlow", "net.onnx": "ONNX", "net.tflite": "TensorFlow Lite",
    "net.keras": "a model of Keras", "weights.h5": "weights of Keras", "weights.hdf5": "weights of Keras",
    "net.safetensors": "weights", "best.pth": "weights of PyTorch", "best.pt": "weights of PyTorch",
    "last.ckpt": "weights of PyTorch", "pytorch_model.bin": "weights of PyTorch", "model.pkl": "a pickle",
}  # fmt: skip


def test_every_kind_is_tried():
    assert len(FILES) == len(OTHER_KINDS)


@pytest.mark.parametrize("name", FILES)
def test_what_a_folder_holds_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(CheckpointError) as caught:
        described(tmp_path, name="mine")
    assert FILES[name] in str(caught.value)
    assert name in str(caught.value)
    assert ("layout.json" in str(caught.value)) == (Path(name).suffix not in UNREAD)


@pytest.mark.parametrize("stated", [None, {"labels": ["A", "B"]}], ids=["alone", "with labels"])
@pytest.mark.parametrize("as_folder", [True, False], ids=["folder", "file"])
@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith((".keras", ".h5", ".hdf5"))])
def test_as_a_source_it_is_named_too(tmp_path, name, as_folder, stated):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises((SourceError, CheckpointError)) as caught:
        resolve(str(tmp_path if as_folder else tmp_path / name), stated=stated)
    assert FILES[name] in str(caught.value)


def test_of_a_saved_model_it_is_said_what_to_do(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"x")
    with pytest.raises(CheckpointError, match=r"model\.save\('model\.keras'\).*TFSMLayer"):
        resolve(str(tmp_path))


OTHERS = [
    {"architecture": "densenet121", "num_classes": 14},
    {"architectures": ["X"], "model_type": "x"},
    {"module": "k"},
]


@pytest.mark.parametrize("config", OTHERS)
def test_another_program_s_configuration_is_called_so_and_gives_way_to_a_layout(tmp_path, config):
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=r"another program.*layout\.json"):
        described(tmp_path, name="mine")
    layout = {"layout": "torchvision", "labels": ["Mass"], "input": {"rule": "imagenet"}, "file": "best.pth"}
    (tmp_path / "layout.json").write_text(json.dumps(layout))
    (tmp_path / "best.pth").write_bytes(b"x")
    assert open_directory(tmp_path, source="mine").config["weights"] == {"file": "best.pth", "layout": "torchvision"}
