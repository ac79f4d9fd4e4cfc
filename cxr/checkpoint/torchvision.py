"""DenseNet-121 as torchvision, timm, torchxrayvision and MONAI keep it: the same tensors under Keras' names, exactly.

Kernels change the order of their axes. The two libraries add another epsilon to a batch norm's variance; gamma takes
up the difference, so that outputs stay what they were.
"""

import re
from collections.abc import Mapping

import numpy as np

from hub.architecture import OUTPUT_LAYER, backbone_shapes
from hub.errors import CheckpointError

TORCH_EPSILON, KERAS_EPSILON = 1e-5, 1.001e-5

STEM = "conv0.weight"
BODY = "features."
PREFIXES = ("", "densenet121.", "model.", "backbone.", "net.", "encoder.")
"""What usually stands before `features.`; of several networks in a file, the first of these counts."""

OLD_NAME = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")
"""Names of parts with dots, which torch allowed before version 0.4."""

MONAI_NAME = re.compile(r"(denselayer\d+)\.layers\.")

NO_WEIGHTS = re.compile(
    r"(.*\.)?(num_batches_tracked|pos_weight|op_threshs)"
    r"|(.*\.)?(criterion|loss(_fn|_func|_function)?|(train|val|valid|test)_\w+|metrics?)\.[^.]+"
)
"""Keys of tensors that no score depends on: counters, weights of a loss, states of metrics, torchxrayvision's operating
points."""

VARIABLES = {
    "kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def from_torchvision(
    tensors: Mapping[str, np.ndarray], *, prefix: str | None = None, epsilon: float = TORCH_EPSILON
) -> dict[str, np.ndarray]:
    """{"layer/variable": float32 array} of a state dict, hidden and output layers of any name included.

    prefix   what stands before `features.`; None finds it
    epsilon  of the batch norms in the network that the weights come from

    Raises CheckpointError for a tensor that is missing, or that this network doesn't have.
    """
    named = _plain_names(tensors, prefix)
    weights = {}
    for name in backbone_shapes():
        layer, variable = name.split("/")
        key = f"{torch_module(layer)}.{VARIABLES[variable]}"
        if key not in named:
            raise CheckpointError(f"The checkpoint lacks {key!r}, so it is no DenseNet-121 of torchvision's layout.")
        weights[name] = _keras_axes(named.pop(key))
    fold_epsilon(weights, epsilon)
    return weights | _head(named)


def torch_module(layer: str) -> str:
    """torchvision's name of a Keras layer: `conv3_block2_1_conv` is `features.denseblock2.denselayer2.conv1`."""
    if found := re.fullmatch(r"conv(\d+)_block(\d+)_([012])_(bn|conv)", layer):
        block, number, place, kind = found.groups()
        part = f"norm{int(place) + 1}" if kind == "bn" else f"conv{place}"
        return f"features.denseblock{int(block) - 1}.denselayer{number}.{part}"
    if found := re.fullmatch(r"pool(\d+)_(bn|conv)", layer):
        return f"features.transition{int(found[1]) - 1}.{'norm' if found[2] == 'bn' else 'conv'}"
    return {"conv1_conv": "features.conv0", "conv1_bn": "features.norm0", "bn": "features.norm5"}[layer]


def _plain_names(tensors: Mapping[str, np.ndarray], prefix: str | None) -> dict[str, np.ndarray]:
    """Tensors by torchvision's current names, without prefixes, counters and buffers."""
    parallel = all(key.startswith("module.") for key in tensors)
    named = {key.removeprefix("module.") if parallel else key: tensor for key, tensor in tensors.items()}
    body = _body_of(named) if prefix is None else f"{prefix}{BODY}"
    outer = body.removesuffix(BODY)
    return {
        _plain_name(key, body, outer): np.asarray(tensor)
        for key, tensor in named.items()
        if not NO_WEIGHTS.fullmatch(key.removeprefix(outer))
    }


def _plain_name(key: str, body: str, outer: str) -> str:
    inside = re.match(r"(conv0|norm0|norm5|denseblock\d+|transition\d+)\.", key.removeprefix(body))
    named = f"{BODY}{key.removeprefix(body)}" if key.startswith(body) and inside else key.removeprefix(outer)
    return MONAI_NAME.sub(r"\1.", OLD_NAME.sub(r"\1\2.", named))


def _body_of(named: Mapping[str, np.ndarray]) -> str:
    """What the keys of the network's body begin with: `features.`, or what a script calls the part that it took."""
    found = [key.removesuffix(STEM) for key in named if re.search(r"(^|\.)conv0\.weight$", key)]
    usual = [f"{prefix}{BODY}" for prefix in PREFIXES if f"{prefix}{BODY}" in found]
    if not found:
        known = ", ".join(sorted(named)[:3]) or "none"
        raise CheckpointError(f"The checkpoint has no {BODY + STEM!r}; its first keys are {known}.")
    if not usual and len(found) > 1:
        raise CheckpointError(
            f"The checkpoint holds {len(found)} networks, whose keys begin with {' and '.join(sorted(found)[:3])}.",
            "Name one by the field `prefix` of layout.json.",
        )
    return usual[0] if usual else found[0]


def _keras_axes(tensor: np.ndarray) -> np.ndarray:
    """Kernels (out, in, y, x) become (y, x, in, out), dense ones (out, in) become (in, out)."""
    axes = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}.get(tensor.ndim)
    if axes is None:
        raise CheckpointError(f"A tensor of the shape {tensor.shape} does not belong to a DenseNet-121.")
    return np.ascontiguousarray(tensor.transpose(axes), np.float32)


def fold_epsilon(weights: dict[str, np.ndarray], epsilon: float) -> None:
    """γ' = γ · √((var + ε of Keras) / (var + ε)), so that γ' / √(var + ε of Keras) is γ / √(var + ε)."""
    for name in [name for name in weights if name.endswith("/gamma")]:
        variance = weights[name.replace("/gamma", "/moving_variance")].astype(np.float64)
        if (variance < 0).any():
            raise CheckpointError(f"{name.split('/')[0]} has negative variances.")
        scale = np.sqrt((variance + KERAS_EPSILON) / (variance + epsilon))
        weights[name] = (weights[name] * scale).astype(np.float32)


def _head(named: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The remaining tensors, which must be a chain of dense layers in the file's order: `head_1`… and `predictions`."""
    modules = list(dict.fromkeys(key.rpartition(".")[0] for key in named))
    dense = [module for module in modules if named.get(f"{module}.weight", np.empty(0)).ndim == 2]
    used = {f"{module}.{part}" for module in dense for part in ("weight", "bias")}
    if foreign := sorted(named.keys() - used):
        raise CheckpointError(f"The checkpoint has {foreign[0]!r}, which this network doesn't have.")
    if lacking := sorted(used - named.keys()):
        raise CheckpointError(f"The checkpoint lacks {lacking[0]!r}.")
    names = [*(f"head_{number}" for number in range(1, len(dense))), OUTPUT_LAYER]
    weights = {}
    for name, module in zip(names, dense, strict=False):
        weights[f"{name}/kernel"] = _keras_axes(named[f"{module}.weight"])
        weights[f"{name}/bias"] = _keras_axes(named[f"{module}.bias"])
    return weights
