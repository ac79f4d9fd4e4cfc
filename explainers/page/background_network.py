"""One network of the page, loaded in a thread of its own while the server answers."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cxr.errors import Busy
from explainers.loading import names_a_plugin
from explainers.page import heap
from explainers.page.expected_findings import expected_findings
from explainers.registry import Registry
from hub.errors import CxrLensError, SourceError
from hub.keras_file import is_keras_file

if TYPE_CHECKING:
    from cxr.predictor import Predictor
    from hub.presets import Preset

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 120
"""How long a call waits for a network to load before it is answered with BUSY."""

WARM_UP_PX = 64
"""Sides of the picture of the first pass: shades of grey, since a synthetic chest takes longer than the pass."""


@dataclass(frozen=True)
class NetworkState:
    """The state of a network.

    state     "idle" (nobody asked for it yet), "loading", "ready" or "failed"
    notes     sentences for people, such as why another network answers
    progress  share of its download that is there, 0 while the Hub is asked; None where nothing is downloaded
    fallback  whether another network answers in its place
    """

    state: str
    notes: tuple[str, ...] = ()
    progress: float | None = None
    fallback: bool = False


class BackgroundNetwork:
    """One source, loaded once, for whoever waits for it.

    on_download    called when its download begins, in the thread that loads it
    takes_a_place  whether another network was dropped for it
    """

    def __init__(
        self,
        source: str,
        presets: "Mapping[str, Preset] | None" = None,
        *,
        engine: str = "auto",
        registry: Registry | None = None,
        stated: "Mapping[str, Any] | None" = None,
        on_download: Callable[[], None] = lambda: None,
    ) -> None:
        self.source = source
        self._presets, self._engine, self._stated, self._on_download = presets, engine, stated, on_download
        self._registry = registry or Registry()
        self.brought = is_keras_file(Path(source).expanduser()) or names_a_plugin(source, self._registry)
        self.takes_a_place = False
        self._state = NetworkState("idle")
        self._predictor: Predictor | None = None
        self._settled = threading.Event()
        self._starting = threading.Lock()

    @property
    def state(self) -> NetworkState:
        """As it is now."""
        return self._state

    @cached_property
    def expected_findings(self) -> dict[str, dict[str, str]]:
        """{finding: its title and description} before the network is there; empty where that is not known."""
        return expected_findings(self.source, self._registry, self._presets, self._stated)

    @property
    def loaded(self) -> "Predictor | None":
        """The network, if it is there."""
        return self._predictor

    def start(self) -> None:
        """Begin to load, unless that was begun, in a thread that ends with the process."""
        with self._starting:
            if self._state.state == "idle":
                self._state = NetworkState("loading")
                threading.Thread(target=self._load, name="load-network", daemon=True).start()

    def wait(self) -> "Predictor":
        """The network, once it is loaded.

        Raises Busy if that takes too long, and SourceError with the reason if it failed.
        """
        if not self._settled.wait(LONGEST_WAIT_S):
            raise Busy("The network is still being loaded.", "Try again in a minute.")
        if self._predictor is None:
            raise SourceError("The network could not be loaded.", " ".join(self._state.notes))
        return self._predictor

    def _load(self) -> None:
        try:
            self._predictor = self._loaded_and_warm()
        except CxrLensError as error:
            log.error("the network could not be loaded: %s", error)
            self._state = NetworkState("failed", (self._without_folders(str(error)),))
        except Exception:
            log.exception("the network could not be loaded")
            self._state = NetworkState("failed", ("It failed for a reason that is in the server's log.",))
            raise
        finally:
            self._settled.set()

    def _loaded_and_warm(self) -> "Predictor":
        if self.brought:
            return self._brought()
        from cxr.engine import ONNX_RUNTIME, chosen_engine
        from cxr.predictor import Predictor
        from cxr.reading.radiograph import read_radiograph
        from hub import resolve

        # what computes takes as long to import as a silent Hub is waited for
        engine = "cxr.engine.on_onnx" if chosen_engine(self._engine) == ONNX_RUNTIME else "cxr.engine.on_tensorflow"
        threading.Thread(target=import_module, args=(engine,), name="import-engine", daemon=True).start()
        resolved = resolve(self.source, fallback=True, presets=self._presets, progress=self._downloaded)
        self._state = NetworkState("loading")
        predictor = Predictor.load(resolved, engine=self._engine)
        # the first pass compiles; the first visitor should not wait for that
        predictor.predict(read_radiograph(np.linspace(0, 1, WARM_UP_PX**2).reshape(WARM_UP_PX, WARM_UP_PX)))
        notes = tuple(self._without_folders(note) for note in resolved.notes)
        self._state = NetworkState("ready", notes, fallback=resolved.source != self.source)
        # scores need none of it; the first gradient should not wait for it
        builds = threading.Thread(target=self._build, args=(predictor,), name="build-network", daemon=True)
        builds.start()
        return predictor

    def _brought(self) -> "Predictor":
        """A network of the operator's own; what was assumed of it, and what it says of a few pictures, are notes."""
        from cxr.first_look import first_look
        from explainers.loading import load_network

        stated = self._stated if is_keras_file(Path(self.source).expanduser()) else None
        predictor = load_network(self.source, self._registry, engine=self._engine, stated=stated)
        for note in (look := first_look(predictor)):
            log.warning("%s: %s", public_name(self.source), note)
        warned = [note for note in look if note.startswith("Warning")]
        self._state = NetworkState("ready", (*predictor.notes, *warned))
        return predictor

    def _build(self, predictor: "Predictor") -> None:
        predictor.build()
        # the network whose place this one took, and what both needed to be compiled
        heap.give_back(collect=self.takes_a_place)

    def _downloaded(self, share: float) -> None:
        begins = self._state.progress is None
        self._state = NetworkState("loading", progress=share)
        if begins:
            self._on_download()

    def _without_folders(self, sentence: str) -> str:
        return sentence.replace(self.source, public_name(self.source))


def public_name(source: str) -> str:
    """A source as visitors may read it: of a local folder only its name."""
    local = Path(source).is_absolute() or source.startswith(("~", ".")) or Path(source).exists() or ".py" in source
    return Path(source).name if local else source
