"""What all panels and endpoints share, made once when the server starts."""

from dataclasses import dataclass, field

from explainers.comparison import Memory
from explainers.page.network import Networks
from explainers.page.private_folder import PrivateFolder
from explainers.page.readings import Readings
from explainers.page.settings import PageSettings
from explainers.registry import Registry


@dataclass(frozen=True, eq=False)
class Desk:
    """The owners of all state: network, explainers, visitors' radiographs, files, maps of all findings together."""

    settings: PageSettings
    folder: PrivateFolder
    networks: Networks
    registry: Registry
    readings: Readings = field(default_factory=Readings)
    memory: Memory = field(default_factory=Memory)
