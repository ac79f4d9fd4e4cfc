"""Reading a resolved directory of any layout: configuration, checked weights under Keras' names, companion files."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from cxr.checkpoint.companions import read_average_maps, read_benchmark, read_heads
from cxr.checkpoint.config import CheckpointConfig
from cxr.checkpoint.heads import Heads
from cxr.checkpoint.keras3_hdf5 import read_keras3
from cxr.checkpoint.keras_hdf5 import read_keras_hdf5
from cxr.checkpoint.model_config import ModelDescription
from cxr.checkpoint.safetensors_file import read_safetensors
from cxr.checkpoint.torch_file import read_torch
from cxr.checkpoint.torchvision import KERAS_EPSILON, TORCH_EPSILON, fold_epsilon, from_torchvision
from cxr.preparation import InputRule
from hub.architecture import OUTPUT_LAYER, STEM, check_shapes
from hub.directory import ORIGINAL_BACKBONE, Resolved
from hub.errors import CheckpointError
from hub.files import sha256_of
from hub.sources import REPO


@dataclass(frozen=True)
class Identity:
    """Which network gave a result: its name, its source, the Hub's commit if any, the weights' sha256.

    source     `starter`, `org/name[@revision]`, or the name of a local directory without its path
    requested  the source that was asked for, where this network answers in its place; else None
    """

    name: str
    source: str
    revision: str | None
    sha256: str
    requested: str | None = None

    def fallback(self) -> tuple[str, ...]:
        """A warning where another network was requested."""
        if not self.requested:
            return ()
        return (f"{self.requested!r} was requested; {self.name!r} answers in its place.",)

    def to_json(self) -> dict[str, str | None]:
        """The fields as JSON has them; `requested` only where another network was asked for."""
        fields = {"name": self.name, "source": self.source, "revision": self.revision, "sha256": self.sha256}
        return fields | ({"requested": self.requested} if self.requested else {})


@dataclass(frozen=True)
class Checkpoint:
    """A network's configuration and its weights, {"layer/variable": array}, complete and of the right shapes."""

    config: CheckpointConfig
    weights: Mapping[str, np.ndarray]
    identity: Identity
    heads: Heads | None = None
    average_maps: Mapping[str, np.ndarray] = field(default_factory=dict)
    benchmark: Mapping = field(default_factory=dict)


def read_checkpoint(resolved: Resolved) -> Checkpoint:
    """Read and check the weights of a resolved directory.

    Raises CheckpointError, naming keys, shapes or counts, if arrays are missing, left over, of other shapes or not
    finite, or if there are not as many outputs as labels.
    """
    config = CheckpointConfig.from_raw(resolved.config, name=resolved.name)
    file = resolved.directory / resolved.config["weights"]["file"]
    layout = resolved.config["weights"].get("layout", "keras")
    if layout not in READERS:
        raise CheckpointError(f"Weights have the layout {layout!r}.", f"Known: {', '.join(READERS)}.")
    InputRule.from_config(config.input)  # refuses an unknown rule or size before memory is allocated for it
    weights, config = READERS[layout](file, config)
    config = replace(config, input={**config.input, "size": InputRule.from_config(config.input).size})
    _check(weights, config)
    digest = resolved.sha256 or sha256_of(file)
    features, outputs = weights[f"{OUTPUT_LAYER}/kernel"].shape
    heads = read_heads(resolved, features=features, outputs=outputs)
    identity = Identity(resolved.name, resolved.shown, resolved.revision, digest, _shown(resolved.requested))
    return Checkpoint(config, weights, identity, heads, read_average_maps(resolved), read_benchmark(resolved))


def _shown(requested: str) -> str | None:
    """The requested source without a local path, None where there is none."""
    return Path(requested).name if "/" in requested and not REPO.fullmatch(requested) else requested or None


def _native(file: Path, config: CheckpointConfig) -> tuple[dict[str, np.ndarray], CheckpointConfig]:
    return read_safetensors(file), config


def _keras2(file: Path, config: CheckpointConfig) -> tuple[dict[str, np.ndarray], CheckpointConfig]:
    """Read weights in two steps, as the original application does: the backbone's file if there is one, then the model.

    The second file's values take precedence; the first is read for layers that the second may lack.
    """
    backbone = file.with_name(ORIGINAL_BACKBONE)
    first = read_keras_hdf5(backbone, backbone=True)[0] if backbone.is_file() else {}
    whole, final_relu, description = read_keras_hdf5(file)
    if final_relu is not None:
        config = replace(config, final_relu=final_relu)
    return _as_described(first | whole, config, description)


def _torchvision(file: Path, config: CheckpointConfig) -> tuple[dict[str, np.ndarray], CheckpointConfig]:
    described = config.raw["weights"]
    tensors = read_safetensors(file) if file.suffix == ".safetensors" else read_torch(file)
    epsilon = described.get("epsilon", TORCH_EPSILON)
    return from_torchvision(tensors, prefix=described.get("prefix"), epsilon=epsilon), config


def _keras3(file: Path, config: CheckpointConfig) -> tuple[dict[str, np.ndarray], CheckpointConfig]:
    weights, description = read_keras3(file)
    return _as_described(weights, config, description)


def _as_described(
    weights: dict[str, np.ndarray], config: CheckpointConfig, description: ModelDescription | None
) -> tuple[dict[str, np.ndarray], CheckpointConfig]:
    """Weights and configuration of the network that a file describes; the description overrides assumptions."""
    if description is None:
        return weights, config
    if description.scale != 1:
        weights = weights | {STEM: weights[STEM] * np.float32(description.scale)}
    if description.epsilon != KERAS_EPSILON:
        fold_epsilon(weights, description.epsilon)
    given = config.input.get("size", config.input.get("crop"))
    if description.size is not None and given not in (None, description.size):
        raise CheckpointError(
            f"The file's network takes {description.size} × {description.size} pixels; `input` says {given}.",
            f"Give `input` the size {description.size}.",
        )
    size = {} if description.size is None else {"size": description.size}
    head = tuple(config.raw.get("head", description.head))
    return weights, replace(config, final_relu=description.final_relu, head=head, input={**config.input, **size})


READERS = {
    "keras": _native,
    "keras2": _keras2,
    "keras3": _keras3,
    "torchvision": _torchvision,
    "torchxrayvision": _torchvision,
}


def _check(weights: Mapping[str, np.ndarray], config: CheckpointConfig) -> None:
    shapes = {name: array.shape for name, array in weights.items()}
    check_shapes(shapes, head=config.head, labels=len(config.labels))
    for name, array in weights.items():
        if not np.isfinite(array).all():
            raise CheckpointError(f"{name} holds values that are not finite.")
