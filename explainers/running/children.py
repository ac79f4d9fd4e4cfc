"""Ends the processes that a plugin started, where the system can name them (Linux)."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

PROCESSES = Path("/proc")

READINGS, PAUSE_S = 5, 0.02
"""How often the processes are read while one of them shows no environment, and seconds between two readings."""


def end_children_of_thread(thread: int) -> None:
    """End the processes that one thread of this process started, and theirs; `thread` is its native id."""
    for child in _children(PROCESSES / "self" / "task" / str(thread)):
        _end(child)
        with suppress(ChildProcessError):  # the plugin waited for it itself
            os.waitpid(child, 0)


def end_processes_with(variable: str, value: str) -> None:
    """End the processes that were started with this value of an environment variable, or by such a process."""
    if os.name != "posix":
        return
    for reading in range(READINGS):
        if reading:
            time.sleep(PAUSE_S)
        if not _end_those_with(f"{variable}={value}".encode()):
            return


def _end_those_with(wanted: bytes) -> bool:
    """End the processes with this in their environment; whether one shows none yet.

    A process that is at that moment becoming another program has no environment until it is that program.
    """
    assert os.name == "posix", "environments are read in /proc"
    becoming = False
    for place in PROCESSES.glob("[0-9]*/environ"):
        with suppress(OSError):  # it has ended meanwhile, or is another user's
            environment = place.read_bytes()
            if wanted in environment.split(b"\0"):
                os.kill(int(place.parent.name), signal.SIGKILL)
            elif not environment:
                becoming |= bool(os.readlink(place.with_name("exe")))  # OSError for those that have ended
    return becoming


def _end(process: int) -> None:
    """End a process and its children, and first of all keep it from starting more of them."""
    assert os.name == "posix", "children are found in /proc alone"
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGSTOP)
    for task in _listed(PROCESSES / str(process) / "task"):
        for child in _children(task):
            _end(child)
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def _children(task: Path) -> list[int]:
    try:
        return [int(number) for number in (task / "children").read_text().split()]
    except OSError:
        return []


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
