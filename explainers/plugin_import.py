"""Imports plugins: Python files by their path, modules by their dotted name."""

import hashlib
import importlib
import importlib.util
import logging
import os
import sys
import traceback
from importlib import metadata
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

from explainers.errors import PluginError, brief
from hub.errors import CxrLensError

log = logging.getLogger(__name__)

MACHINERY = (__file__, importlib.__file__, metadata.__file__)
"""Files whose lines in a traceback are left out."""


def is_path(plugin: str) -> bool:
    """Whether it names a file rather than a module."""
    return plugin.endswith(".py") or Path(plugin).name != plugin


def display_name(plugin: str) -> str:
    """A plugin's name in lists and messages: of a file, its name without the folders."""
    return Path(plugin).name if is_path(plugin) else plugin


def import_plugin(plugin: str) -> ModuleType:
    """The module; the same file is imported once. PluginError says what failed and in which line of the plugin."""
    file = Path(os.path.expanduser(plugin))  # Path.expanduser raises for a user who is not there
    if is_path(plugin) and not file.is_file():
        raise PluginError("There is no such file.", "Check the path after --plugin.")
    if is_path(plugin) and file.suffix != ".py":
        raise PluginError("It is not a Python file.", "Its name must end in .py.")
    try:
        return _import_file(file.resolve()) if is_path(plugin) else importlib.import_module(plugin)
    except KeyboardInterrupt:
        raise  # the user's own
    except BaseException as error:
        log.info("plugin %s failed to import", plugin, exc_info=True)
        raise PluginError(f"It can't be imported. {describe_import_error(error)}") from error


def _import_file(file: Path) -> ModuleType:
    name = f"cxr_lens_plugin_{file.stem}_{hashlib.sha256(str(file).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    loader = SourceFileLoader(name, str(file))
    spec = importlib.util.spec_from_file_location(name, file, loader=loader)
    if spec is None:
        raise ImportError(f"{file.name} can't be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and type hints look the module up by its name while it runs
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def describe_import_error(error: BaseException) -> str:
    """The error in a sentence, with the last line of the file it came from; paths without folders."""
    if isinstance(error, CxrLensError):
        return str(error)
    if isinstance(error, SyntaxError):
        file = f"{Path(error.filename).name}, " if error.filename else ""
        return f"SyntaxError: {error.msg} ({file}line {error.lineno})."
    frames = [each for each in traceback.extract_tb(error.__traceback__) if not _is_import_machinery(each.filename)]
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{brief(error).rstrip('.')}{place}."


def _is_import_machinery(file: str) -> bool:
    """Whether a line belongs to importing itself, which a plugin's author has no use for."""
    return file.startswith("<frozen ") or file in MACHINERY
