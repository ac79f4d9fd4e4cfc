"""A checkpoint's directory: its files, its configuration, and whether its weights have the stated sha256."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hub.config import ARCHITECTURE, FORMAT, check_config, read_config
from hub.errors import CheckpointError
from hub.files import check_sha256, read_json, refuse_pointer

STARTER = "starter"
PACKAGED = (STARTER, "lite0")
"""Names of the checkpoints that come with this package, each in a folder of its name beside this file."""

CONFIG = "config.json"
LAYOUT = "layout.json"
FOREIGN_WEIGHTS = "model.safetensors"
ORIGINAL_WEIGHTS = "pretrained_model.h5"
ORIGINAL_BACKBONE = "densenet.hdf5"
ORIGINAL_EXTRAS = (ORIGINAL_BACKBONE, "labels.json", "train_config.json")
"""Files of the original application's directory besides its weights, each of which is optional."""


@dataclass(frozen=True)
class Resolved:
    """A verified local checkpoint directory.

    source     the source string of this checkpoint
    name       its name for people
    directory  the folder with its files
    config     contents of `config.json`, or the equivalent of a layout that has none
    revision   commit on the Hub, None for local files
    sha256     of the weights' file
    notes      sentences for people, such as why a cached copy or another checkpoint is used
    requested  the source string that was asked for, where this checkpoint takes its place; else ""
    """

    source: str
    name: str
    directory: Path
    config: Mapping
    revision: str | None = None
    sha256: str | None = None
    notes: tuple[str, ...] = field(default=())
    requested: str = ""

    @property
    def fallback(self) -> bool:
        """Whether this checkpoint takes the place of another one that was asked for."""
        return bool(self.requested)

    @property
    def shown(self) -> str:
        """The source as results state it: of a local folder or file only its name, since paths may be private."""
        file = self.config["weights"]["file"]
        if Path(self.source).name == file:
            return file
        return self.source if self.source in PACKAGED or self.revision else self.directory.resolve().name


def open_directory(
    directory: Path,
    *,
    source: str,
    name: str | None = None,
    revision: str | None = None,
    config: Mapping | None = None,
    notes: tuple[str, ...] = (),
) -> Resolved:
    """A checkpoint directory with its configuration read and its sha256 checked where the configuration states one.

    name    in place of the folder's, for a checkpoint whose configuration has none
    config  in place of the directory's own, for weights that are described elsewhere

    Raises CheckpointError for a directory that holds no checkpoint, or not the one that it claims to hold.
    """
    name = name or directory.resolve().name
    config = described(directory, name=name) if config is None else config
    weights = directory / config["weights"]["file"]
    if not weights.is_file():
        raise CheckpointError(f"The checkpoint's weights {weights.name!r} are missing.")
    refuse_pointer(weights)
    expected = config["weights"].get("sha256")
    sha256 = check_sha256(weights, expected) if expected else None
    return Resolved(source, config.get("name") or name, directory, config, revision, sha256, notes)


def described(directory: Path, *, name: str) -> dict:
    """The configuration of a native directory, or its equivalent for foreign weights or the original application's."""
    if (directory / LAYOUT).is_file():
        return foreign_config(directory, name=name)
    if (directory / CONFIG).is_file():
        return read_config(directory)
    if (directory / ORIGINAL_WEIGHTS).is_file():
        return original_config(directory, name=name)
    if found := _other_kind(directory):
        file, kind = found
        raise CheckpointError(
            f"{name!r} holds {kind} ({file.name}), {NOT_READ if file.suffix in UNREAD else WITHOUT_LAYOUT}.",
            HINTS.get(file.suffix, f"docs/checkpoints.md says how to write {LAYOUT}, and which files can be read."),
        )
    raise CheckpointError(
        f"{name!r} holds no checkpoint.", f"Expected {CONFIG} or {LAYOUT} with its weights, or {ORIGINAL_WEIGHTS}."
    )


NOT_READ = "which is not read"
WITHOUT_LAYOUT = f"and no {LAYOUT} that describes it"

OTHER_KINDS = {
    "saved_model.pb": "a SavedModel of TensorFlow",
    "*.index.json": "weights in several files",
    "*.ckpt.index": "a checkpoint of TensorFlow",
    "*.onnx": "a network in ONNX",
    "*.tflite": "a network of TensorFlow Lite",
    "*.keras": "a model of Keras",
    "*.h5": "weights of Keras",
    "*.hdf5": "weights of Keras",
    "*.safetensors": "weights",
    "*.pth": "weights of PyTorch",
    "*.pt": "weights of PyTorch",
    "*.ckpt": "weights of PyTorch",
    "*.bin": "weights of PyTorch",
    "*.pkl": "a pickle",
}
"""Files that other programs leave in a folder, and what they are."""

A_PLUGIN = "a plugin that calls it: `python -m explainers new --network my_network` writes one to begin with"
HINTS = {
    ".pb": f"Save the model where it was built, by model.save('model.keras'), or write {A_PLUGIN}; Keras'"
    " TFSMLayer calls a SavedModel.",
    ".index": "Save the model where it was built, by model.save('model.keras').",
    ".onnx": f"Write {A_PLUGIN}.",
    ".tflite": f"Write {A_PLUGIN}.",
    ".keras": "Name the file itself.",
}
"""{suffix: what to do with such a file where layout.json is of no use}."""

UNREAD = set(HINTS) - {".keras"}
"""Suffixes of files that are not read, whatever describes them."""


def kind_of(file: Path) -> str:
    """What a single file of another program is; "" where that is not known."""
    return next((kind for pattern, kind in OTHER_KINDS.items() if file.match(pattern)), "")


def _other_kind(directory: Path) -> tuple[Path, str] | None:
    found = ((next(directory.glob(pattern), None), kind) for pattern, kind in OTHER_KINDS.items())
    return next(((file, kind) for file, kind in found if file), None)


def foreign_config(directory: Path, *, name: str) -> dict:
    """The configuration that `layout.json` gives to `model.safetensors` of another project.

    Fields: `layout`, `labels`, `input`, and where they are needed `prefix`, `epsilon`, `final_relu`, `head`, `file`.
    """
    raw = read_json(directory / LAYOUT)
    if not isinstance(raw, dict):
        raise CheckpointError(f"{LAYOUT} is not a JSON object.")
    weights = {key: raw[key] for key in ("file", "layout", "prefix", "epsilon", "sha256") if key in raw}
    copied = {key: raw[key] for key in ("labels", "input", "final_relu", "head") if key in raw}
    described = {
        "format": FORMAT,
        "name": name,
        "architecture": ARCHITECTURE,
        "weights": {"file": FOREIGN_WEIGHTS} | weights,
    }
    return check_config(described | copied)


def original_config(directory: Path, *, name: str) -> dict:
    """A configuration for the original application's directory, which has none: its rule, and its labels' order."""
    config = {
        "format": FORMAT,
        "name": name,
        "architecture": ARCHITECTURE,
        "head": [],
        "input": {"rule": "original", "size": 224},
        "weights": {"file": ORIGINAL_WEIGHTS, "layout": "keras2"},
    }
    if (directory / "labels.json").is_file():
        labels = read_json(directory / "labels.json")
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            raise CheckpointError("labels.json is not a list of names.")
        config["labels"] = labels
    return config
