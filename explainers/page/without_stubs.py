"""Importing Gradio in less time: without the stubs that it writes for editors.

At every import Gradio parses the source of each of its components and compares it with a `.pyi` file beside it, for
the editors of its authors. That is a third of the time until the page is there, and of no use to a server.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

MODULE, WRITES_STUBS = "gradio.component_meta", "create_or_modify_pyi"


class _Finder(MetaPathFinder):
    """Finds that one module as everyone does, and empties that one function of it. Without either, nothing changes."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != MODULE:
            return None
        found = PathFinder.find_spec(name, path, target)
        if found is None or found.loader is None:
            return found
        execute = found.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            if hasattr(module, WRITES_STUBS):
                setattr(module, WRITES_STUBS, lambda *_, **__: None)

        found.loader.exec_module = exec_module  # type: ignore[method-assign]
        return found


@contextmanager
def without_stubs() -> Iterator[None]:
    """Gradio's components that are imported in the `with` block for the first time get no stubs."""
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
