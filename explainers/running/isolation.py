"""Runs plugins' explainers in separate processes, which are ended when they take too long.

A process has the explainer and nothing else: its calls of the network are answered from here, so that results, counts
of passes and caches are the same as without a process. This protects against plugins that hang, crash or take too long.
It does not protect against malicious ones: a plugin is also imported here, when it is registered.

The process is started by subprocess and not by multiprocessing's spawn: spawn runs the main module of this process
again, which breaks scripts without `if __name__ == "__main__"`, and passes on the whole environment, which includes the
Hub's token.
"""

import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from explainers.contract.explainer import Explainer
from explainers.errors import ExplainerError, brief
from hub.errors import CxrLensError

if TYPE_CHECKING:
    from explainers.contract.context import Context

POLL_S = 0.1
"""Seconds between two checks of the time limit and of whether the run was cancelled."""

START_LIMIT_S = 60.0
"""Seconds that a process may take to import the plugin, in addition to the explainer's own time."""

JOIN_LIMIT_S = 5.0

PREDICTOR_METHODS = (
    "forward", "forward_with", "forward_from", "activations", "layer_gradient", "input_gradient", "occluded", "prepare",
)  # fmt: skip
"""The methods of a predictor that a context calls; others are refused."""


def isolated(explainer: type[Explainer], plugin: str, limit: float) -> type[Explainer]:
    """A class like the explainer's whose work is done in a process that may take `limit` seconds.

    plugin  the file or module that registers it, "" for an installed package
    """

    def explain(self: Explainer, context: "Context", finding: str, **options: Any) -> np.ndarray:
        return _remote(explainer.name, plugin, limit, context, "explain", finding, options)

    def explain_findings(self: Explainer, context: "Context", findings: Sequence[str], **options: Any) -> np.ndarray:
        return _remote(explainer.name, plugin, limit, context, "explain_findings", list(findings), options)

    together = explainer.explain_findings is not Explainer.explain_findings
    methods: dict[str, Callable] = {"explain": explain}
    if together:
        methods["explain_findings"] = explain_findings
    # options are read from the original's signature and docstring
    described = {"options": classmethod(lambda cls: explainer.options()), "__doc__": explainer.__doc__}
    return type(explainer.__name__, (explainer,), {**methods, **described, "__module__": explainer.__module__})


def _remote(
    name: str, plugin: str, limit: float, context: "Context", method: str, argument: Any, options: dict[str, Any]
) -> np.ndarray:
    """The map, computed by another process. Raises ExplainerError if that fails, ends, or takes too long."""
    predictor = context._predictor
    about = {name: getattr(predictor, name) for name in ("labels", "layers", "target_layer", "average_maps")}
    task = {"plugin": plugin, "explainer": name, "method": method, "argument": argument, "options": options,
            "radiograph": context.radiograph, "prepared": context.prepared, "seed": context.seed,
            "predictor": {key: _plain(value) for key, value in about.items()}}  # fmt: skip
    with _process() as (send, messages):
        send(task)
        deadline, starting = time.monotonic() + START_LIMIT_S, True
        while True:
            context.check_cancelled()
            if time.monotonic() > deadline:
                spent = "did not start" if starting else f"took longer than {limit:g} s"
                raise ExplainerError(f"Its process {spent} and was ended.", "The operator sets the limit: --isolate.")
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
                context.notes.update(notes)
                return values
            else:
                raise ExplainerError(content[0])


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


@contextmanager
def _process() -> Iterator[tuple[Callable[[Any], None], "queue.SimpleQueue[tuple]"]]:
    """(send, messages) of a new process, which ends with the block. Its end is a message, too."""
    process = subprocess.Popen(
        [sys.executable, "-m", "explainers.running.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # the other process must find the same packages; the Hub's secrets are not passed on
        env={**{key: value for key, value in os.environ.items() if not key.startswith("HF_")},
             "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    stdin, stdout = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
    messages: queue.SimpleQueue[tuple] = queue.SimpleQueue()

    def send(content: Any) -> None:
        with suppress(OSError):  # it has ended, and the message that says so will follow
            pickle.dump(content, stdin, protocol=pickle.HIGHEST_PROTOCOL)
            stdin.flush()

    reader = threading.Thread(target=_read, args=(process, stdout, messages), daemon=True, name="isolated")
    reader.start()
    try:
        yield send, messages
    finally:
        process.kill()
        process.wait()
        # the pipe ends with the process and the reader with the pipe, unless a process that the plugin forked holds it
        reader.join(JOIN_LIMIT_S)
        if not reader.is_alive():
            stdout.close()
        with suppress(OSError):  # closing flushes what the ended process did not read
            stdin.close()


def _read(process: subprocess.Popen, stdout: IO[bytes], messages: "queue.SimpleQueue[tuple]") -> None:
    """Put the messages of the process into the queue until it ends."""
    try:
        while True:
            messages.put(pickle.load(stdout))
    except EOFError:
        messages.put(("ended", f"Its process ended without an answer, {_status(process.wait())}."))
    except Exception as error:  # noqa: BLE001 - what a plugin's process sends may break anything
        messages.put(("ended", f"What its process sent can't be read: {brief(error)}"))


def _status(code: int) -> str:
    """How a process ended, in words."""
    return f"by signal {-code}" if code < 0 else f"with exit status {code}"
