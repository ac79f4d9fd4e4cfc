"""From what `--model` names to a predictor: checkpoints, Keras models, and the networks of plugins."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explainers.contract.network import Network
from explainers.errors import PluginError
from explainers.registry import Registry
from hub.errors import names_hint
from hub.files import sha256_of

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

    Raises PluginError for a plugin's network that can't be had, and what `Predictor.load` raises.
    """
    from cxr.predictor import Predictor

    registry = registry or Registry.standard()
    network = plugin_network(source, registry)
    if network is None:
        return Predictor.load(source, engine=engine, stated=stated)
    from explainers.plugin_network import predictor_of

    file = Path(inspect.getfile(network))
    return predictor_of(network, source=source_name(source), sha256=sha256_of(file) if file.is_file() else "")


def plugin_network(source: str, registry: Registry) -> type[Network] | None:
    """The class that a source string names; None for a source that names no plugin's network.

    Raises PluginError for a plugin's file without a network, or with another one.
    """
    file, _, name = source.rpartition(f"{SUFFIX}:") if f"{SUFFIX}:" in source else (source, "", "")
    if not (source.endswith(SUFFIX) or name):
        return registry.networks.get(source)
    plugin = file if file.endswith(SUFFIX) else file + SUFFIX
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


def names_a_plugin(source: str, registry: Registry) -> bool:
    """Whether a source string names a plugin's network; nothing is loaded."""
    return source.endswith(SUFFIX) or f"{SUFFIX}:" in source or source in registry.networks


def source_name(source: str) -> str:
    """A source as results state it: of a plugin's file, its name without folders."""
    return Path(source).name if SUFFIX in source else source
