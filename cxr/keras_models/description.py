"""The description of a Keras model in its file: read as JSON before anything is built, and searched for code."""

import json
import zipfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cxr.checkpoint.hdf5 import reading_hdf5
from hub.errors import CheckpointError

CODE = ("Lambda", "TFOpLambda", "__lambda__")
"""Classes of a description that contain code."""

VALUES = ("__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__tuple__", "__slice__", "__ellipsis__")
"""Classes of a description that are values, not objects."""

PACKAGES = ("keras", "keras_hub")
"""Whose classes may be built."""

LIMIT_BYTES = 64 << 20
CONFIG = "config.json"
HOW = (
    "Write a plugin that builds the network: `python -m explainers new --network my_network` writes one to begin with."
)


def read_description(file: Path) -> dict[str, Any]:
    """The model's description. Raises CheckpointError for a file without one, with code, or with foreign layers."""
    text = _archived(file) if zipfile.is_zipfile(file) else _in_hdf5(file)
    try:
        described = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{file.name} has a model description that is not readable JSON.") from error
    if not isinstance(described, dict):
        raise CheckpointError(f"{file.name} has a model description that is not a JSON object.")
    check_classes(described, file.name)
    return described


def _archived(file: Path) -> bytes:
    with zipfile.ZipFile(file) as archive:
        try:
            info = archive.getinfo(CONFIG)
        except KeyError as error:
            raise CheckpointError(f"{file.name} is a ZIP archive, but holds no Keras model.") from error
        if info.file_size > LIMIT_BYTES:
            raise CheckpointError(f"{file.name} has a description of {info.file_size} bytes; {LIMIT_BYTES} are read.")
        return archive.read(info)


def _in_hdf5(file: Path) -> bytes:
    with reading_hdf5(file, file.name) as stream:
        text = stream.attrs.get("model_config")
    if text is None:
        raise CheckpointError(
            f"{file.name} holds weights without the model they belong to.",
            "Save the whole model: model.save('model.keras'). A DenseNet-121's weights are read from a folder.",
        )
    return text if isinstance(text, bytes) else str(text).encode()


def objects(described: object) -> Iterator[Mapping[str, Any]]:
    """Every object of a class in a description, in its order, however deep."""
    if isinstance(described, Mapping):
        if "class_name" in described:
            yield described
        for value in described.values():
            yield from objects(value)
    elif isinstance(described, list):
        for value in described:
            yield from objects(value)


def check_classes(described: Mapping[str, Any], file: str) -> None:
    """Raises CheckpointError, naming them, for layers with code in them, and for layers that are not Keras' own."""
    found = [each for each in objects(described) if each["class_name"] not in VALUES]
    functions = [each for each in found if each["class_name"] == "function" and not _is_activation(each)]
    code = [each["class_name"] for each in found if each["class_name"] in CODE] + [each["config"] for each in functions]
    if code:
        raise CheckpointError(f"{file} has a {code[0]} layer or function, whose code is not run.", HOW)
    layers = [each for each in found if each["class_name"] != "function"]
    if foreign := sorted({str(each["class_name"]) for each in layers if not _is_known(each)}):
        count = "a layer that is" if len(foreign) == 1 else "layers that are"
        raise CheckpointError(f"{file} has {count} not Keras' own: {', '.join(foreign)}.", HOW)
    if any(_package(each) == "keras_hub" for each in found) and find_spec("keras_hub") is None:
        raise CheckpointError(f"{file} has layers of keras-hub, which is not installed.", "pip install keras-hub")


def _package(each: Mapping[str, Any]) -> str:
    return str(each.get("module") or "keras").partition(".")[0]


def _is_known(each: Mapping[str, Any]) -> bool:
    """Whether a class is of a package that may be built. Old HDF5 files name no module: Keras' own are looked up."""
    package = str(each.get("registered_name") or "").partition(">")
    if package[1] and package[0] not in PACKAGES:
        return False
    return _package(each) in PACKAGES if "module" in each else _is_in_keras(str(each["class_name"]))


def _is_activation(each: Mapping[str, Any]) -> bool:
    """Whether a function is one of Keras' activations, which Keras looks up by its name."""
    return hasattr(_keras().activations, str(each.get("config")))


def _is_in_keras(name: str) -> bool:
    keras = _keras()
    rooms = (keras, keras.layers, keras.initializers, keras.regularizers, keras.constraints, keras.models)
    return any(hasattr(room, name) for room in rooms)


def _keras() -> Any:
    """Keras, which takes seconds to import."""
    from cxr.quiet_import import quiet_import

    with quiet_import():
        import keras
    return keras


def in_float32(described: Any) -> Any:
    """The description with every data type of half precision replaced, so that passes are computed in float32."""
    if isinstance(described, Mapping):
        return {key: _full(value) if key == "dtype" else in_float32(value) for key, value in described.items()}
    return [in_float32(each) for each in described] if isinstance(described, list) else described


def _full(dtype: Any) -> Any:
    if isinstance(dtype, str):
        return "float32" if dtype.removeprefix("mixed_") in ("float16", "bfloat16") else dtype
    if isinstance(dtype, Mapping) and isinstance(dtype.get("config"), Mapping):
        return {**dtype, "config": {**dtype["config"], "name": _full(str(dtype["config"].get("name", "float32")))}}
    return dtype
