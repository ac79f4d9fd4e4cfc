"""safetensors files, honest and lying."""

import json

import numpy as np
import pytest

from cxr.checkpoint.safetensors_file import read_safetensors
from hub.errors import CheckpointError
from hub.safetensors_header import FILE_LIMIT_BYTES


def written(tmp_path, header: object, data: bytes = b"", *, length: int | None = None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    file = tmp_path / "a.safetensors"
    file.write_bytes((len(text) if length is None else length).to_bytes(8, "little") + text + data)
    return file


def entry(shape: list, begin: int, end: int, dtype: str = "F32") -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_arrays_come_out_as_they_went_in(tmp_path):
    data = np.array([1, 2, 3, 4], "<f4").tobytes() + np.array([7], "<i8").tobytes() + np.array([0.5], "<f2").tobytes()
    header = {
        "__metadata__": {"format": "pt"},
        "a": entry([2, 2], 0, 16),
        "n": entry([], 16, 24, "I64"),
        "h": entry([1], 24, 26, "F16"),
        "none": entry([0, 3], 0, 0),
    }
    arrays = read_safetensors(written(tmp_path, header, data))
    assert arrays["a"].tolist() == [[1, 2], [3, 4]]
    assert arrays["n"] == 7
    assert arrays["h"].tolist() == [0.5]
    assert arrays["none"].shape == (0, 3)
    assert "__metadata__" not in arrays


@pytest.mark.parametrize(
    "header",
    [
        {"a": entry([2, 2], 0, 12)},
        {"a": entry([2, 2], 4, 20)},
        {"a": entry([2, 2], -4, 12)},
        {"a": entry([2, 2], 16, 0)},
        {"a": entry([-2, -2], 0, 16)},
        {"a": entry([1 << 40, 1 << 40], 0, 16)},
        {"a": entry([2, 2], 0, 16, "F128")},
        {"a": {"dtype": "F32", "shape": [2, 2]}},
        {"a": {"dtype": "F32", "shape": "22", "data_offsets": [0]}},
        {"a": 7},
        {"a": entry(["x"], 0, 16)},
        [1, 2],
        b"{not json",
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_header_that_does_not_fit_the_file_is_refused(tmp_path, header):
    with pytest.raises(CheckpointError, match=r"a\.safetensors"):
        read_safetensors(written(tmp_path, header, bytes(16)))


@pytest.mark.parametrize("length", [1 << 62, 10_000, (1 << 64) - 1])
def test_a_header_longer_than_the_file_is_refused(tmp_path, length):
    with pytest.raises(CheckpointError, match="header claims"):
        read_safetensors(written(tmp_path, {"a": entry([4], 0, 16)}, bytes(16), length=length))


@pytest.mark.parametrize("content", [b"", b"1234567"])
def test_a_file_too_short_for_a_header_is_refused(tmp_path, content):
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        read_safetensors(tmp_path / "a.safetensors")


def test_a_file_larger_than_any_checkpoint_is_not_read(tmp_path):
    with (tmp_path / "a.safetensors").open("wb") as sparse:
        sparse.truncate(FILE_LIMIT_BYTES + 1)
    with pytest.raises(CheckpointError, match="at most"):
        read_safetensors(tmp_path / "a.safetensors")


def test_brain_floats_are_widened(tmp_path):
    brain = (np.array([1.5, -2], np.float32).view(np.uint32) >> 16).astype(np.uint16)
    file = written(tmp_path, {"a": entry([2], 0, 4, "BF16")}, brain.tobytes())
    assert read_safetensors(file)["a"].tolist() == [1.5, -2]


def test_a_type_that_no_weights_have_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="BOOL"):
        read_safetensors(written(tmp_path, {"a": entry([2], 0, 2, "BOOL")}, bytes(2)))


def test_a_file_cut_short_is_refused(tmp_path):
    file = written(tmp_path, {"a": entry([4], 0, 16)}, bytes(15))
    with pytest.raises(CheckpointError, match="'a' claims"):
        read_safetensors(file)


OTHERS = {
    "a web page": b"<!DOCTYPE html><html>Sign in</html>",
    "JSON": b'{"message": "Not Found"}',
    "a ZIP archive": b"PK\x03\x04" + bytes(300),
    "an HDF5 file": b"\x89HDF\r\n\x1a\n" + bytes(300),
    "a pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}" + bytes(300),
    "a gzip archive": b"\x1f\x8b\x08\x00\x01\x02\x03\x04" + bytes(300),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_file_under_this_name_is_called_by_its_kind(tmp_path, name):
    (tmp_path / "model.safetensors").write_bytes(OTHERS[name])
    with pytest.raises(CheckpointError, match=rf"model\.safetensors is {name}"):
        read_safetensors(tmp_path / "model.safetensors")


@pytest.mark.parametrize("length", [60, 640, 1152, 1408, 8827, 35615])
def test_a_header_whose_length_looks_like_another_file_is_read(tmp_path, length):
    entry = {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    header = json.dumps(entry, separators=(",", ":")).encode().ljust(length)
    (tmp_path / "model.safetensors").write_bytes(length.to_bytes(8, "little") + header + np.float32(3).tobytes())
    assert read_safetensors(tmp_path / "model.safetensors")["a"].tolist() == [3.0]
