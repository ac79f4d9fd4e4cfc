"""Checks of a network: what it says of itself holds, and its methods agree with each other."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from cxr.capabilities import ATTENTIONS, FORWARD_FROM, INPUT_GRADIENT, LAYER_GRADIENT, LAYERS
from cxr.first_look import first_look
from explainers.kit.explainer_runner import other_global_numbers
from explainers.kit.network_runner import NetworkRunner, apart, close
from explainers.kit.report import CheckFailed

THREADS = 4
SHAPES = ((512, 512), (300, 500), (640, 256))
"""Heights and widths of pictures that are prepared."""

COMMON = "Is the network in its evaluation mode, with dropout and batch norms' updates off?"


def preparation(runner: NetworkRunner) -> str:
    """Pictures of every size become finite inputs of one shape, the same twice."""
    for height, width in SHAPES:
        picture = runner.picture(height, width)
        once, twice = runner.on.prepare(picture).array, runner.on.prepare(picture).array
        if once.shape != runner.shape or not np.isfinite(once).all():
            raise CheckFailed(f"A picture of {height} × {width} becomes {once.shape}; {runner.shape} is expected.")
        if not np.array_equal(once, twice):
            raise CheckFailed(f"A picture of {height} × {width} becomes another input the second time.")
    return f"{len(SHAPES)} sizes become {' × '.join(map(str, runner.shape))}"


def pictures(runner: NetworkRunner) -> str:
    """Scores differ between pictures, and are not all at their ends."""
    range_of, *warnings = first_look(runner.on)
    if warnings:
        raise CheckFailed(f"{warnings[0]} {range_of}")
    return range_of


def determinism(runner: NetworkRunner) -> str:
    """The same input gives the same logits."""
    if distance := apart(runner.on.forward(runner.batch), runner.logits):
        raise CheckFailed(f"Logits of one input differ by {distance:.2g} the second time. {COMMON}")
    return "the same twice"


def batch(runner: NetworkRunner) -> str:
    """Logits do not depend on the other members of a batch, nor on their order."""
    single = np.concatenate([runner.on.forward(each[None]) for each in runner.batch])
    if not close(single, runner.logits):
        distance = apart(single, runner.logits)
        raise CheckFailed(f"In a batch, logits differ by {distance:.2g} from those of each input alone. {COMMON}")
    if not close(runner.on.forward(runner.batch[::-1]), runner.logits[::-1]):
        raise CheckFailed("In another order, a batch has other logits.")
    return f"{len(runner.batch)} inputs, together and alone"


def purity(runner: NetworkRunner) -> str:
    """Input and global random numbers stay as they are, and nothing that is asked changes the logits."""
    before, given = runner.logits, runner.batch.copy()
    with other_global_numbers():
        state = _global_numbers()
        runner.ask_everything(given)
        numbers_changed = _global_numbers() != state
    if not np.array_equal(given, runner.batch):
        raise CheckFailed("It writes into the batch that it is given. Work on a copy.")
    if numbers_changed:
        raise CheckFailed("It uses or seeds NumPy's global random numbers.")
    if not close(runner.on.forward(runner.batch), before):
        raise CheckFailed("After gradients and layers were asked for, logits are others. Is something left behind?")
    return "input, random numbers and logits stay"


def _global_numbers() -> list[int]:
    """The state of NumPy's global random numbers."""
    state: Any = np.random.get_state(legacy=False)
    return [*state["state"]["key"].tolist(), state["state"]["pos"]]


def threads(runner: NetworkRunner) -> str:
    """Calls of several threads get their own answers."""
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda at: runner.on.forward(runner.batch[at : at + 1])[0], [0, 1] * THREADS))
    for at, logits in enumerate(found):
        if not close(logits, runner.logits[at % 2]):
            raise CheckFailed("Threads get each other's logits. Keep nothing of a call in the network.")
    return f"{THREADS} threads"


def labels(runner: NetworkRunner) -> str:
    """Each label has its own column, and its gradient moves that column most."""
    columns = runner.logits.T
    if len(columns) > 1 and all(np.allclose(columns[0], each) for each in columns[1:]):
        raise CheckFailed("All columns of logits are equal. Does forward return one column for each label?")
    if not runner.has(INPUT_GRADIENT):
        return f"{len(columns)} columns: {runner.named()}. Their order can't be checked without gradients"
    for label in runner.some_labels():
        _, moved = runner.along_gradient(label)
        if moved[runner.place(label)] <= 0:
            raise CheckFailed(f"Along the gradient of {label!r}, its own logit falls. Is `output` its place in labels?")
    return f"{len(columns)} columns: {runner.named()}"


def input_gradient(runner: NetworkRunner) -> str:
    """The gradient is that of finite differences."""
    runner.needs(INPUT_GRADIENT)
    for label in runner.some_labels():
        promised, moved = runner.along_gradient(label)
        found = moved[runner.place(label)]
        if not abs(found - promised) <= 0.1 * abs(promised) + 1e-4:
            raise CheckFailed(
                f"Along the gradient of {label!r}, a small step should change its logit by {promised:.3g}; it changes "
                f"by {found:.3g}. Is it the gradient of the logit, of each input by itself?"
            )
    return f"as by finite differences, of {', '.join(runner.some_labels())}"


def layer_shapes(runner: NetworkRunner) -> str:
    """Each layer's output has the shape that is claimed."""
    runner.needs(LAYERS)
    for name in runner.some_layers():
        found = runner.on.activations(runner.batch, name).shape
        if found != (len(runner.batch), *runner.on.layers[name]):
            raise CheckFailed(f"{name!r} gives {found}; {runner.on.layers[name]} is claimed of each input.")
    return f"{len(runner.some_layers())} of {len(runner.on.layers)} layers"


def forward_with(runner: NetworkRunner) -> str:
    """Logits that come with a layer's output are those of forward."""
    runner.needs(LAYERS)
    for name in runner.some_layers():
        logits, activations = runner.on.forward_with(runner.batch, name)
        if not close(logits, runner.logits):
            raise CheckFailed(f"With {name!r} come other logits, by {apart(logits, runner.logits):.2g}.")
        if not close(activations[:1], runner.on.activations(runner.batch[:1], name)):
            raise CheckFailed(f"{name!r} gives another output in a batch. {COMMON}")
    return f"at {len(runner.some_layers())} layers"


def forward_from(runner: NetworkRunner) -> str:
    """The part after a layer gives the logits of the whole."""
    runner.needs(FORWARD_FROM)
    for name, found in runner.cuts().items():
        if not close(found, runner.logits):
            raise CheckFailed(
                f"From {name!r} on, logits differ by {apart(found, runner.logits):.2g} from those of the whole network."
            )
    return f"from {len(runner.cuts())} layers"


def layer_gradient(runner: NetworkRunner) -> str:
    """A layer's gradient is that of finite differences through the part after it."""
    runner.needs(LAYER_GRADIENT)
    runner.needs(FORWARD_FROM)
    for name in runner.cuts():
        for label in runner.some_labels():
            promised, found = runner.along_layer_gradient(name, label)
            if not abs(found - promised) <= 0.1 * abs(promised) + 1e-4:
                raise CheckFailed(
                    f"At {name!r}, a small step along the gradient of {label!r} should change its logit by "
                    f"{promised:.3g}, and changes it by {found:.3g}."
                )
    return f"as by finite differences, at {', '.join(runner.cuts())}"


def attentions(runner: NetworkRunner) -> str:
    """Attention sums to one over the tokens it is paid to, and its tokens are those of the grid."""
    runner.needs(ATTENTIONS)
    weights, gradients = runner.on.attentions(runner.batch[:1], runner.on.labels[0])
    before, rows, columns = runner.on.token_grid
    if not rows or weights.shape[-1] != before + rows * columns:
        raise CheckFailed(
            f"There are {weights.shape[-1]} tokens; token_grid and special_tokens claim {before} + {rows} × {columns}."
        )
    if not np.allclose(weights.sum(axis=-1), 1, atol=1e-3) or weights.min() < -1e-6:
        raise CheckFailed("Attention does not sum to 1 over the last axis. Return it after its softmax.")
    if not np.abs(gradients).max():
        raise CheckFailed("The gradients of the attention are all zero.")
    return f"{weights.shape[1]} blocks, {weights.shape[2]} heads, {rows} × {columns} tokens"


NETWORK_CHECKS: Mapping[str, Callable[[NetworkRunner], str]] = {
    each.__name__: each
    for each in (
        preparation, pictures, determinism, batch, purity, threads, labels, input_gradient, layer_shapes, forward_with,
        forward_from, layer_gradient, attentions,
    )
}  # fmt: skip
