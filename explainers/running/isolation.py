"""Explainers of others in processes of their own, ended when they take too long.

The process holds the explainer and nothing else: whatever it asks of the network is answered from here, so results,
counts of passes and memory are those of a run without it. It guards against what hangs, crashes or eats time. It is no
wall against what is malicious: a plugin is imported here, too, when it is registered.
"""

import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from explainers.contract.explainer import Explainer
from explainers.errors import ExplainerError, brief
from hub.errors import CxrLensError

if TYPE_CHECKING:
    from explainers.contract.context import Context

TICK = 0.1
"""Seconds between two looks at the clock and at whether the run was cancelled."""

STARTING = 60.0
"""Seconds that a process may take until it has imported the plugin; they don't count as the explainer's."""

ASKED = (
    "forward", "forward_with", "forward_from", "activations", "layer_gradient", "input_gradient", "occluded", "prepare",
)  # fmt: skip
"""What a context asks of a network; anything else is refused."""


def isolated(explainer: type[Explainer], plugin: str, limit: float) -> type[Explainer]:
    """The explainer's class, but its work is done in a process that lives `limit` seconds at most.

    plugin  the file or module that registers it, "" for an installed package
    """

    def explain(self: Explainer, context: "Context", finding: str, **options: Any) -> np.ndarray:
        return _remote(explainer.name, plugin, limit, context, "explain", finding, options)

    def explain_findings(self: Explainer, context: "Context", findings: Sequence[str], **options: Any) -> np.ndarray:
        return _remote(explainer.name, plugin, limit, context, "explain_findings", list(findings), options)

    together = explainer.explain_findings is not Explainer.explain_findings
    methods = {"explain": explain, "explain_findings": explain_findings} if together else {"explain": explain}
    # options are read off the original's signature and docstring
    described = {"options": classmethod(lambda cls: explainer.options()), "__doc__": explainer.__doc__}
    return type(explainer.__name__, (explainer,), {**methods, **described, "__module__": explainer.__module__})


def _remote(
    name: str, plugin: str, limit: float, context: "Context", method: str, wanted: Any, options: dict[str, Any]
) -> np.ndarray:
    """The map, made by another process; ExplainerError if that fails, ends, or takes too long."""
    predictor = context._predictor
    about = {name: getattr(predictor, name) for name in ("labels", "layers", "target_layer", "average_maps")}
    task = {"plugin": plugin, "explainer": name, "method": method, "wanted": wanted, "options": options,
            "radiograph": context.radiograph, "prepared": context.prepared, "seed": context.seed,
            "predictor": {key: _plain(value) for key, value in about.items()}}  # fmt: skip
    with _process() as (send, messages):
        send(task)
        deadline, starting = time.monotonic() + STARTING, True
        while True:
            context.check_cancelled()
            if time.monotonic() > deadline:
                spent = "did not start" if starting else f"took longer than {limit:g} s"
                raise ExplainerError(f"Its process {spent} and was ended.", "The operator sets the limit: --isolate.")
            try:
                kind, *content = messages.get(timeout=TICK)
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
                context.notes.update(notes)
                return values
            else:
                raise ExplainerError(content[0])


def _answer(context: "Context", method: str, arguments: tuple, keywords: dict) -> tuple[str, Any]:
    """("answer", value), or ("error", the exception) for the explainer to see."""
    if method not in ASKED:
        return "error", AttributeError(f"An isolated explainer has no {method!r}.")
    if method == "occluded":
        keywords = {**keywords, "progress": lambda _: context.check_cancelled()}
    try:
        return "answer", _plain(getattr(context._predictor, method)(*arguments, **keywords))
    except (CxrLensError, ValueError, TypeError) as error:
        return "error", error


def _plain(value: Any) -> Any:
    """What can be sent: a mapping that is read-only can't."""
    return dict(value) if hasattr(value, "items") else value


@contextmanager
def _process() -> Iterator[tuple[Callable[[Any], None], "queue.SimpleQueue[tuple]"]]:
    """(send, messages) of a new process, which does not outlive the block. Its end is a message, too."""
    process = subprocess.Popen(
        [sys.executable, "-m", "explainers.running.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # where this process finds its packages, the other one must; nothing of the Hub's secrets goes along
        env={**{key: value for key, value in os.environ.items() if not key.startswith("HF_")},
             "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    messages: queue.SimpleQueue[tuple] = queue.SimpleQueue()

    def read() -> None:
        try:
            while True:
                messages.put(pickle.load(process.stdout))
        except (EOFError, OSError, ValueError):
            messages.put(("ended", "Its process ended without an answer."))
        except Exception as error:  # noqa: BLE001 - what a stranger's process sends may break anything
            messages.put(("ended", f"What its process sent can't be read: {brief(error)}"))

    def send(content: Any) -> None:
        try:
            pickle.dump(content, process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
        except OSError:
            pass  # it has ended, and the message on that is on its way

    threading.Thread(target=read, daemon=True, name="isolated").start()
    try:
        yield send, messages
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
