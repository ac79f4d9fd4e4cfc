"""Files of torch.save are read to their arrays, and files that would run things are refused."""

import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxr.checkpoint.torch_file import LEGACY_MAGIC, WRAPPERS, read_torch
from hub.errors import CheckpointError
from tests.cxr.checkpoint.torch_files import Named, Stored, legacy, pickled, zipped


@pytest.fixture
def read(tmp_path) -> Callable[[bytes], dict[str, np.ndarray]]:
    def reading(content: bytes) -> dict[str, np.ndarray]:
        (tmp_path / "weights.pt").write_bytes(content)
        return read_torch(tmp_path / "weights.pt")

    return reading


SIX = np.arange(6, dtype=np.float32).reshape(2, 3)
STATE = OrderedDict(a=Stored(SIX, "0"), b=Stored(np.array([7.0], np.float32), "1"))
DATA = {"0": SIX.tobytes(), "1": np.array([7.0], np.float32).tobytes()}


@pytest.mark.parametrize("form", [zipped, legacy])
def test_both_forms_give_the_arrays(read, form):
    arrays = read(form(STATE, DATA))
    assert list(arrays) == ["a", "b"]
    assert arrays["a"].tolist() == SIX.tolist()
    assert arrays["b"].tolist() == [7]


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_weights_lie_beside_a_script_s_own_things(read, wrapper):
    arguments = Named("argparse", "Namespace", state={"lr": 0.1})
    record = {"epoch": 3, wrapper: STATE, "args": arguments, "optimizer": {"state": {}}}
    assert list(read(zipped(record, DATA))) == ["a", "b"]


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("outer", ["", "checkpoint", "model"])
@pytest.mark.parametrize("loose", ["best_acc1", "criterion.pos_weight", "0"])
def test_a_loose_tensor_beside_the_weights_is_none_of_them(read, wrapper, outer, loose):
    weights = {"features.conv0.weight": Stored(np.ones(3, np.float32), "a")}
    record = {loose: Stored(np.zeros(1, np.float32), "b"), "epoch": 3, wrapper: weights, "optimizer": {"state": {}}}
    record = {outer: record, "loss": Stored(np.zeros(1, np.float32), "c")} if outer else record
    assert list(read(zipped(record, {"a": bytes(12), "b": bytes(4), "c": bytes(4)}))) == ["features.conv0.weight"]


@pytest.mark.parametrize("average", ["ema", "model_ema", "ema_state_dict"])
@pytest.mark.parametrize("wrapper", ["state_dict", "model"])
def test_the_weights_count_before_averages_of_them(read, average, wrapper):
    key = "features.conv0.weight"
    record = {average: {key: Stored(np.zeros(1, np.float32), "b")}, wrapper: {key: Stored(np.ones(1, np.float32), "a")}}
    found = read(zipped(record, {"a": np.ones(1, np.float32).tobytes(), "b": bytes(4)}))
    assert found[key] == 1


def test_a_record_without_a_usual_key_is_told_by_its_keys(read):
    record = {"what_i_trained": {"features.conv0.weight": Stored(np.ones(3, np.float32), "a")}, "when": 3}
    with pytest.raises(CheckpointError, match=r"no weights under a usual key. Its keys are what_i_trained, when\."):
        read(zipped(record, {"a": bytes(12)}))


def test_numpy_s_scalars_of_a_script_are_dropped(read):
    number = Named(
        "numpy.core.multiarray", "scalar", Named("numpy", "dtype", "f8"), Named("_codecs", "encode", "x", "latin1")
    )
    assert list(read(zipped({"best": number, "model": STATE}, DATA))) == ["a", "b"]


def test_a_whole_module_is_read_by_its_parts(read):
    inner = Named("torch.nn.modules.conv", "Conv2d", state={"_parameters": {"weight": STATE["a"]}, "_buffers": {}})
    outer = Named(
        "torchxrayvision.models",
        "DenseNet",
        state={"_modules": {"conv0": inner}, "_parameters": {}, "_buffers": {"mean": STATE["b"], "none": None}},
    )
    assert {key: array.shape for key, array in read(zipped(outer, DATA)).items()} == {
        "mean": (1,), "conv0.weight": (2, 3),
    }  # fmt: skip


def test_a_tensor_may_be_a_view(read):
    # columns 1 and 2 of the transpose's rows: offset 1, size (2, 2), strides (1, 3)
    view = Stored(SIX, "0", view=(1, (2, 2), (1, 3)))
    assert read(zipped({"v": view}, DATA))["v"].tolist() == [[1, 4], [2, 5]]


def test_half_and_brain_floats_are_widened(read):
    half = np.array([1.5, -2], np.float16)
    brain = (np.array([1.5, -2], np.float32).view(np.uint32) >> 16).astype(np.uint16)
    arrays = read(
        zipped({"h": Stored(half, "0"), "b": Stored(brain, "1")}, {"0": half.tobytes(), "1": brain.tobytes()})
    )
    assert arrays["h"].tolist() == arrays["b"].tolist() == [1.5, -2]
    assert arrays["b"].dtype == np.float32


@pytest.mark.parametrize(
    "name",
    [
        ("os", "system"),
        ("posix", "system"),
        ("subprocess", "Popen"),
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("__builtin__", "exec"),
        ("torch", "load"),
        ("torch.hub", "load"),
        ("torch.utils.cpp_extension", "load"),
        ("functools", "partial"),
        ("cxr.checkpoint.torch_file", "read_torch"),
        ("importlib", "import_module"),
        ("numpyx", "f"),
    ],
)
def test_a_file_that_names_something_to_run_is_refused(read, name):
    evil = Named(*name, "touch pwned")
    for content in (zipped({"model": evil}, {}), legacy({"model": evil}, {}), pickled(evil)):
        with pytest.raises(CheckpointError, match=f"{name[0]}.{name[1]}"):
            read(content)


def test_names_that_are_known_are_not_imported(read, monkeypatch):
    ran = []
    spy = types.ModuleType("torchvision_spy")
    spy.__getattr__ = lambda name: ran.append(name)
    monkeypatch.setitem(sys.modules, "torchvision.models", spy)
    read(zipped({"model": STATE, "net": Named("torchvision.models", "densenet121", 3)}, DATA))
    assert ran == []
    assert "torch" not in sys.modules or sys.modules["torch"].__name__ == "torch"


@pytest.mark.parametrize(
    "tensor",
    [
        Stored(SIX, "0", view=(1, (2, 3), (3, 1))),
        Stored(SIX, "0", view=(-1, (2,), (1,))),
        Stored(SIX, "0", view=(0, (7,), (1,))),
        Stored(SIX, "0", view=(0, (2, 3), (1,))),
        Stored(SIX, "0", view=(0, (2,), (-1,))),
        Stored(SIX, "0", view=(0, (1 << 40, 1 << 20), (0, 0))),
        Stored(SIX, "0", count=7),
        Stored(SIX, "0", count=1 << 60),
        Stored(SIX, "0", count=-1),
        Stored(SIX, "missing"),
    ],
)
def test_a_tensor_beyond_its_data_is_refused(read, tensor):
    for form in (zipped, legacy):
        with pytest.raises(CheckpointError):
            read(form({"a": tensor}, {"0": DATA["0"]}))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("form", [zipped, legacy])
def test_a_file_cut_short_is_refused(read, form, share):
    content = form(STATE, DATA)
    with pytest.raises(CheckpointError):
        read(content[: int(share * len(content))])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80",
        b"not a pickle at all",
        pickled({"no": "tensors"}),
        pickled(LEGACY_MAGIC),
        zipped(STATE, DATA, compression=zipfile.ZIP_DEFLATED),
        zipped({"epoch": 3}, {}),
        b"(" * 100_000,
        b"\x80\x02" + b"]" * 5000 + b"a" * 4999 + b".",
    ],
)
def test_what_is_no_file_of_torch_is_refused(read, content):
    with pytest.raises(CheckpointError, match=r"weights\.pt"):
        read(content)


def test_modules_nested_without_end_are_refused(read):
    nested: Any = {"_parameters": {"w": STATE["a"]}}
    for _ in range(100):
        nested = {"_modules": {"m": Named("torch.nn", "Sequential", state=nested)}}
    with pytest.raises(CheckpointError, match="deeply"):
        read(zipped(Named("torch.nn", "Sequential", state=nested), DATA))


def test_torch_s_own_files_are_read(tmp_path):
    torch = pytest.importorskip("torch", reason="torch only serves to check")
    state = {"w": torch.arange(6.0).reshape(2, 3).T, "n": torch.tensor(3)}
    for number, zip_form in enumerate((True, False)):
        file = Path(tmp_path / f"{number}.pt")
        torch.save({"state_dict": state}, file, _use_new_zipfile_serialization=zip_form)
        arrays = read_torch(file)
        assert arrays["w"].tolist() == [[0, 3], [1, 4], [2, 5]]
        assert arrays["n"] == 3
