"""Collects explainers from plugins, checks each, and keeps what can't be taken in with its reason."""

import hashlib
import importlib
import importlib.util
import logging
import os
import pkgutil
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType, ModuleType

import pluggy

from explainers import hookspecs
from explainers.contract.explainer import Explainer, check_explainer_class
from explainers.contract.measure import Measure, check_measure_class
from explainers.errors import FOLDERS, OptionError, PluginError, brief
from hub.errors import CxrLensError, names_hint

log = logging.getLogger(__name__)

BUILTIN = "built-in"
HOOKS = ("cxr_lens_explainers", "cxr_lens_measures")


@dataclass(frozen=True)
class Failure:
    """A plugin, or one explainer of it, that was left out, and why."""

    plugin: str
    reason: str


class Registry:
    """The explainers at hand, by name, in the order in which they were registered."""

    def __init__(self, *, time_limit: float | None = None) -> None:
        """
        time_limit  seconds that an explainer which isn't built in may take, each time in a process of its own
        """
        self._time_limit = time_limit
        self._plugins = pluggy.PluginManager(hookspecs.PROJECT)
        self._plugins.add_hookspecs(hookspecs)
        self._explainers: dict[str, type[Explainer]] = {}
        self._measures: dict[str, type[Measure]] = {}
        self._origins: dict[str, str] = {}
        self._measure_origins: dict[str, str] = {}
        self._loaded: dict[str, ModuleType] = {}
        self._failures: list[Failure] = []

    @classmethod
    def standard(cls, plugins: Iterable[str] = (), *, time_limit: float | None = None) -> "Registry":
        """The built-in explainers, those of installed packages, and those of the given files or modules."""
        registry = cls(time_limit=time_limit)
        registry._register_builtins()
        registry._register_entry_points()
        for plugin in plugins:
            registry.load(plugin)
        return registry

    @property
    def explainers(self) -> Mapping[str, type[Explainer]]:
        """{name: class}, read-only."""
        return MappingProxyType(self._explainers)

    @property
    def origins(self) -> Mapping[str, str]:
        """{explainer's name: plugin it came with}, "built-in" for those of cxr-lens."""
        return MappingProxyType(self._origins)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What was left out, with reasons, in order; whoever made the registry shows them. Tracebacks go to the log."""
        return tuple(self._failures)

    @property
    def measures(self) -> "Mapping[str, type[Measure]]":
        """{name: class}, read-only."""
        return MappingProxyType(self._measures)

    @property
    def defaults(self) -> list[str]:
        """Names of those that are compared where nobody chose."""
        return [name for name, each in self._explainers.items() if each.by_default]

    def find(self, names: Sequence[str]) -> list[type[Explainer]]:
        """The classes of these names; OptionError for one that isn't there."""
        for name in names:
            if name not in self._explainers:
                raise OptionError(f"There is no explainer {name!r}.", names_hint(str(name), self._explainers))
        return [self._explainers[name] for name in names]

    def find_measures(self, names: Sequence[str]) -> "list[type[Measure]]":
        """The measures of these names; OptionError for one that isn't there."""
        for name in names:
            if name not in self._measures:
                raise OptionError(f"There is no measure {name!r}.", names_hint(str(name), self._measures))
        return [self._measures[name] for name in names]

    def load(self, plugin: str) -> None:
        """Import a Python file, or a module by its dotted name, and register it; what fails is reported."""
        try:
            module = _import(plugin)
        except PluginError as error:
            self._fail(_shown(plugin), str(error))
        else:
            self._loaded[plugin] = module
            self.register(module, name=_shown(plugin))

    def reload(self, plugin: str) -> tuple[Failure, ...]:
        """Import a plugin's file again, in place of what it registered before; what failed of it now.

        If it can't be imported any more, what it registered before stays.
        """
        name, before = _shown(plugin), self._loaded.get(plugin)
        self._failures = [failure for failure in self._failures if failure.plugin != name]
        if before is not None:
            sys.modules.pop(before.__name__, None)
        try:
            module = _import(plugin)
        except PluginError as error:
            self._fail(name, str(error))
        else:
            self._forget(name, before)
            self._loaded[plugin] = module
            self.register(module, name=name)
        return tuple(failure for failure in self._failures if failure.plugin == name)

    def _forget(self, name: str, module: ModuleType | None) -> None:
        """All that a plugin registered."""
        if module is not None and self._plugins.is_registered(module):
            self._plugins.unregister(module)
        for known, origins in ((self._explainers, self._origins), (self._measures, self._measure_origins)):
            for each in [each for each, origin in origins.items() if origin == name]:
                del known[each], origins[each]

    def register(self, module: ModuleType | object, *, name: str | None = None) -> None:
        """Take in the explainers of a plugin's hook; each that can't be taken in is reported by itself."""
        name = name or getattr(module, "__name__", type(module).__name__)
        if self._plugins.is_registered(module):
            return
        try:
            self._plugins.register(module, name=f"{name} ({id(module)})")
            self._plugins.check_pending()
        except pluggy.PluginValidationError as error:
            # left in, it would be found at fault again with every plugin after it
            if self._plugins.is_registered(module):
                self._plugins.unregister(module)
            hooks = " or ".join(f"{hook}()" for hook in HOOKS)
            self._fail(name, f"A hook must be {hooks}, without arguments. {brief(error)}.")
            return
        found = {hook: self._hooked(module, hook) for hook in HOOKS}
        if not any(hook.get_hookimpls() for hook in found.values()):
            self._fail(name, "It defines no hook. Mark cxr_lens_explainers() with @hookimpl and return your classes.")
        for hook, take in zip(HOOKS, (self._take, self._take_measure), strict=True):
            for offered in self._offered(found[hook], hook, name):
                try:
                    take(offered, name)
                except PluginError as error:
                    self._fail(name, str(error))

    def _hooked(self, module: object, hook: str) -> pluggy.HookCaller:
        """The caller of a hook of this module alone."""
        others = [plugin for plugin in self._plugins.get_plugins() if plugin is not module]
        return self._plugins.subset_hook_caller(hook, others)

    def _offered(self, caller: pluggy.HookCaller, hook: str, name: str) -> list[object]:
        """What the module's hook returns, as a list; empty, and reported, if it raises or returns something else."""
        if not caller.get_hookimpls():
            return []
        try:
            result = next(iter(caller()), None)  # pluggy leaves a None out
            return list(result)
        except (Exception, SystemExit) as error:  # a stranger's code may raise anything; it is reported, not swallowed
            log.info("plugin %s failed", name, exc_info=True)
            self._fail(name, f"{hook}() failed. {_described(error)} It must return a list of classes.")
            return []

    def _take_measure(self, offered: object, plugin: str) -> None:
        measure = check_measure_class(offered)
        if measure.name in self._measures:
            raise PluginError(f"The name {measure.name!r} is taken by another measure.", "Choose another name.")
        self._measures[measure.name] = measure
        self._measure_origins[measure.name] = plugin

    def _take(self, offered: object, plugin: str) -> None:
        explainer = check_explainer_class(offered)
        taken = self._origins.get(explainer.name)
        if taken is not None:
            raise PluginError(f"The name {explainer.name!r} is taken by {taken}.", "Choose another name.")
        if self._time_limit is not None and plugin != BUILTIN:
            from explainers.running.isolation import isolated

            source = next((each for each in self._loaded if _shown(each) == plugin), "")
            explainer = isolated(explainer, source, self._time_limit)
        self._explainers[explainer.name] = explainer
        self._origins[explainer.name] = plugin

    def _fail(self, plugin: str, reason: str) -> None:
        log.info("plugin %s: %s", plugin, reason)
        self._failures.append(Failure(plugin, FOLDERS.sub("", reason)))

    def _register_builtins(self) -> None:
        from explainers import builtin, measures
        from explainers.builtin import controls

        for room in (builtin, controls):
            names = sorted(found.name for found in pkgutil.iter_modules(room.__path__) if not found.ispkg)
            modules = [importlib.import_module(f"{room.__name__}.{name}") for name in names]
            # those that are compared where nobody chose come first, in lists and on the page
            for module in sorted(modules, key=lambda each: not each.cxr_lens_explainers()[0].by_default):
                self.register(module, name=BUILTIN)
        for found in sorted(pkgutil.iter_modules(measures.__path__), key=lambda each: each.name):
            self.register(importlib.import_module(f"{measures.__name__}.{found.name}"), name=BUILTIN)

    def _register_entry_points(self) -> None:
        for point in entry_points(group=hookspecs.PROJECT):
            try:
                module = point.load()
            except (Exception, SystemExit) as error:
                log.info("plugin %s failed to import", point.name, exc_info=True)
                self._fail(point.name, f"It can't be imported. {_described(error)}")
            else:
                self.register(module, name=point.name)


def _is_path(plugin: str) -> bool:
    """Whether it names a file rather than a module."""
    return plugin.endswith(".py") or Path(plugin).name != plugin


def _shown(plugin: str) -> str:
    """A plugin's name for people: a file without its folders."""
    return Path(plugin).name if _is_path(plugin) else plugin


def _import(plugin: str) -> ModuleType:
    """The module; the same file is imported once. PluginError says what failed and in which line of the plugin."""
    file = Path(os.path.expanduser(plugin))  # Path.expanduser raises for a user who is not there
    if _is_path(plugin) and not file.is_file():
        raise PluginError("There is no such file.", "Check the path after --plugin.")
    if _is_path(plugin) and file.suffix != ".py":
        raise PluginError("It is not a Python file.", "Its name must end in .py.")
    try:
        return _import_file(file.resolve()) if _is_path(plugin) else importlib.import_module(plugin)
    except (Exception, SystemExit) as error:
        log.info("plugin %s failed to import", plugin, exc_info=True)
        raise PluginError(f"It can't be imported. {_described(error)}") from error


def _import_file(file: Path) -> ModuleType:
    name = f"cxr_lens_plugin_{file.stem}_{hashlib.sha256(str(file).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and type hints look the module up by its name while it runs
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _described(error: BaseException) -> str:
    """The error in a sentence, with the last line of the file it came from; paths without folders."""
    if isinstance(error, CxrLensError):
        return str(error)
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg} (line {error.lineno})."
    frames = [each for each in traceback.extract_tb(error.__traceback__) if not _is_machinery(each.filename)]
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{brief(error).rstrip('.')}{place}."


def _is_machinery(file: str) -> bool:
    """Whether a line is of importing itself, and so tells a plugin's author nothing."""
    return file.startswith("<frozen ") or file in (__file__, importlib.__file__)
