"""The process that `explainers.running.network_process` starts: it loads one network, and answers calls of it."""

import os
import pickle
import signal
import threading
from collections.abc import Mapping
from queue import SimpleQueue
from typing import Any, BinaryIO

import numpy as np

from explainers.contract.network import Network
from explainers.errors import PluginError, brief, describe_failure
from explainers.registry import Registry
from explainers.running.network_process import FACTS
from explainers.running.worker import connected, limit_memory
from hub.errors import CxrLensError


def main() -> None:
    """Answer calls until the other process closes the pipe."""
    into, send = connected()
    task = pickle.load(into)
    calls: SimpleQueue[tuple] = SimpleQueue()
    # apart, so that the process ends with the other one even while the network computes
    threading.Thread(target=_read, args=(into, calls), daemon=True).start()
    limit_memory(task["memory_mb"])
    name = task["network"]
    try:
        made: dict[tuple[int, ...], Network] = {(): _class(task["plugin"], name)()}
    except BaseException as error:  # noqa: BLE001 - a plugin's code may raise anything; the other side reports it
        send("failed", *_described(name, "__init__", error))
        os._exit(1)
    send("answer", None)
    while True:
        seeds, method, arguments = calls.get()
        try:
            send("answer", _called(_of_seeds(made, seeds), method, arguments))
        except BaseException as error:  # noqa: BLE001 - as above; what can't be sent raises here too
            send("failed", *_described(name, method, error))


def _read(into: BinaryIO, calls: "SimpleQueue[tuple]") -> None:
    try:
        while True:
            calls.put(pickle.load(into))
    except EOFError:
        # the group: what the plugin started ends too
        os.killpg(0, signal.SIGKILL) if os.name == "posix" else os._exit(0)


def _of_seeds(made: dict[tuple[int, ...], Network], seeds: tuple[int, ...]) -> Network:
    """The network itself, or the one with random weights that these seeds lead to; the last one is kept."""
    if seeds not in made:
        found = _of_seeds(made, seeds[:-1]).randomised(seeds[-1])
        if not isinstance(found, Network):
            raise PluginError(f"{made[()].name}.randomised gives {type(found).__name__}, not a Network.")
        for others in [each for each in made if len(each) >= len(seeds)]:
            del made[others]
        made[seeds] = found
    return made[seeds]


def _called(network: Network, method: str, arguments: tuple) -> Any:
    if method == "facts":
        return {name: _plain(getattr(network, name)) for name in FACTS}
    return _plain(getattr(network, method)(*arguments))


def _plain(value: Any) -> Any:
    """A value that the other process can read: another library's tensors become arrays, mappings dictionaries."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return np.asarray(value) if hasattr(value, "__array__") else value


def _described(name: str, method: str, error: BaseException) -> tuple[str, str]:
    """(code, sentence), as without a process of its own."""
    if isinstance(error, CxrLensError):
        return describe_failure(error)
    return PluginError.code, f"{name}.{method} raised {brief(error)}"


def _class(plugin: str, name: str) -> type[Network]:
    registry = Registry() if plugin else Registry.standard()
    if plugin:
        registry.load(plugin)
    if name not in registry.networks:
        raise PluginError(" ".join(each.reason for each in registry.failures) or f"There is no network {name!r}.")
    return registry.networks[name]


if __name__ == "__main__":
    main()
