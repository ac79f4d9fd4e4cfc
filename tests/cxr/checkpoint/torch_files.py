"""Files of torch.save, written opcode by opcode, so that no torch is needed, and files that would run things."""

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from typing import Any

import numpy as np

from cxr.checkpoint.torch_file import LEGACY_MAGIC

KINDS = {"float32": "FloatStorage", "float16": "HalfStorage", "int64": "LongStorage", "uint16": "BFloat16Storage"}


class Stored:
    """An array that is pickled as torch pickles a tensor; `view` overrides (offset, size, stride)."""

    def __init__(self, values: np.ndarray, key: str, *, view: tuple | None = None, count: int | None = None) -> None:
        self.values, self.key, self.view = np.ascontiguousarray(values), key, view
        self.count = self.values.size if count is None else count


class Named:
    """A name of a module, pickled as a reference to it, and called with arguments if there are any."""

    def __init__(self, module: str, name: str, *arguments: Any, state: Any = None) -> None:
        self.module, self.name, self.arguments, self.state = module, name, arguments, state


class Writer(pickle._Pickler):
    """Pickles the two above as torch does; names need not exist."""

    def __init__(self, stream: io.BytesIO, *, legacy: bool) -> None:
        super().__init__(stream, protocol=2)
        self.legacy = legacy

    def persistent_id(self, value: Any) -> Any:
        if isinstance(value, tuple) and value and value[0] == "storage":
            return value
        return None

    def save(self, value: Any, save_persistent_id: bool = True) -> None:
        if isinstance(value, Stored):
            kind = Named("torch", KINDS[value.values.dtype.name])
            strides = tuple(step // value.values.itemsize for step in value.values.strides)
            offset, size, stride = value.view or (0, value.values.shape, strides)
            place = ("storage", kind, value.key, "cpu", value.count) + ((None,) if self.legacy else ())
            value = Named("torch._utils", "_rebuild_tensor_v2", place, offset, size, stride, False, OrderedDict())
        if isinstance(value, Named):
            self.write(pickle.GLOBAL + f"{value.module}\n{value.name}\n".encode())
            if value.arguments or value.state is not None:
                self.save(value.arguments)
                self.write(pickle.REDUCE)
            if value.state is not None:
                self.save(value.state)
                self.write(pickle.BUILD)
            return
        super().save(value, save_persistent_id)


def pickled(contents: Any, *, legacy: bool = False) -> bytes:
    stream = io.BytesIO()
    Writer(stream, legacy=legacy).dump(contents)
    return stream.getvalue()


def zipped(contents: Any, storages: dict[str, bytes], *, compression: int = zipfile.ZIP_STORED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickled(contents))
        for key, data in storages.items():
            archive.writestr(f"archive/data/{key}", data)
        archive.writestr("archive/version", "3\n")
    return target.getvalue()


def legacy(contents: Any, storages: dict[str, bytes]) -> bytes:
    parts = [pickled(each) for each in (LEGACY_MAGIC, 1001, {"little_endian": True})]
    parts += [pickled(contents, legacy=True), pickled(list(storages))]
    return b"".join(parts) + b"".join(struct.pack("<q", len(data) // 4) + data for data in storages.values())
