"""Tensors of a file written by `torch.save` (.pt, .pth, .bin), without torch and without running anything in it.

Such a file is a pickle, which can name any function for its reader to call. This reader accepts names that real
checkpoints have, replaces each with an inert stand-in that only stores its arguments, and refuses the file at any other
name. It reads both forms, the zip of torch 1.6 and later and the sequence of pickles before it; state dicts, and whole
modules by their parts.
"""

import io
import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np

from cxr.checkpoint.inert_names import Inert, is_inert
from hub.errors import CheckpointError

FILE_LIMIT_BYTES = 2 << 30
PICKLE_LIMIT_BYTES = 64 << 20
ENTRY_LIMIT = 20_000
ARRAY_LIMIT = 1 << 26
DEPTH_LIMIT = 64

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
WRAPPERS = (
    *("state_dict", "model_state_dict", "model", "model_state", "net", "network", "net_state_dict", "weights"),
    *("params", "module", "classifier", "densenet121", "backbone", "encoder", "student", "teacher"),
    *("ema_state_dict", "state_dict_ema", "model_ema", "ema", "checkpoint", "best_model", "best_state"),
)
"""Keys under which training scripts store the weights beside other data, by precedence: the weights before averages of
them."""

STEM = "features.conv0.weight"

DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "<u2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}

DAMAGE = (
    pickle.UnpicklingError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    RecursionError,
    OverflowError,
    UnicodeDecodeError,
    zipfile.BadZipFile,
)
"""What reading a damaged or foreign pickle may raise, besides CheckpointError."""


@dataclass(frozen=True)
class StorageKind:
    """A type of storage that the file names, with its type in NumPy."""

    name: str

    @property
    def dtype(self) -> np.dtype:
        """The type of a value in the file."""
        return np.dtype(DTYPES[self.name])


@dataclass(eq=False)
class Storage:
    """A flat array that tensors are views of; `data` is set once it was found in the file."""

    kind: StorageKind
    key: str
    count: int
    data: np.ndarray | None = None

    def fill(self, content: bytes) -> None:
        """Read the values from the file's bytes; CheckpointError if their number is not the stated one."""
        if len(content) != self.count * self.kind.dtype.itemsize:
            raise CheckpointError(f"The file is cut short: {self.count} values of a storage are missing.")
        self.data = np.frombuffer(content, self.kind.dtype)


@dataclass(frozen=True, eq=False)
class Tensor:
    """A view of a storage, which is read later."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    def array(self) -> np.ndarray:
        """The values, copied; CheckpointError if the view leaves its storage."""
        size, stride = [tuple(map(int, each)) for each in (self.size, self.stride)]
        fits = len(size) == len(stride) and min((*size, *stride, self.offset), default=0) >= 0
        values = self.storage.data
        fits = fits and math.prod(size) <= ARRAY_LIMIT and values is not None
        last = self.offset + sum((n - 1) * step for n, step in zip(size, stride, strict=False)) if fits else 0
        if values is None or not fits or (0 not in size and last >= len(values)):
            raise CheckpointError(f"A tensor of the shape {size} reaches beyond the file's data.")
        if 0 in size:
            return np.empty(size, np.float32)
        width = values.itemsize
        view = np.lib.stride_tricks.as_strided(values[self.offset :], size, [step * width for step in stride])
        if self.storage.kind.name == "BFloat16Storage":
            return (view.astype(np.uint32) << 16).view(np.float32)
        return view.copy()


def _tensor(storage: Storage, offset: int, size: Sequence[int], stride: Sequence[int], *_: Any) -> Tensor:
    """Stand-in for the function that makes a tensor; its arguments on gradients and hooks are ignored."""
    if not isinstance(storage, Storage):
        raise CheckpointError("The file has a tensor without data.")
    return Tensor(storage, offset, tuple(size), tuple(stride))


class Reader(pickle.Unpickler):
    """An unpickler that replaces every name with a stand-in. `storages` collects the storages of the tensors."""

    KNOWN: ClassVar[dict[tuple[str, str], Callable]] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("builtins", "set"): set,
        ("__builtin__", "set"): set,
        ("_codecs", "encode"): Inert,
        ("torch", "Size"): tuple,
        ("torch._utils", "_rebuild_tensor"): _tensor,
        ("torch._utils", "_rebuild_tensor_v2"): _tensor,
        ("torch._utils", "_rebuild_parameter"): lambda tensor, *_: tensor,
        ("torch._utils", "_rebuild_parameter_with_state"): lambda tensor, *_: tensor,
        # of a subclass of tensors: the function that makes the tensor, the class, the function's arguments, the state
        ("torch._tensor", "_rebuild_from_type_v2"): lambda make, _, arguments, *more: make(*arguments),
    }

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self.storages: dict[str, Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for a name. Raises CheckpointError for a name that real checkpoints don't have."""
        if (module, name) in self.KNOWN:
            return self.KNOWN[module, name]
        if module in ("torch", "torch.storage") and name in DTYPES:
            return StorageKind(name)
        if is_inert(module, name):
            return type(name, (Inert,), {})
        raise CheckpointError(
            f"The file names {module}.{name}, which is not part of a network's weights. It was not run.",
            "Give the weights as safetensors.",
        )

    def persistent_load(self, pid: Any) -> Any:
        """A storage ("storage", kind, key, device, count, …), or a module's class ("module", class, file, source)."""
        if isinstance(pid, tuple) and len(pid) == 4 and pid[0] == "module":
            return pid[1]
        if not isinstance(pid, tuple) or len(pid) not in (5, 6) or pid[0] != "storage":
            raise CheckpointError("The file refers to something that is neither a storage nor a module.")
        if len(pid) == 6 and pid[5] is not None:
            raise CheckpointError("The file has storages within storages, which are not read.")
        _, kind, key, _, count = pid[:5]
        if not isinstance(kind, StorageKind) or not isinstance(count, int) or not 0 <= count <= ARRAY_LIMIT:
            raise CheckpointError(f"The file has a storage of {count!r} values, which is impossible.")
        return self.storages.setdefault(str(key), Storage(kind, str(key), count))


def read_torch(file: Path) -> dict[str, np.ndarray]:
    """{key: array} of a state dict, of a training script's record of one, or of a whole module's parts.

    Raises CheckpointError for a file that names anything to be run, is damaged, or claims more than it holds.
    """
    if file.stat().st_size > FILE_LIMIT_BYTES:
        raise CheckpointError(f"{file.name} has {file.stat().st_size} bytes; at most {FILE_LIMIT_BYTES} are read.")
    try:
        contents = _from_zip(file) if zipfile.is_zipfile(file) else _from_pickles(file)
        named = dict(_tensors(contents, "", DEPTH_LIMIT))
    except DAMAGE as error:
        raise CheckpointError(f"{file.name} can't be read as a file of torch: {type(error).__name__}.") from error
    if not named:
        raise CheckpointError(f"{file.name} holds no weights under a usual key.{_keys(contents)}")
    return {key: tensor.array() for key, tensor in named.items()}


def _from_zip(file: Path) -> Any:
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if any(each.filename.endswith(("/constants.pkl", "/models/model.json")) for each in entries):
            raise CheckpointError(
                f"{file.name} is a program of TorchScript or torch.export, whose code is not run.",
                "Save the network's state_dict with torch.save, or as safetensors.",
            )
        pickles = [each for each in entries if each.filename.count("/") == 1 and each.filename.endswith("/data.pkl")]
        stored = all(each.compress_type == zipfile.ZIP_STORED for each in entries)
        if len(entries) > ENTRY_LIMIT or not stored or len(pickles) != 1 or pickles[0].file_size > PICKLE_LIMIT_BYTES:
            raise CheckpointError(f"{file.name} is a zip archive, but not one that torch writes.")
        reader = Reader(io.BytesIO(archive.read(pickles[0])))
        contents = reader.load()
        top = pickles[0].filename.split("/")[0]
        for storage in reader.storages.values():
            storage.fill(archive.read(f"{top}/data/{storage.key}"))
    return contents


def _from_pickles(file: Path) -> Any:
    """Before torch 1.6: magic number, protocol, system, contents and keys as pickles, then each storage's values."""
    with file.open("rb") as stream:
        if Reader(stream).load() != LEGACY_MAGIC:
            raise CheckpointError(f"{file.name} was not written by torch.save.")
        Reader(stream).load()
        Reader(stream).load()
        reader = Reader(stream)
        contents = reader.load()
        for key in Reader(stream).load():
            storage = reader.storages[str(key)]
            count = int.from_bytes(stream.read(8), "little")
            storage.fill(stream.read(storage.count * storage.kind.dtype.itemsize) if count == storage.count else b"")
    return contents


def _tensors(contents: Any, prefix: str, depth: int) -> Iterator[tuple[str, Tensor]]:
    """(key, tensor) of a state dict, of one inside a script's record, or of a module and the modules in it."""
    if depth == 0:
        raise CheckpointError("The file's modules are nested too deeply.")
    if isinstance(contents, Inert) and isinstance(contents.state, Mapping):
        for parts in ("_parameters", "_buffers"):
            for name, tensor in (contents.state.get(parts) or {}).items():
                if isinstance(tensor, Tensor):
                    yield f"{prefix}{name}", tensor
        for name, module in (contents.state.get("_modules") or {}).items():
            yield from _tensors(module, f"{prefix}{name}.", depth - 1)
    elif isinstance(contents, Mapping):
        if (inner := _wrapped(contents)) is not None:
            yield from _tensors(inner, prefix, depth - 1)
        else:
            yield from ((str(key), each) for key, each in contents.items() if isinstance(each, Tensor))


def _wrapped(record: Mapping) -> Any:
    """The weights in a training script's record, under one of the usual keys; None where the record is the weights.

    Beside them a record may hold loose tensors, such as the best accuracy. Of several candidates, that which holds a
    tensor of the network's own stem counts first, then the order of the keys.
    """
    if any(str(key).endswith(STEM) for key in record):
        return None
    found = [record[key] for key in WRAPPERS if isinstance(record.get(key), Mapping | Inert) and record[key]]
    with_stem = (each for each in found if isinstance(each, Mapping) and any(str(key).endswith(STEM) for key in each))
    return next(with_stem, found[0] if found else None)


def _keys(contents: Any) -> str:
    """The first keys of a record, for a message."""
    names = [str(key) for key in contents] if isinstance(contents, Mapping) else []
    return f" Its keys are {', '.join(names[:8])}." if names else ""
