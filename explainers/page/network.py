"""The network behind the page: loaded in a thread of its own while the server already answers."""

import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cxr.errors import Busy
from hub.errors import CxrLensError, SourceError, names_hint

if TYPE_CHECKING:
    from cxr.predictor import Predictor

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 120
"""How long a call waits for the network to load before it is told to come back."""


@dataclass(frozen=True)
class NetworkState:
    """How far loading is: "loading", "ready" or "failed"; and sentences for people, such as why a fall-back is used."""

    state: str
    notes: tuple[str, ...] = ()


class BackgroundNetwork:
    """Loads a checkpoint once, on request of the server, and hands its Predictor to whoever waits for it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._state = NetworkState("loading")
        self._predictor: Predictor | None = None
        self._settled = threading.Event()

    @property
    def state(self) -> NetworkState:
        """As it is now."""
        return self._state

    @property
    def loaded(self) -> "Predictor | None":
        """The network, if it is there."""
        return self._predictor

    def start(self) -> None:
        """Begin to load, in a thread that ends with the process."""
        threading.Thread(target=self._load, name="load-network", daemon=True).start()

    def find(self, model: str = "") -> "Predictor":
        """The network of that name, "" for the one there is; waits while it loads.

        Raises SourceError for a name that this server doesn't offer, Busy if loading takes too long, and what loading
        raised if it failed.
        """
        if not self._settled.wait(LONGEST_WAIT_S):
            raise Busy("The network is still being loaded.", "Try again in a minute.")
        if self._predictor is None:
            raise SourceError("The network could not be loaded.", " ".join(self._state.notes))
        known = dict.fromkeys([self._predictor.identity.name, self._predictor.identity.source])
        if model not in ("", self.source, *known):
            raise SourceError(f"This server has no checkpoint {model!r}.", names_hint(str(model), known))
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
        from cxr.phantom import phantom
        from cxr.predictor import Predictor
        from hub import resolve

        resolved = resolve(self.source, fallback=True)
        predictor = Predictor.load(resolved)
        # the first pass compiles; the first visitor should not wait for that
        predictor.predict(phantom(size=256).radiograph)
        self._state = NetworkState("ready", tuple(self._without_folders(note) for note in resolved.notes))
        return predictor

    def _without_folders(self, sentence: str) -> str:
        """A sentence as visitors may read it: of a local folder that the operator gave, only its name."""
        local = Path(self.source).is_absolute() or self.source.startswith(("~", "."))
        return sentence.replace(self.source, Path(self.source).name) if local else sentence
