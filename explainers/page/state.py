"""What all panels and endpoints share, made once when the server starts."""

from dataclasses import dataclass, field

from explainers.page.networks import Networks
from explainers.page.private_folder import PrivateFolder
from explainers.page.samples import Samples
from explainers.page.sessions import Sessions
from explainers.page.settings import PageSettings
from explainers.registry import Registry
from explainers.running.comparison import Memory


@dataclass(frozen=True, eq=False)
class AppState:
    """The owners of all state: networks, explainers, samples, visitors' radiographs, files, maps of all findings."""

    settings: PageSettings
    folder: PrivateFolder
    networks: Networks
    registry: Registry
    samples: Samples = field(default_factory=Samples)
    sessions: Sessions = field(default_factory=Sessions)
    memory: Memory = field(default_factory=Memory)
