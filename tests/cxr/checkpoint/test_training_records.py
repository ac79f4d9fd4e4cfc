"""What training libraries keep beside the weights in a file of torch.save: it is skipped, and nothing of it runs."""

import io
import zipfile

import numpy as np
import pytest

from cxr.checkpoint.torch_file import read_torch
from hub.errors import CheckpointError
from tests.cxr.checkpoint.torch_files import Named, Stored, zipped

SIX = np.arange(6, dtype=np.float32)
STATE = {"a": Stored(SIX, "0")}
DATA = {"0": SIX.tobytes()}


def read(tmp_path, content):
    (tmp_path / "weights.ckpt").write_bytes(content)
    return read_torch(tmp_path / "weights.ckpt")


BESIDE = {
    "Lightning's settings": Named("lightning_fabric.utilities.data", "AttributeDict", state={"lr": 0.1}),
    "older Lightning's settings": Named("pytorch_lightning.utilities.parsing", "AttributeDict", state={}),
    "a callback": {"ModelCheckpoint": Named("lightning.pytorch.callbacks", "ModelCheckpoint", state={"best": 0.8})},
    "OmegaConf": Named("omegaconf.dictconfig", "DictConfig", state={"_content": {}}),
    "a path": Named("pathlib", "PosixPath", "data", "nih"),
    "a path of Python 3.13": Named("pathlib._local", "WindowsPath", "data"),
    "a time": Named("datetime", "datetime", b"0123456789"),
    "counts": Named("collections", "Counter", {"Mass": 3}),
    "lists by name": Named("collections", "defaultdict", Named("builtins", "list")),
    "lists by name, Python 2": Named("collections", "defaultdict", Named("__builtin__", "list")),
    "a scheduler": Named("torch.optim.lr_scheduler", "StepLR", state={"gamma": 0.1}),
    "a metric": Named("torchmetrics.classification.auroc", "MultilabelAUROC", state={}),
    "class weights": Named("pandas.core.series", "Series", state={}),
    "an encoder of labels": Named("sklearn.preprocessing._label", "MultiLabelBinarizer", state={"classes_": []}),
    "an object of its own": Named("copy_reg", "_reconstructor", Named("argparse", "Namespace"), None),
}


@pytest.mark.parametrize("name", BESIDE)
@pytest.mark.parametrize("key", ["hyper_parameters", "zz"])
def test_what_lies_beside_the_weights_is_skipped(tmp_path, name, key):
    arrays = read(tmp_path, zipped({"epoch": 3, key: BESIDE[name], "state_dict": STATE}, DATA))
    assert {key: array.tolist() for key, array in arrays.items()} == {"a": SIX.tolist()}


@pytest.mark.parametrize("make", ["_rebuild_parameter", "_rebuild_parameter_with_state"])
def test_parameters_are_tensors(tmp_path, make):
    parameter = Named("torch._utils", make, STATE["a"], True, {})
    assert read(tmp_path, zipped({"a": parameter}, DATA))["a"].tolist() == SIX.tolist()


def test_a_subclass_of_a_tensor_is_its_values(tmp_path):
    place = ("storage", Named("torch", "FloatStorage"), "0", "cpu", 6)
    arguments = (place, 0, (2, 3), (3, 1), False, {})
    made = Named("torch._tensor", "_rebuild_from_type_v2", Named("torch._utils", "_rebuild_tensor_v2"),
                 Named("torch.nn.parameter", "Buffer"), arguments, {})  # fmt: skip
    assert read(tmp_path, zipped({"a": made}, DATA))["a"].tolist() == SIX.reshape(2, 3).tolist()


@pytest.mark.parametrize("entry", ["net/constants.pkl", "net/models/model.json"])
def test_a_program_is_named_and_not_run(tmp_path, entry):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("net/data.pkl", b"cos\nsystem\n(Vtouch pwned\ntR.")
        archive.writestr(entry, b"")
    with pytest.raises(CheckpointError, match=r"a program of TorchScript or torch\.export, whose code is not run"):
        read(tmp_path, target.getvalue())
