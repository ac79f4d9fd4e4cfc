"""The process that an isolated explainer or network runs in: started, spoken with, and ended with all that it started.

It is started by subprocess and not by multiprocessing's spawn: spawn runs the main module of this process again, which
breaks scripts without `if __name__ == "__main__"`, and passes on the whole environment, which includes the Hub's token.
"""

import os
import pickle
import queue
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, cast

from explainers.errors import brief
from explainers.running.children import end_processes_with
from explainers.running.printed import LEFT_OUT, MOST_CHARACTERS

WORKER = "explainers.running.worker"
"""The module that answers for an explainer."""

JOIN_LIMIT_S = 5.0

RUN = "CXR_LENS_RUN"
"""The environment variable by which a run's processes are known, also those that left its process group."""


@contextmanager
def worker_process(
    module: str = WORKER,
) -> Iterator[tuple[Callable[[Any], None], "queue.SimpleQueue[tuple]"]]:
    """(send, messages) of a new process that runs the module, and ends with the block. Its end is a message, too."""
    run = secrets.token_hex(16)
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # a group of its own, which is ended as a whole
        start_new_session=True,
        # the other process must find the same packages; the Hub's secrets are not passed on
        env={**{key: value for key, value in os.environ.items() if not key.startswith("HF_")},
             "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), RUN: run},
    )  # fmt: skip
    pipes = [cast(IO[bytes], each) for each in (process.stdin, process.stdout, process.stderr)]
    stdin, stdout, stderr = pipes
    messages: queue.SimpleQueue[tuple] = queue.SimpleQueue()

    def send(content: Any) -> None:
        with suppress(OSError):  # it has ended, and the message that says so will follow
            pickle.dump(content, stdin, protocol=pickle.HIGHEST_PROTOCOL)
            stdin.flush()

    readers = [
        threading.Thread(target=_read, args=(process, stdout, messages), daemon=True, name="isolated"),
        threading.Thread(target=_pass_on, args=(stderr,), daemon=True, name="isolated-printed"),
    ]
    for reader in readers:
        reader.start()
    try:
        yield send, messages
    finally:
        _end(process, run)
        for reader, pipe in zip(readers, (stdout, stderr), strict=True):
            # a pipe ends with the last process that has it, and the reader with the pipe
            reader.join(JOIN_LIMIT_S)
            if not reader.is_alive():
                pipe.close()
        with suppress(OSError):  # closing flushes what the ended process did not read
            stdin.close()


def _end(process: subprocess.Popen, run: str) -> None:
    """End the process, its group, and what of it left the group."""
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        end_processes_with(RUN, run)
    process.kill()
    process.wait()


def _read(process: subprocess.Popen, stdout: IO[bytes], messages: "queue.SimpleQueue[tuple]") -> None:
    """Put the messages of the process into the queue until it ends."""
    try:
        while True:
            messages.put(pickle.load(stdout))
    except EOFError:
        messages.put(("ended", f"Its process ended without an answer, {_status(process.wait())}."))
    except Exception as error:  # noqa: BLE001 - what a plugin's process sends may break anything
        messages.put(("ended", f"What its process sent can't be read: {brief(error)}"))


def _pass_on(stderr: IO[bytes]) -> None:
    """Pass on what the process prints, up to the limit; the rest is read, so that it doesn't wait, and left out."""
    left = MOST_CHARACTERS
    while part := cast(Any, stderr).read1(65536):
        text = part[:left].decode("utf-8", "replace")
        if left and len(part) >= left:
            text += LEFT_OUT
        left = max(0, left - len(part))
        if text:
            sys.stderr.write(text)
            sys.stderr.flush()


def _status(code: int) -> str:
    """How a process ended, in words."""
    return f"by signal {-code}" if code < 0 else f"with exit status {code}"
