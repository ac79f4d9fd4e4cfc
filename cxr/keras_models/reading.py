"""From a whole Keras model's file to a network whose outputs are logits, with its configuration."""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cxr.checkpoint import CheckpointConfig, Identity
from cxr.checkpoint.companions import read_average_maps, read_benchmark
from cxr.keras_models.assumptions import assumed_labels, assumed_rule, notes, own_scaling
from cxr.keras_models.description import CONFIG, HOW, in_float32, objects, read_description
from cxr.keras_models.ending import with_logits
from cxr.keras_models.graph import is_model
from cxr.keras_models.transformer import KerasTransformer
from cxr.network import KerasNetwork
from cxr.preparation import DEFAULT_SIZE_PX, InputRule
from cxr.quiet_import import quiet_import
from hub.directory import Resolved
from hub.errors import CheckpointError

with quiet_import():
    import keras


@dataclass(frozen=True)
class WholeModel:
    """A whole model that was read, as a predictor takes it. `notes` are sentences on what was assumed of it."""

    network: KerasNetwork
    config: CheckpointConfig
    identity: Identity
    notes: tuple[str, ...]
    average_maps: Mapping[str, np.ndarray]
    benchmark: Mapping


def read_whole_model(resolved: Resolved) -> WholeModel:
    """The network of a resolved file or folder.

    Raises CheckpointError for a file that is no whole model, for code and foreign layers in it, for a model that is not
    from one picture to one list of outputs, and where labels or input rule don't fit it.
    """
    file = resolved.directory / resolved.config["weights"]["file"]
    described = read_description(file)
    model = _built(file, described)
    height, width, channels = _input_shape(model, file.name)
    raw, assumed = dict(resolved.config), {}
    if not raw.get("input", {}).get("rule"):
        name, assumed["input"] = assumed_rule(described)
        raw["input"] = {"rule": name, **({"channels": channels} if channels == 1 else {}), **raw.get("input", {})}
    raw["input"] = {**raw["input"], "size": _size(raw["input"], height, width, file.name)}
    rule = InputRule.from_config(raw["input"])
    if rule.input_shape[2] != channels:
        raise CheckpointError(
            f"{file.name} takes {channels} channels; the input rule {rule.rule!r} gives {rule.input_shape[2]}.",
            'State "channels" in the input rule.',
        )
    explained, stated = raw.get("explained", "log_odds"), raw.get("activation", "")
    logits, raw["activation"] = with_logits(model, rule.input_shape, explained=explained, stated=stated)
    outputs = int(logits.output.shape[-1])
    if "labels" not in raw:
        raw["labels"], assumed["labels"] = assumed_labels(outputs), ""
    if len(raw["labels"]) != outputs:
        raise CheckpointError(f"{file.name} has {outputs} outputs; {len(raw['labels'])} labels are stated.")
    _check_computes(logits, described, file.name)
    config = CheckpointConfig.from_raw(raw, name=resolved.name)
    identity = Identity(resolved.name, resolved.shown, resolved.revision, resolved.sha256 or "")
    network = _network(logits, raw, config.target_layer)
    sentences = notes(raw, assumed, own_scaling(described))
    return WholeModel(network, config, identity, sentences, read_average_maps(resolved), read_benchmark(resolved))


def _network(logits: keras.Model, raw: Mapping[str, Any], target: str) -> KerasNetwork:
    if "token_grid" not in raw:
        return KerasNetwork(logits, target=target)
    rows, columns = raw["token_grid"]
    return KerasTransformer(logits, grid=(rows, columns), special=raw.get("special_tokens", 0), target=target)


def _built(file: Path, described: dict[str, Any]) -> keras.Model:
    """The model in float32. Its classes were checked before."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / file.name
        _copied(file, copy, in_float32(described))
        try:
            model = keras.models.load_model(copy, compile=False, safe_mode=True)
        except (TypeError, ValueError, KeyError, OSError, NotImplementedError, AttributeError, ImportError) as error:
            # Keras reports a damaged or unknown description by any of these, over many lines
            first = next(iter(str(error).splitlines()), type(error).__name__)
            raise CheckpointError(f"Keras can't build the model of {file.name}: {first[:200]}", HOW) from error
    if not is_model(model) or not getattr(model, "inputs", None):
        raise CheckpointError(f"{file.name} is a model of Python code, not of layers that are connected.", HOW)
    return model


def _copied(file: Path, copy: Path, described: dict[str, Any]) -> None:
    """The file with another description. An HDF5 file stays as it is, since Keras 2 wrote no half precision."""
    if not zipfile.is_zipfile(file):
        shutil.copyfile(file, copy)
        return
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(copy, "w") as target:
        for info in source.infolist():
            content = json.dumps(described).encode() if info.filename == CONFIG else source.read(info)
            target.writestr(info.filename, content)


def _input_shape(model: keras.Model, file: str) -> tuple[int | None, int | None, int]:
    """(height, width, channels) of the model's input; None for a side that may vary."""
    shapes = [tuple(each.shape) for each in model.inputs]
    outputs = [tuple(each.shape) for each in model.outputs]
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][3] not in (1, 3):
        raise CheckpointError(f"{file} takes {_shown(shapes)}; one picture (height, width, 1 or 3) is expected.", HOW)
    if len(outputs) != 1 or len(outputs[0]) != 2:
        raise CheckpointError(f"{file} gives {_shown(outputs)}; one list of outputs is expected.", HOW)
    return shapes[0][1], shapes[0][2], shapes[0][3]


def _check_computes(model: keras.Model, described: Mapping[str, Any], file: str) -> None:
    """Raises CheckpointError for weights that are not finite, and for layers that can't be computed on this machine."""
    broken = [each.path for each in model.weights if not np.isfinite(keras.ops.convert_to_numpy(each)).all()]
    if broken:
        raise CheckpointError(
            f"{file} has weights that are not finite: {broken[0]}.", "Did training diverge? Save an earlier state."
        )
    try:
        model(np.zeros((1, *model.input.shape[1:]), np.float32))
    except Exception as error:
        if any(each.get("config", {}).get("data_format") == "channels_first" for each in objects(described)):
            reason = "it has layers with channels first, which TensorFlow computes on a GPU only"
        else:
            reason = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{file} can't be computed here: {reason}.", HOW) from error


def _shown(shapes: list[tuple]) -> str:
    return " and ".join(
        f"({', '.join('any' if side is None else str(side) for side in shape[1:])})" for shape in shapes
    )


def _size(rule: dict, height: int | None, width: int | None, file: str) -> int:
    """The side of the input in pixels."""
    if height != width:
        raise CheckpointError(f"{file} takes {height} × {width} pixels; a square input is expected.", HOW)
    given = rule.get("size", rule.get("crop"))
    if height is not None and given not in (None, height):
        raise CheckpointError(f"{file} takes {height} × {height} pixels; `input` says {given}.", "Leave `size` out.")
    return height or given or DEFAULT_SIZE_PX
