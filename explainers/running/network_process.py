"""A plugin's network in a process of its own, which is ended when a call takes too long, and begun again for the next.

As for explainers (`explainers.running.isolation`), this protects against code that hangs, crashes, or takes too much
time or memory, not against malicious code: the plugin's file is also imported here, where its class is checked.
"""

import queue
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from cxr.errors import LayerError, NotAvailable
from explainers.contract.network import Network
from explainers.errors import PluginError, TooSlow
from explainers.running.isolation import Isolation
from explainers.running.process import worker_process
from hub.errors import CxrLensError

WORKER = "explainers.running.network_worker"

LOAD_LIMIT_S = 110.0
"""Seconds that importing the plugin and loading the weights may take: less than a call waits for a network."""

POLL_S = 0.1

FACTS = ("layers", "target_layer", "token_grid", "special_tokens", "input_shape", "input")
"""What `__init__` may set besides weights, as TorchNetwork sets `layers`."""

SAME_ERRORS: Mapping[str, type[CxrLensError]] = {LayerError.code: LayerError, NotAvailable.code: NotAvailable}
"""Errors that callers tell apart."""


class NetworkProcess:
    """The process of one network, begun at its first call. Calls are made one at a time.

    plugin  the file or module that registers it, "" for an installed package
    """

    def __init__(self, plugin: str, name: str, isolation: Isolation) -> None:
        self._task = {"plugin": plugin, "network": name, "memory_mb": isolation.memory_mb}
        self._name, self._limit_s = name, isolation.limit_s
        self._lock = threading.Lock()
        self._running: list[ExitStack] = []
        self._send: Callable[[Any], None] = lambda _: None
        self._messages: queue.SimpleQueue[tuple] = queue.SimpleQueue()
        weakref.finalize(self, _end, self._running)

    def call(self, method: str, *arguments: Any, seeds: tuple[int, ...] = ()) -> Any:
        """What a method gives. `seeds`: of the calls of `randomised` that lead to the network that is meant.

        Raises what the network raised, as PluginError, LayerError or NotAvailable, and TooSlow.
        """
        with self._lock:
            if not self._messages.empty():
                self.close()  # it ended between two calls
            if not self._running:
                self._begin()
            self._send((seeds, method, arguments))
            return self._answer(method, self._limit_s)

    def close(self) -> None:
        """End the process."""
        _end(self._running)

    def _begin(self) -> None:
        process = ExitStack()
        self._send, self._messages = process.enter_context(worker_process(WORKER))
        self._running.append(process)
        self._send(self._task)
        self._answer("__init__", LOAD_LIMIT_S)

    def _answer(self, method: str, limit_s: float) -> Any:
        """The next message of the process, which is ended where it does not come."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            try:
                kind, *content = self._messages.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if kind == "answer":
                return content[0]
            if kind == "ended" or method == "__init__":
                self.close()
            raise self._error(method, kind, *content)
        self.close()
        raise TooSlow(f"{self._name}.{method} took longer than {limit_s:g} s, and its process was ended.")

    def _error(self, method: str, kind: str, *content: str) -> CxrLensError:
        if kind == "ended":
            return PluginError(f"{self._name}.{method} failed. {content[0]}")
        code, sentence = content
        return SAME_ERRORS.get(code, PluginError)(sentence)


def _end(running: list[ExitStack]) -> None:
    while running:
        running.pop().close()


class IsolatedNetwork(Network):
    """Answers for a network in a process of its own, by the same methods."""

    def __init__(self, network: type[Network], process: NetworkProcess, seeds: tuple[int, ...] = ()) -> None:
        self._network, self._process, self._seeds = network, process, seeds
        for name, value in process.call("facts", seeds=seeds).items():
            setattr(self, name, value)
        self.name = network.name  # type: ignore[misc]  # of this network, not of the class
        self.labels = network.labels  # type: ignore[misc]

    def defines(self, method: str) -> bool:  # type: ignore[override]  # of this network, not of the class
        """Whether the network's class has a method of its own."""
        return self._network.defines(method)

    def randomised(self, seed: int) -> "IsolatedNetwork":
        """The network of the same layers with random weights, in the same process."""
        return IsolatedNetwork(self._network, self._process, (*self._seeds, seed))


def _forwarded(method: str) -> Callable[..., Any]:
    def call(self: IsolatedNetwork, *arguments: Any) -> Any:
        return self._process.call(method, *arguments, seeds=self._seeds)

    call.__doc__ = getattr(Network, method).__doc__
    return call


for _method in (
    "prepare", "forward", "activations", "forward_with", "layer_gradient", "forward_from", "input_gradient",
    "attentions",
):  # fmt: skip
    setattr(IsolatedNetwork, _method, _forwarded(_method))
