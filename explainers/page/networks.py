"""The networks of the page: each is loaded while the server answers; at most two are in memory."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from explainers.page.background_network import BackgroundNetwork, NetworkState, public_name
from explainers.registry import Registry
from hub.errors import SourceError, names_hint

if TYPE_CHECKING:
    from cxr.predictor import Predictor
    from hub.presets import Preset

MOST_IN_MEMORY = 2

STAND_IN = "starter"
"""The packaged network, with which the page works while the default one is downloaded."""


@dataclass(frozen=True)
class AnsweringNetwork:
    """A network that answers a call.

    requested  the name under which the server offers what was asked for
    fallback   why another network answers in its place; "" if it is the one that was asked for
    """

    predictor: "Predictor"
    requested: str
    fallback: str = ""


class Networks:
    """The networks that the operator offers, the first of them by default; loaded when they are first asked for.

    While the default one is downloaded, visitors work with the packaged one, which is offered from then on.
    """

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

    @property
    def in_use(self) -> str:
        """The network that visitors of the page begin with: the packaged one until the default one was downloaded."""
        default = self.names[0]
        is_missing = self.state(default).state in ("loading", "failed")
        return STAND_IN if STAND_IN in self._by_name and is_missing else default

    def begin(self, name: str = "") -> None:
        """Begin to load a network that is offered, "" for the default, unless that was begun."""
        self._asked(name or self.names[0])

    def state(self, name: str = "") -> NetworkState:
        """How far a network is; "" for the default."""
        return self._by_name[name or self.names[0]].state

    def loaded(self, name: str = "") -> "Predictor | None":
        """A network if it is in memory; "" for the default."""
        return self._by_name[name or self.names[0]].loaded

    def expected_findings(self, name: str = "") -> dict[str, dict[str, str]]:
        """{finding: title and description} of a network that is not there yet; "" for the default."""
        return self._by_name[name or self.names[0]].expected_findings

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
                self._by_name[name].takes_a_place = settled.loaded is not None
        self._asked(name)

    def _fresh(self, source: str) -> BackgroundNetwork:
        return BackgroundNetwork(
            source,
            self._presets,
            engine=self._engine,
            registry=self._registry,
            stated=self._stated,
            on_download=self._stand_in,
        )

    def _stand_in(self) -> None:
        """Offer the packaged network, and load it, if the default one is what is downloaded."""
        if self.state().progress is None:
            return
        with self._lock:
            # a new mapping: others may be reading the names
            self._by_name = {**self._by_name, STAND_IN: self._by_name.get(STAND_IN) or self._fresh(STAND_IN)}
        self.begin(STAND_IN)

    def _asked(self, name: str) -> BackgroundNetwork:
        """A network, whose loading begins; if there are too many, the one that was used least recently is dropped.

        One that is being loaded is never dropped: its download would go on for nothing.
        """
        with self._lock:
            self._used = [each for each in self._used if each != name] + [name]
            settled = [each for each in self._used[:-1] if self.state(each).state != "loading"]
            dropped = settled[: max(0, len(self._used) - MOST_IN_MEMORY)]
            for oldest in dropped:
                self._used.remove(oldest)
                self._by_name[oldest] = self._fresh(self._by_name[oldest].source)
            network = self._by_name[name]
            network.takes_a_place |= bool(dropped)
        network.start()
        return network
