"""Names in files of `torch.save` that hold no weights, and the stand-in that replaces what they mean.

Nothing of them is imported or called. A name that is not known here stops the reading all the same: such a file may be
an attack, and its owner should hear of it.
"""

from typing import Any

MODULES = (
    *("torch.nn", "torch.optim", "torchvision", "torchxrayvision", "torchmetrics", "timm", "monai", "numpy", "pandas"),
    *("pytorch_lightning", "lightning", "lightning_fabric", "omegaconf", "ml_collections", "yacs", "easydict"),
    *("addict", "argparse", "pathlib", "datetime", "enum", "sklearn"),
)
"""Modules whose names occur in real files: a network's parts, what training libraries note, a script's arguments,
paths and times, NumPy's scalars."""

TYPES = {
    "torch": {"device", "strided", "float64", "float32", "float16", "bfloat16", "int64", "int32", "uint8", "bool"},
    "builtins": {"bytearray", "complex", "dict", "float", "frozenset", "int", "list", "range", "slice", "str", "tuple"},
    "collections": {"Counter", "defaultdict", "deque"},
    "copyreg": {"_reconstructor"},
}
"""Devices and types of tensors; plain containers and numbers, as records hold them beside the weights."""

OLDER = {"__builtin__": "builtins", "copy_reg": "copyreg"}
"""Modules by their names in Python 2, which old files have."""


def is_inert(module: str, name: str) -> bool:
    """Whether real checkpoints have the name beside their weights."""
    known = any(module == each or module.startswith(f"{each}.") for each in MODULES)
    return known or name in TYPES.get(OLDER.get(module, module), ())


class Inert:
    """A stand-in for a class of the file: it accepts all arguments and does nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        """Ignore items of a mapping's subclass."""

    def append(self, value: Any) -> None:
        """Ignore items of a list's subclass."""

    def extend(self, values: Any) -> None:
        """As `append`."""
