"""What panels and endpoints share, made once when the server starts."""

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from explainers.page.api.listeners import Listeners
from explainers.page.networks import Networks
from explainers.page.picture_memory import PictureMemory
from explainers.page.private_folder import PrivateFolder
from explainers.page.sample_measurements import SampleMeasurements
from explainers.page.samples import Samples
from explainers.page.sessions import Sessions
from explainers.page.settings import PageSettings
from explainers.registry import Registry
from explainers.running.map_cache import MapCache

if TYPE_CHECKING:
    from explainers.page.metrics import Metrics


@dataclass(frozen=True, eq=False)
class AppState:
    """The owners of all state.

    pictures   reads radiographs within a bound on memory
    sessions   visitors' radiographs
    memory     maps of explainers that compute all findings together
    measurements  what measures of samples have in common
    listeners  which calls of programs somebody waits for
    stopping   set when the server takes no new work
    cut_off    set when running work must end too
    metrics    what is counted for the operator; None if nobody asked for it
    """

    settings: PageSettings
    folder: PrivateFolder
    networks: Networks
    registry: Registry
    samples: Samples = field(default_factory=Samples)
    sessions: Sessions = field(default_factory=Sessions)
    memory: MapCache = field(default_factory=MapCache)
    measurements: SampleMeasurements = field(default_factory=SampleMeasurements)
    listeners: Listeners = field(default_factory=Listeners)
    pictures: PictureMemory = field(default_factory=lambda: PictureMemory(3 * 2**30))
    stopping: threading.Event = field(default_factory=threading.Event)
    cut_off: threading.Event = field(default_factory=threading.Event)
    metrics: "Metrics | None" = None
