"""Runs plugins' explainers in separate processes, which are ended when they take too long.

A process has the explainer and nothing else: its calls of the network are answered from here, so that results, counts
of passes and caches are the same as without a process. This protects against plugins that hang, crash, take too much
time or memory, print without end, or start processes. It does not protect against malicious ones: a plugin is also
imported here, when it is registered.
"""

import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from explainers.contract.explainer import Explainer
from explainers.contract.needs import needs_of
from explainers.errors import ExplainerError, TooSlow
from explainers.running.process import worker_process
from hub.errors import CxrLensError

if TYPE_CHECKING:
    from explainers.contract.context import Context

POLL_S = 0.1
"""Seconds between two checks of the time limit and of whether the run was cancelled."""

START_LIMIT_S = 60.0
"""Seconds that a process may take to import the plugin, in addition to the explainer's own time."""

MEMORY_MB = 4096
"""Default of what a process may take: PyTorch with a network of its own fits in."""

PREDICTOR_METHODS = (
    "forward", "forward_with", "forward_from", "activations", "layer_gradient", "input_gradient", "attentions",
    "occluded", "prepare",
)  # fmt: skip
"""The methods of a predictor that a context calls; others are refused."""

ABOUT = ("labels", "layers", "target_layer", "average_maps", "capabilities", "token_grid")
"""What a context reads of a predictor."""


@dataclass(frozen=True)
class Isolation:
    """What an isolated explainer's process may take.

    limit_s    seconds from the moment at which the plugin is imported
    memory_mb  megabytes (2**20 bytes) of data, where the system limits that (Linux)
    """

    limit_s: float
    memory_mb: int = MEMORY_MB


def isolated(explainer: type[Explainer], plugin: str, isolation: Isolation) -> type[Explainer]:
    """The explainer's class, but its work is done in a process of its own.

    plugin  the file or module that registers it, "" for an installed package
    """

    def explain(self: Explainer, context: "Context", finding: str, **options: Any) -> np.ndarray:
        return _remote(explainer.name, plugin, isolation, context, "explain", finding, options)

    def explain_findings(self: Explainer, context: "Context", findings: Sequence[str], **options: Any) -> np.ndarray:
        return _remote(explainer.name, plugin, isolation, context, "explain_findings", list(findings), options)

    together = explainer.explain_findings is not Explainer.explain_findings
    methods: dict[str, Callable] = {"explain": explain}
    if together:
        methods["explain_findings"] = explain_findings
    # options are read from the original's signature and docstring, needs from its code
    described: dict[str, Any] = {
        "options": classmethod(lambda cls: explainer.options()),
        "needs": needs_of(explainer),
        "__doc__": explainer.__doc__,
    }
    return type(explainer.__name__, (explainer,), {**methods, **described, "__module__": explainer.__module__})


def _remote(
    name: str,
    plugin: str,
    isolation: Isolation,
    context: "Context",
    method: str,
    argument: Any,
    options: dict[str, Any],
) -> np.ndarray:
    """The map, computed by another process.

    Raises ExplainerError if that fails or ends, and TooSlow if it takes too long.
    """
    limit = isolation.limit_s
    predictor = context._predictor
    about = {name: getattr(predictor, name) for name in ABOUT}
    task = {
        "plugin": plugin,
        "explainer": name,
        "method": method,
        "argument": argument,
        "options": options,
        "radiograph": context.radiograph,
        "prepared": context.prepared,
        "seed": context.seed,
        "memory_mb": isolation.memory_mb,
        "predictor": {key: _plain(value) for key, value in about.items()},
    }
    with worker_process() as (send, messages):
        send(task)
        deadline, starting = time.monotonic() + START_LIMIT_S, True
        while True:
            context.check_cancelled()
            if time.monotonic() > deadline:
                spent = "did not start" if starting else f"took longer than {limit:g} s"
                raise TooSlow(f"Its process {spent} and was ended.", "The operator sets the limit: --isolate.")
            try:
                kind, *content = messages.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if kind == "started":
                deadline, starting = time.monotonic() + limit, False
            elif kind == "ask":
                send(_answer(context, *content))
            elif kind == "progress":
                context.progress(*content)
            elif kind == "done":
                values, notes = content
                context.note(**notes)
                return values
            elif kind == "failed":
                raise _failure(*content)
            else:
                raise ExplainerError(content[0])


def _failure(code: str, reason: str) -> ExplainerError:
    """What the other process reports, with its code."""
    error = ExplainerError(reason)
    error.code = code  # type: ignore[misc]
    return error


def _answer(context: "Context", method: str, arguments: tuple, keywords: dict) -> tuple[str, Any]:
    """("answer", value), or ("error", exception), which is raised in the explainer."""
    if method not in PREDICTOR_METHODS:
        return "error", AttributeError(f"An isolated explainer has no {method!r}.")
    if method == "occluded":
        keywords = {**keywords, "progress": lambda _: context.check_cancelled()}
    try:
        return "answer", _plain(getattr(context._predictor, method)(*arguments, **keywords))
    except (CxrLensError, ValueError, TypeError) as error:
        return "error", error


def _plain(value: Any) -> Any:
    """A value that can be sent: read-only mappings become dictionaries."""
    return dict(value) if hasattr(value, "items") else value
