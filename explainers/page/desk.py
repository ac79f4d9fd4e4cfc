"""What all panels and endpoints share, made once when the server starts."""

from dataclasses import dataclass, field

from explainers.comparison import Memory
from explainers.page.network import Networks
from explainers.page.private_folder import PrivateFolder
from explainers.page.readings import Readings
from explainers.page.samples import Samples
from explainers.page.settings import PageSettings
from explainers.registry import Registry


@dataclass(frozen=True, eq=False)
class Desk:
    """The owners of all state: networks, explainers, samples, visitors' radiographs, files, maps of all findings."""

    settings: PageSettings
    folder: PrivateFolder
    networks: Networks
    registry: Registry
    samples: Samples = field(default_factory=Samples)
    readings: Readings = field(default_factory=Readings)
    memory: Memory = field(default_factory=Memory)
