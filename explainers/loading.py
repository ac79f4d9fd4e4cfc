"""From what `--model` names to a predictor: checkpoints, Keras models, and the networks of plugins."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explainers.contract.network import Network
from explainers.errors import PluginError
from explainers.registry import Registry
from hub.errors import SourceError, names_hint
from hub.files import sha256_of
from hub.sources import STATED_HINT

if TYPE_CHECKING:
    from cxr.predictor import Predictor

SUFFIX = ".py"


def load_network(
    source: str,
    registry: Registry | None = None,
    *,
    engine: str = "auto",
    stated: Mapping[str, Any] | None = None,
) -> "Predictor":
    """The network that a source string names.

    source    a plugin's file, `my_network.py`, or `my_network.py:NAME` where it has several; the name of a network that
              the registry has; or a checkpoint, as `cxr.Predictor.load` reads it
    registry  with networks of plugins and installed packages; the standard one if None
    engine    what computes forward passes of a checkpoint, as `Predictor.load` reads it
    stated    `labels`, `input` and other fields of a whole Keras model's description

    Raises PluginError for a plugin's network that can't be had, SourceError where `stated` describes no Keras model,
    and what `Predictor.load` raises.
    """
    from cxr.predictor import Predictor

    registry = registry or Registry.standard()
    network = plugin_network(source, registry)
    if network is None:
        return Predictor.load(source, engine=engine, stated=stated)
    if stated:
        raise SourceError(f"The network {network.name!r} states its labels and its input rule itself.", STATED_HINT)
    from explainers.plugin_network import predictor_of

    file = Path(inspect.getfile(network))
    return predictor_of(
        network,
        source=source_name(source),
        sha256=sha256_of(file) if file.is_file() else "",
        make=_in_a_process(network, source, registry),
    )


def _in_a_process(network: type[Network], source: str, registry: Registry) -> Callable[[], Network]:
    """What makes the network: in a process of its own where the registry isolates plugins, else here."""
    if registry.isolation is None:
        return network
    from explainers.running.network_process import IsolatedNetwork, NetworkProcess

    plugin = registry.source_of(registry.snapshot().network_origins.get(source, "")) or plugin_file(source)
    process = NetworkProcess(plugin, network.name, registry.isolation)
    return lambda: IsolatedNetwork(network, process)


def plugin_network(source: str, registry: Registry) -> type[Network] | None:
    """The class that a source string names; None for a source that names no plugin's network.

    Raises PluginError for a plugin's file without a network, or with another one.
    """
    plugin, name = plugin_file(source), source.rpartition(f"{SUFFIX}:")[2] if f"{SUFFIX}:" in source else ""
    if not plugin:
        return registry.networks.get(source)
    if not Path(plugin).expanduser().is_file():
        raise PluginError(f"There is no file {Path(plugin).name!r}.", "Check the path after --model.")
    own = Registry()
    own.load(plugin)
    if own.failures and not own.networks:
        raise PluginError(f"{Path(plugin).name} can't be loaded. {own.failures[0].reason}")
    if not own.networks:
        raise PluginError(f"{Path(plugin).name} brings no network.", "Mark cxr_lens_networks() with @hookimpl.")
    if not name and len(own.networks) > 1:
        raise PluginError(f"{Path(plugin).name} brings several networks.", f"Add one of :{', :'.join(own.networks)}")
    if name and name not in own.networks:
        raise PluginError(f"{Path(plugin).name} has no network {name!r}.", names_hint(name, own.networks))
    return own.networks[name or next(iter(own.networks))]


def plugin_file(source: str) -> str:
    """The plugin's file that a source string names; "" for another source."""
    if source.endswith(SUFFIX):
        return source
    file, found, name = source.rpartition(f"{SUFFIX}:")
    return file + SUFFIX if found and name else ""


def names_a_plugin(source: str, registry: Registry) -> bool:
    """Whether a source string names a plugin's network; nothing is loaded."""
    return bool(plugin_file(source)) or source in registry.networks


def source_name(source: str) -> str:
    """A source as results state it: of a plugin's file, its name without folders."""
    return Path(source).name if SUFFIX in source else source
