"""The networks of the page: each is loaded in its own thread while the server answers; at most two are in memory."""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxr.errors import Busy
from explainers.loading import names_a_plugin
from explainers.registry import Registry
from hub.errors import CxrLensError, SourceError, names_hint
from hub.keras_file import is_keras_file

if TYPE_CHECKING:
    from cxr.predictor import Predictor
    from hub.presets import Preset

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 120
"""How long a call waits for a network to load before it is answered with BUSY."""

MOST_IN_MEMORY = 2


@dataclass(frozen=True)
class NetworkState:
    """The state of a network.

    state     "idle" (nobody asked for it yet), "loading", "ready" or "failed"
    notes     sentences for people, such as why another network answers
    progress  share of its download that is there, None where nothing is downloaded
    fallback  whether another network answers in its place
    """

    state: str
    notes: tuple[str, ...] = ()
    progress: float | None = None
    fallback: bool = False


@dataclass(frozen=True)
class AnsweringNetwork:
    """A network that answers a call.

    requested  the name under which the server offers what was asked for
    fallback   why another network answers in its place; "" if it is the one that was asked for
    """

    predictor: "Predictor"
    requested: str
    fallback: str = ""


class BackgroundNetwork:
    """One source, loaded once, for whoever waits for it."""

    def __init__(
        self,
        source: str,
        presets: "Mapping[str, Preset] | None" = None,
        *,
        engine: str = "auto",
        registry: Registry | None = None,
        stated: "Mapping[str, Any] | None" = None,
    ) -> None:
        self.source = source
        self._presets, self._engine, self._stated = presets, engine, stated
        self._registry = registry or Registry()
        self.brought = is_keras_file(Path(source).expanduser()) or names_a_plugin(source, self._registry)
        self._state = NetworkState("idle")
        self._predictor: Predictor | None = None
        self._settled = threading.Event()
        self._starting = threading.Lock()

    @property
    def state(self) -> NetworkState:
        """As it is now."""
        return self._state

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
        from cxr.phantom import phantom

        if self.brought:
            return self._brought()
        from cxr.engine import ONNX_RUNTIME, chosen_engine
        from cxr.predictor import Predictor
        from hub import resolve

        # what computes takes as long to import as a silent Hub is waited for
        engine = "cxr.engine.on_onnx" if chosen_engine(self._engine) == ONNX_RUNTIME else "cxr.engine.on_tensorflow"
        threading.Thread(target=import_module, args=(engine,), name="import-engine", daemon=True).start()
        resolved = resolve(self.source, fallback=True, presets=self._presets, progress=self._downloaded)
        self._state = NetworkState("loading")
        predictor = Predictor.load(resolved, engine=self._engine)
        # the first pass compiles; the first visitor should not wait for that
        predictor.predict(phantom(size=256).radiograph)
        notes = tuple(self._without_folders(note) for note in resolved.notes)
        self._state = NetworkState("ready", notes, fallback=resolved.source != self.source)
        # scores need none of it; the first gradient should not wait for it
        threading.Thread(target=predictor.build, name="build-network", daemon=True).start()
        return predictor

    def _brought(self) -> "Predictor":
        """A network of the operator's own; what was assumed of it, and what it says of a few pictures, are notes."""
        from cxr.first_look import first_look
        from explainers.loading import load_network

        predictor = load_network(self.source, self._registry, engine=self._engine, stated=self._stated)
        for note in (look := first_look(predictor)):
            log.warning("%s: %s", public_name(self.source), note)
        warned = [note for note in look if note.startswith("Warning")]
        self._state = NetworkState("ready", (*predictor.notes, *warned))
        return predictor

    def _downloaded(self, share: float) -> None:
        self._state = NetworkState("loading", progress=share)

    def _without_folders(self, sentence: str) -> str:
        return sentence.replace(self.source, public_name(self.source))


class Networks:
    """The networks that the operator offers, the first of them by default; loaded when they are first asked for."""

    def __init__(
        self,
        sources: Sequence[str],
        presets: "Mapping[str, Preset] | None" = None,
        *,
        engine: str = "auto",
        registry: Registry | None = None,
        stated: "Mapping[str, Any] | None" = None,
    ) -> None:
        """registry: with plugins' networks. stated: what the operator says of whole Keras models."""
        self._presets, self._engine, self._registry, self._stated = presets, engine, registry, stated
        self._by_name = {public_name(source): self._fresh(source) for source in sources}
        if len(self._by_name) < len(sources):
            raise SourceError(f"Two checkpoints have the same name: {', '.join(sources)}.", "Rename a folder.")
        self._used: list[str] = []
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """Of what is offered, the default first."""
        return tuple(self._by_name)

    def begin(self, name: str = "") -> None:
        """Begin to load a network that is offered, "" for the default, unless that was begun."""
        self._asked(name or self.names[0])

    def state(self, name: str = "") -> NetworkState:
        """How far a network is; "" for the default."""
        return self._by_name[name or self.names[0]].state

    def loaded(self, name: str = "") -> "Predictor | None":
        """A network if it is in memory; "" for the default."""
        return self._by_name[name or self.names[0]].loaded

    def brought(self, name: str = "") -> bool:
        """Whether a network is the operator's own model or plugin, rather than a checkpoint; "" for the default."""
        return self._by_name[name or self.names[0]].brought

    def find(self, model: object = "") -> "Predictor":
        """The network of that name, "" for the default; loads it, and waits, if it isn't there.

        Raises SourceError for a name that this server doesn't offer, or if it could not be loaded, and Busy if that
        takes too long.
        """
        return self._asked(self.name_of(model)).wait()

    def answering(self, model: str = "") -> AnsweringNetwork:
        """The network that answers a program's call; loads it, and waits, if it isn't there.

        The default network may give way to another, and the answer says so. A network that was named never does, unless
        the name is that of the one which answers. Raises as `find` does, and SourceError where a named network fell
        back.
        """
        name = self.name_of(model)
        predictor = self.find(name)
        state = self.state(name)
        if not state.fallback:
            return AnsweringNetwork(predictor, name)
        if model not in ("", predictor.identity.name, predictor.identity.source):
            raise SourceError(
                " ".join(state.notes), f"Leave 'model' out for the network in use, or try {model!r} again later."
            )
        return AnsweringNetwork(predictor, name, " ".join(state.notes))

    def name_of(self, model: object) -> str:
        """The name under which a network is offered: itself, or the name that its checkpoint gives itself."""
        if model == "":
            return self.names[0]
        if isinstance(model, str) and model in self._by_name:
            return model
        for name, each in self._by_name.items():
            if each.loaded and model in (each.source, each.loaded.identity.name, each.loaded.identity.source):
                return name
        raise SourceError(f"This server has no checkpoint {model!r}.", names_hint(str(model), self.names))

    def retry(self, model: object = "") -> None:
        """Load a network again that failed, or that another one replaces."""
        name = self.name_of(model)
        with self._lock:
            settled = self._by_name[name]
            if settled.state.state == "failed" or (settled.state.state == "ready" and settled.state.notes):
                self._by_name[name] = self._fresh(settled.source)
        self._asked(name)

    def _fresh(self, source: str) -> BackgroundNetwork:
        return BackgroundNetwork(
            source, self._presets, engine=self._engine, registry=self._registry, stated=self._stated
        )

    def _asked(self, name: str) -> BackgroundNetwork:
        """A network, whose loading begins; if there are too many, the one that was used least recently is dropped."""
        with self._lock:
            self._used = [each for each in self._used if each != name] + [name]
            while len(self._used) > MOST_IN_MEMORY:
                oldest = self._used.pop(0)
                self._by_name[oldest] = self._fresh(self._by_name[oldest].source)
            network = self._by_name[name]
        network.start()
        return network


def public_name(source: str) -> str:
    """A source as visitors may read it: of a local folder only its name."""
    local = Path(source).is_absolute() or source.startswith(("~", ".")) or Path(source).exists() or ".py" in source
    return Path(source).name if local else source
