"""The process that `explainers.running.isolation` starts: it reads one request from stdin and answers on stdout."""

import os
import pickle
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np

from explainers.contract.context import Context
from explainers.contract.explainer import Explainer
from explainers.contract.explanation import check_returned
from explainers.contract.notes import checked_notes
from explainers.errors import describe_failure
from explainers.registry import Registry

if TYPE_CHECKING:
    from cxr.predictor import Predictor

WINDOWS_A_STEP = 16


class RemotePredictor:
    """A predictor whose calls are answered by the other process."""

    def __init__(self, about: Mapping[str, Any], ask: Callable[[str, tuple, dict], Any]) -> None:
        self._ask = ask
        self.labels: tuple[str, ...] = about["labels"]
        self.layers: Mapping[str, tuple[int, int, int]] = about["layers"]
        self.target_layer: str = about["target_layer"]
        self.average_maps: Mapping[str, np.ndarray] = about["average_maps"]
        self.capabilities: frozenset[str] = about["capabilities"]
        self.token_grid: tuple[int, int, int] = about["token_grid"]

    def occluded_in_steps(
        self, prepared: np.ndarray, windows: np.ndarray, fill: np.ndarray | float
    ) -> Iterator[np.ndarray]:
        """The rows of `occluded`, a few windows at a time."""
        for at in range(0, len(windows), WINDOWS_A_STEP):
            yield self.occluded(prepared, windows[at : at + WINDOWS_A_STEP], fill)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        # a progress callback can't be sent, and the other side has its own
        return lambda *given, progress=None, **keywords: self._ask(name, given, keywords)


def main() -> None:
    """Answer one task."""
    into, send = connected()
    task = pickle.load(into)
    limit_memory(task["memory_mb"])
    try:
        send("done", *_explained(task, send, into))
    except BaseException as error:  # noqa: BLE001 - a plugin's code may raise anything; the other side reports it
        send("failed", *describe_failure(error))
    os._exit(0)  # whatever the plugin would still do at the end: threads, exit handlers


def connected() -> tuple[BinaryIO, Callable[..., None]]:
    """(where the other process' messages are read, what sends it one), by the streams that it opened."""
    into, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # what the plugin prints must not end up among the answers, and what it reads not be the task
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)

    process = os.getpid()

    def send(*content: Any) -> None:
        if os.getpid() != process:
            os._exit(1)  # a process that the plugin forked, which must not speak for this one
        message = pickle.dumps(content, protocol=pickle.HIGHEST_PROTOCOL)
        out.write(message)
        out.flush()

    return into, send


def limit_memory(memory_mb: int) -> None:
    """Hold this process to so much memory; more raises MemoryError. Windows has no such limit."""
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (memory_mb * 2**20,) * 2)


def _explained(task: Mapping[str, Any], send: Callable[..., None], into: BinaryIO) -> tuple[np.ndarray, dict]:
    """(map, notes)."""
    explainer = _class(task["plugin"], task["explainer"])

    def ask(name: str, given: tuple, keywords: dict) -> Any:
        send("ask", name, given, keywords)
        kind, content = pickle.load(into)
        if kind == "error":
            raise content
        return content

    context = Context(
        cast("Predictor", RemotePredictor(task["predictor"], ask)),
        task["radiograph"],
        task["prepared"],
        explainer=task["explainer"],
        seed=task["seed"],
        report=lambda fraction, text, preview: send("progress", fraction, text, preview),
    )
    send("started")
    values = getattr(explainer(), task["method"])(context, task["argument"], **task["options"])
    return check_returned(values, task["method"]), checked_notes(context.notes)


def _class(plugin: str, name: str) -> type[Explainer]:
    registry = Registry() if plugin else Registry.standard()
    if plugin:
        registry.load(plugin)
    return registry.explainers[name]


if __name__ == "__main__":
    main()
