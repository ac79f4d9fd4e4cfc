"""Collects explainers, measures and networks from plugins, checks each, and reports what is left out with its reason.

Safe under threads: a registry may change while others read it. Readers get snapshots, which never change.
"""

import importlib
import logging
import pkgutil
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import entry_points
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

import pluggy

from explainers import hookspecs
from explainers.contract.explainer import Explainer, check_explainer_class
from explainers.contract.measure import Measure, check_measure_class
from explainers.contract.network import Network, check_network_class
from explainers.errors import FOLDERS, OptionError, PluginError, brief
from explainers.plugin_import import describe_import_error, display_name, import_plugin
from explainers.snapshot import Failure, Snapshot
from hub.errors import names_hint

if TYPE_CHECKING:
    from explainers.running.isolation import Isolation

log = logging.getLogger(__name__)

BUILTIN = "built-in"
HOOKS = ("cxr_lens_explainers", "cxr_lens_measures", "cxr_lens_networks")

NO_HOOK = "It defines no hook. Mark cxr_lens_explainers() with @hookimpl and return your classes."
Class = TypeVar("Class")


class Registry:
    """The explainers, measures and plugins' networks that are there, by name, in the order of their registration."""

    def __init__(self, *, isolation: "Isolation | None" = None) -> None:
        """isolation: what a plugin's explainer or network may take in a process of its own; its seconds limit a
        plugin's measure, too. None for no limit and no processes. Built-ins have no limit.
        """
        self.isolation, self._depth = isolation, 0
        self._plugins = pluggy.PluginManager(hookspecs.PROJECT)
        self._plugins.add_hookspecs(hookspecs)
        self._loaded: dict[str, ModuleType] = {}
        self.examined: WeakKeyDictionary[type[Explainer], str] = WeakKeyDictionary()
        self._lock = threading.RLock()
        self._published = self._draft = Snapshot()

    @classmethod
    def standard(cls, plugins: Iterable[str] = (), *, isolation: "Isolation | None" = None) -> "Registry":
        """The built-in explainers, those of installed packages, and those of the given files or modules."""
        registry = cls(isolation=isolation)
        registry._register_builtins()
        registry._register_entry_points()
        for plugin in plugins:
            registry.load(plugin)
        return registry

    def snapshot(self) -> Snapshot:
        """All that the registry holds now, for those who read more than one thing of it."""
        return self._published

    @property
    def explainers(self) -> Mapping[str, type[Explainer]]:
        """{name: class}, read-only."""
        return MappingProxyType(dict(self._published.explainers))

    @property
    def origins(self) -> Mapping[str, str]:
        """{explainer's name: plugin that it is from}, "built-in" for those of cxr-lens."""
        return MappingProxyType(dict(self._published.origins))

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What was left out, with reasons, in order; the caller shows them. Tracebacks go to the log."""
        return self._published.failures

    @property
    def measures(self) -> Mapping[str, type[Measure]]:
        """{name: class}, read-only."""
        return MappingProxyType(dict(self._published.measures))

    @property
    def networks(self) -> Mapping[str, type[Network]]:
        """{name: class} of plugins' networks, read-only; checkpoints are not among them."""
        return MappingProxyType(dict(self._published.networks))

    @property
    def defaults(self) -> list[str]:
        """Names of those that are compared where nobody chose."""
        return [name for name, each in self._published.explainers.items() if each.by_default]

    def find(self, names: Sequence[str]) -> list[type[Explainer]]:
        """The classes of these names; OptionError for one that isn't there."""
        return _find(names, self._published.explainers, "explainer")

    def find_measures(self, names: Sequence[str]) -> list[type[Measure]]:
        """The measures of these names or aliases; OptionError for one that isn't there."""
        measures = self._published.measures
        names_of = {alias: name for name, each in measures.items() for alias in each.aliases}
        return _find([name if name in measures else names_of.get(name, name) for name in names], measures, "measure")

    def measure_limit(self, name: str) -> float | None:
        """Seconds that a measure may take; None for no limit."""
        is_own = self._published.measure_origins.get(name) == BUILTIN
        return None if is_own or self.isolation is None else self.isolation.limit_s

    @contextmanager
    def _changed(self) -> Iterator[None]:
        """What the `with` block changes is seen by readers when it ends, all at once."""
        with self._lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if not self._depth:
                    self._published = self._draft

    def load(self, plugin: str) -> None:
        """Import a Python file, or a module by its dotted name, and register it; what fails is reported."""
        with self._changed():
            try:
                module = import_plugin(plugin)
            except PluginError as error:
                self._fail(display_name(plugin), str(error))
            else:
                self._loaded[plugin] = module
                self.register(module, name=display_name(plugin))

    def reload(self, plugin: str) -> tuple[Failure, ...]:
        """Import a plugin's file again, in place of what it registered before; what failed of it now.

        If it can't be imported any more, what it registered before stays.
        """
        name = display_name(plugin)
        with self._changed():
            before = self._loaded.get(plugin)
            others = tuple(failure for failure in self._draft.failures if failure.plugin != name)
            self._draft = replace(self._draft, failures=others)
            if before is not None:
                sys.modules.pop(before.__name__, None)
            try:
                module = import_plugin(plugin)
            except PluginError as error:
                self._fail(name, str(error))
            else:
                self._remove(name, before)
                self._loaded[plugin] = module
                self.register(module, name=name)
            return tuple(failure for failure in self._draft.failures if failure.plugin == name)

    def _remove(self, name: str, module: ModuleType | None) -> None:
        """Take out all that a plugin registered."""
        if module is not None and self._plugins.is_registered(module):
            self._plugins.unregister(module)
        draft = self._draft
        origins, measure_origins, network_origins = (
            {each: origin for each, origin in those.items() if origin != name}
            for those in (draft.origins, draft.measure_origins, draft.network_origins)
        )
        self._draft = Snapshot(
            {each: draft.explainers[each] for each in origins},
            {each: draft.measures[each] for each in measure_origins},
            origins,
            measure_origins,
            {each: draft.networks[each] for each in network_origins},
            network_origins,
            draft.failures,
        )

    def register(self, module: ModuleType | object, *, name: str | None = None) -> None:
        """Take in the classes of a plugin's hooks; each that can't be taken in is reported by itself."""
        name = name or str(getattr(module, "__name__", type(module).__name__))
        with self._changed():
            if self._plugins.is_registered(module) or not self._register_hooks(module, name):
                return
            found = {hook: self._hooked(module, hook) for hook in HOOKS}
            if not any(hook.get_hookimpls() for hook in found.values()):
                self._fail(name, NO_HOOK)
            for hook, add in zip(HOOKS, (self._add_explainer, self._add_measure, self._add_network), strict=True):
                for returned in self._returned(found[hook], hook, name):
                    try:
                        add(returned, name)
                    except PluginError as error:
                        self._fail(name, str(error))

    def _register_hooks(self, module: object, name: str) -> bool:
        """Whether pluggy takes the module's hooks; reported if not."""
        try:
            self._plugins.register(module, name=f"{name} ({id(module)})")
            self._plugins.check_pending()
        except pluggy.PluginValidationError as error:
            # left in, it would be found at fault again with every plugin after it
            if self._plugins.is_registered(module):
                self._plugins.unregister(module)
            hooks = " or ".join(f"{hook}()" for hook in HOOKS)
            self._fail(name, f"A hook must be {hooks}, without arguments. {brief(error)}.")
            return False
        return True

    def _hooked(self, module: object, hook: str) -> pluggy.HookCaller:
        """The caller of a hook of this module alone."""
        others = [plugin for plugin in self._plugins.get_plugins() if plugin is not module]
        return self._plugins.subset_hook_caller(hook, others)

    def _returned(self, caller: pluggy.HookCaller, hook: str, name: str) -> list[object]:
        """What the module's hook returns, as a list; empty, and reported, if it raises or returns something else."""
        if not caller.get_hookimpls():
            return []
        try:
            (result,) = caller() or [None]  # pluggy leaves a None out
            return list(result)
        except KeyboardInterrupt:
            raise  # the user's own
        except BaseException as error:
            log.info("plugin %s failed", name, exc_info=True)
            self._fail(name, f"{hook}() failed. {describe_import_error(error)} It must return a list of classes.")
            return []

    def _add_measure(self, returned: object, plugin: str) -> None:
        measure, draft = check_measure_class(returned), self._draft
        _check_free(measure.name, draft.measures, "measure")
        measures = {**draft.measures, measure.name: measure}
        origins = {**draft.measure_origins, measure.name: plugin}
        self._draft = replace(draft, measures=measures, measure_origins=origins)

    def _add_network(self, returned: object, plugin: str) -> None:
        network, draft = check_network_class(returned), self._draft
        _check_free(network.name, draft.networks, "network")
        networks = {**draft.networks, network.name: network}
        origins = {**draft.network_origins, network.name: plugin}
        self._draft = replace(draft, networks=networks, network_origins=origins)

    def _add_explainer(self, returned: object, plugin: str) -> None:
        explainer, draft = check_explainer_class(returned), self._draft
        taken = draft.origins.get(explainer.name)
        if taken is not None:
            raise PluginError(f"The name {explainer.name!r} is taken by {taken}.", "Choose another name.")
        if self.isolation is not None and plugin != BUILTIN:
            from explainers.running.isolation import isolated

            explainer = isolated(explainer, self.source_of(plugin), self.isolation)
        explainers, origins = {**draft.explainers, explainer.name: explainer}, {**draft.origins, explainer.name: plugin}
        self._draft = replace(draft, explainers=explainers, origins=origins)

    def source_of(self, plugin: str) -> str:
        """The file or module that was loaded under a plugin's name; "" for an installed package."""
        return next((each for each in self._loaded if display_name(each) == plugin), "")

    def _fail(self, plugin: str, reason: str) -> None:
        log.info("plugin %s: %s", plugin, reason)
        failure = Failure(plugin, FOLDERS.sub("", reason))
        self._draft = replace(self._draft, failures=(*self._draft.failures, failure))

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
            except KeyboardInterrupt:
                raise  # the user's own
            except BaseException as error:
                log.info("plugin %s failed to import", point.name, exc_info=True)
                with self._changed():
                    self._fail(point.name, f"It can't be imported. {describe_import_error(error)}")
            else:
                self.register(module, name=point.name)


def _check_free(name: str, known: Mapping[str, object], kind: str) -> None:
    if name in known:
        raise PluginError(f"The name {name!r} is taken by another {kind}.", "Choose another name.")


def _find(names: Sequence[str], known: Mapping[str, Class], kind: str) -> list[Class]:
    for name in names:
        if name not in known:
            raise OptionError(f"There is no {kind} {name!r}.", names_hint(str(name), known))
    return [known[name] for name in names]
