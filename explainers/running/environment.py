"""The process' environment variables, protected from plugins that run in this process.

Libraries read `os.environ` while they work: Gradio asks it for its upload folder at every upload. A plugin that changes
it would change what other visitors get.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Environment:
    """The variables as they were before the first of the plugins that run now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._before: dict[str, str] = {}

    @contextmanager
    def protected(self) -> Iterator[Callable[[], None]]:
        """Restores the variables when the block ends; gives a function that does so earlier."""
        with self._lock:
            if not self._running:
                self._before = dict(os.environ)
            self._running += 1
        try:
            yield self._restore
        finally:
            self._restore()
            with self._lock:
                self._running -= 1

    def _restore(self) -> None:
        with self._lock:
            now = dict(os.environ)
            for name in now.keys() - self._before.keys():
                os.environ.pop(name, None)
            os.environ.update({name: value for name, value in self._before.items() if now.get(name) != value})


# one for the process, as os.environ is
_ENVIRONMENT = _Environment()
protected_environment = _ENVIRONMENT.protected
