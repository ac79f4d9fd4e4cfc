"""What a registry holds at one moment: classes by name, where each is from, and what was left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from explainers.contract.explainer import Explainer
from explainers.contract.measure import Measure
from explainers.contract.network import Network


@dataclass(frozen=True)
class Failure:
    """A plugin, or one explainer of it, that was left out, and why."""

    plugin: str
    reason: str


@dataclass(frozen=True)
class Snapshot:
    """What a registry holds at one moment.

    explainers, measures, networks                 {name: class}, in the order in which they were registered
    origins, measure_origins, network_origins      {name: the plugin that it is from}, "built-in" for those of cxr-lens
    failures                                       what was left out, with reasons, in order
    """

    explainers: Mapping[str, type[Explainer]] = field(default_factory=dict)
    measures: Mapping[str, type[Measure]] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    measure_origins: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, type[Network]] = field(default_factory=dict)
    network_origins: Mapping[str, str] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
