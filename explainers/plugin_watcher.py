"""Reloads plugins when their files are saved."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from explainers.registry import Registry

EVERY_S = 0.5


class PluginWatcher:
    """Looks at plugins' files from time to time, and reloads those that changed.

    on_reload  called after each reload with the file's name and, if something of it was left out, why
    """

    def __init__(self, registry: Registry, plugins: Sequence[str], on_reload: Callable[[str, str], None]) -> None:
        self._registry, self._on_reload = registry, on_reload
        self._seen = {plugin: _state(plugin) for plugin in plugins if Path(plugin).suffix == ".py"}

    def start(self, ended: threading.Event) -> None:
        """Look in a thread of its own, until the event is set."""

        def look() -> None:
            while not ended.wait(EVERY_S):
                self.look()

        threading.Thread(target=look, name="watch-plugins", daemon=True).start()

    def look(self) -> list[str]:
        """Reload what changed since the last look; its files."""
        changed = [plugin for plugin, seen in self._seen.items() if _state(plugin) not in (seen, None)]
        for plugin in changed:
            self._seen[plugin] = _state(plugin)
            failures = self._registry.reload(plugin)
            self._on_reload(Path(plugin).name, " ".join(failure.reason for failure in failures))
        return changed


def _state(plugin: str) -> tuple[int, int] | None:
    """(time, size); None while there is no file, as between two steps of an editor that saves."""
    try:
        found = Path(plugin).expanduser().stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
