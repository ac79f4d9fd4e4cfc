"""A native checkpoint's `config.json`: types, sizes and names are checked before memory is allocated for them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.errors import CheckpointError
from hub.files import read_json

FORMAT = 1
ARCHITECTURE = "densenet121"
KERAS = "keras"
"""Architecture of a whole Keras model, whose file describes its layers."""

ACTIVATIONS, EXPLAINED = ("sigmoid", "softmax"), ("log_odds", "logit")
OUTPUTS_LIMIT = 1000
COMPANIONS = ("bootstrap", "average_maps", "benchmark", "benchmark_rows")
"""Fields that name a further file beside the weights, with its sha256; the network works without them."""

HEAD_LIMIT = 4096
IGNORED = "ignored"
"""Marks an output of a foreign network that is not a finding: the label `{"name": …, "ignored": true}` or ""."""


def read_config(directory: Path) -> dict:
    """`config.json` of a native checkpoint directory, checked; unknown fields are ignored."""
    raw = read_json(directory / "config.json")
    if not isinstance(raw, dict):
        raise CheckpointError("config.json is not a JSON object.")
    if "format" not in raw:
        raise CheckpointError(
            "config.json is that of another program: it has no field 'format'.",
            "Describe the weights in layout.json beside it; docs/checkpoints.md says how.",
        )
    return check_config(raw)


def check_config(raw: dict) -> dict:
    """The same configuration if its fields are valid; CheckpointError names the first one that is not."""
    _require(raw.get("format") == FORMAT, "format", f"{FORMAT}", raw.get("format"))
    architecture = raw.get("architecture")
    expected = f"{ARCHITECTURE!r} or {KERAS!r}"
    _require(architecture in (ARCHITECTURE, KERAS), "architecture", expected, architecture)
    _require(raw.get("pooling", "average") == "average", "pooling", "'average'", raw.get("pooling"))
    _require(isinstance(raw.get("final_relu", True), bool), "final_relu", "true or false", raw.get("final_relu"))
    _check_head(raw.get("head", []))
    if architecture != KERAS or "labels" in raw:  # a whole model's reader names outputs that nobody named
        _check_labels(raw.get("labels"))
    _check_weights(raw.get("weights"))
    _check_ending(raw)
    rule = raw.get("input", {"rule": ""} if architecture == KERAS else None)
    _require(isinstance(rule, dict) and isinstance(rule.get("rule"), str), "input", "an object with a rule", rule)
    for field in ("thresholds", "calibration", "witness", "metrics", "training", "links", "descriptions"):
        _require(isinstance(raw.get(field, {}), Mapping), field, "an object", raw.get(field))
    for field in COMPANIONS:
        if field in raw:
            _require(isinstance(raw[field], Mapping), field, "an object with 'file'", raw[field])
            _check_file_name(f"{field}.file", raw[field].get("file"))
    return raw


def companions(config: Mapping) -> tuple[str, ...]:
    """Names of the files that the configuration names beside the weights."""
    return tuple(config[field]["file"] for field in COMPANIONS if field in config)


def _require(holds: bool, field: str, expected: str, given: object) -> None:
    if not holds:
        raise CheckpointError(f"config.json: {field!r} must be {expected}, not {str(given)[:80]!r}.")


def _check_head(head: Any) -> None:
    fits = isinstance(head, list) and len(head) <= 8
    fits = fits and all(type(units) is int and 1 <= units <= HEAD_LIMIT for units in head)
    _require(fits, "head", f"a list of at most 8 sizes from 1 to {HEAD_LIMIT}", head)


def _check_ending(raw: Mapping) -> None:
    """What turns logits into scores, and what of them is explained."""
    for field, known in (("activation", ACTIVATIONS), ("explained", EXPLAINED)):
        value = raw.get(field, known[0])
        _require(value in known, field, " or ".join(map(repr, known)), value)
    _check_tokens(raw)
    _require(isinstance(raw.get("target_layer", ""), str), "target_layer", "a layer's name", raw.get("target_layer"))


def _check_tokens(raw: Mapping) -> None:
    """Where the patches of a transformer lie among its tokens."""
    grid, special = raw.get("token_grid", [1, 1]), raw.get("special_tokens", 0)
    fits = isinstance(grid, list) and len(grid) == 2 and all(type(side) is int and 1 <= side <= 1024 for side in grid)
    _require(fits, "token_grid", "[rows, columns] of the patches", grid)
    _require(type(special) is int and 0 <= special <= 1024, "special_tokens", "a number of tokens", special)


def _check_labels(labels: Any) -> None:
    fits = isinstance(labels, list) and 1 <= len(labels) <= OUTPUTS_LIMIT and all(map(_is_label, labels))
    _require(fits, "labels", f"a list of 1 to {OUTPUTS_LIMIT} names", labels)
    used = [name for name in map(label_name, labels) if name]
    _require(len(set(used)) == len(used), "labels", "names that are all different", used)
    _require(bool(used), "labels", "at least one finding that is not ignored", labels)


def _is_label(label: object) -> bool:
    return isinstance(label, str) or (isinstance(label, dict) and isinstance(label.get("name"), str))


def label_name(label: str | dict) -> str:
    """The output's finding, or "" where it is ignored."""
    if isinstance(label, dict):
        return "" if label.get(IGNORED) else label["name"]
    return label


def _check_weights(weights: Any) -> None:
    _require(isinstance(weights, dict), "weights", "an object with 'file'", weights)
    _check_file_name("weights.file", weights.get("file"))
    for text in ("layout", "prefix"):
        _require(isinstance(weights.get(text, ""), str), f"weights.{text}", "a text", weights.get(text))
    epsilon = weights.get("epsilon", 1e-5)
    fits = isinstance(epsilon, float) and 0 < epsilon < 1
    _require(fits, "weights.epsilon", "a number between 0 and 1", epsilon)
    digest = weights.get("sha256")
    fits = digest is None or (isinstance(digest, str) and len(digest) == 64)
    _require(fits, "weights.sha256", "64 hexadecimal digits", digest)


def _check_file_name(field: str, name: object) -> None:
    fits = isinstance(name, str) and name == Path(name).name and name not in ("", ".", "..")
    _require(fits, field, "a file's name in the checkpoint's own directory", name)
