"""What happens when a visitor does something: handlers of the page's events.

Each may be called by anybody with any arguments; hiding an event does not close it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import gradio as gr

from explainers.page import about, belief, bench, error_boundary, findings, header, ledger, radiograph, region
from explainers.page.sessions import Session, run_name
from explainers.page.state import AppState

LOOKS_A_SECOND = 5
"""How often an arriving page asks whether the network is there."""


class Visits:
    """Handlers over one state."""

    def __init__(self, state: AppState) -> None:
        self.state = state

    async def arrive(self) -> AsyncIterator[tuple]:
        """Header and About, now, while the default network comes, and once it is there."""
        async for shown in self._follow(self.state.networks.names[0]):
            yield shown

    async def choose(self, event: gr.EventData) -> AsyncIterator[tuple]:
        """Header and About with another network, which is loaded if it isn't there; an unknown one changes nothing."""
        async for shown in self._turn_to(event, self.state.networks.begin):
            yield shown

    async def retry(self, event: gr.EventData) -> AsyncIterator[tuple]:
        """As `choose`, for a network that failed, or that something else took the place of."""
        async for shown in self._turn_to(event, self.state.networks.retry):
            yield shown

    async def _turn_to(self, event: gr.EventData, begin: Callable[[str], None]) -> AsyncIterator[tuple]:
        chosen = _field(event, "model")
        if chosen in self.state.networks.names:
            begin(chosen)
            async for shown in self._follow(chosen):
                yield shown

    async def _follow(self, chosen: str) -> AsyncIterator[tuple]:
        """Header and About each time something about a network changed, until it is there or failed."""
        told = None
        while True:
            state = self.state.networks.state(chosen)
            if state != told:
                told = state
                yield header.shown(self.state, chosen), about.shown(self.state)
            if state.state in ("ready", "failed"):
                return
            await asyncio.sleep(1 / LOOKS_A_SECOND)

    @error_boundary.panel(lambda said: (radiograph.refused(said), gr.skip()))
    def upload(self, event: gr.EventData, request: gr.Request) -> Iterator[tuple]:
        """Read an uploaded file, delete it, show it, score it."""
        content = self.state.folder.take(_field(event, "file"), at_once=True)
        window = radiograph.window_of(_field(event, "window"))
        session = Session(self.state.pictures.read(content, window=window), name="Your radiograph")
        yield from self._open(session, _field(event, "model"), request)

    @error_boundary.panel(lambda said: (radiograph.refused(said), gr.skip()))
    def sample(self, event: gr.EventData, request: gr.Request) -> Iterator[tuple]:
        """Show and score one of the page's own pictures."""
        chosen = self.state.samples.find(_field(event, "name"))
        session = Session(chosen.read(), name=chosen.title, sample=chosen)
        yield from self._open(session, _field(event, "model"), request)

    @error_boundary.panel(findings.refused)
    def rescore(self, event: gr.EventData, request: gr.Request) -> Iterator[dict]:
        """Score the visitor's radiograph with another network."""
        session = self.state.sessions.of(request.session_hash)
        yield self._scored(session, _field(event, "model"))

    @error_boundary.panel(bench.refused)
    def compare(self, event: gr.EventData, request: gr.Request) -> Iterator[dict]:
        """Explain a finding of the visitor's radiograph with several explainers."""
        wish = bench.Wish.from_event(_data(event))
        session = self.state.sessions.of(request.session_hash)
        yield from bench.compared(self.state, session, wish)

    @error_boundary.panel(belief.refused)
    def measure(self, event: gr.EventData, request: gr.Request) -> Iterator[dict]:
        """Measure the explanations on the screen."""
        wish = belief.Wish.from_event(_data(event), self.state.registry)
        session = self.state.sessions.of(request.session_hash)
        yield from belief.measured(self.state, session, wish)

    @error_boundary.panel(region.refused)
    def ask(self, event: gr.EventData, request: gr.Request) -> Iterator[dict]:
        """Say what the maps on the screen say of a region, and score the radiograph without it."""
        wish = region.Wish.from_event(_data(event))
        yield from region.asked(self.state, self.state.sessions.of(request.session_hash), wish)

    @error_boundary.panel(ledger.refused)
    def reckon(self, event: gr.EventData, request: gr.Request) -> Iterator[dict]:
        """Add up what each cell gives to each logit."""
        wish = ledger.Wish.from_event(_data(event))
        yield from ledger.reckoned(self.state, self.state.sessions.of(request.session_hash), wish)

    @error_boundary.panel(ledger.refused)
    def cover(self, event: gr.EventData, request: gr.Request) -> Iterator[dict]:
        """Score the radiograph with the pixels of one cell, or of each in turn, covered."""
        wish = ledger.Wish.from_event(_data(event))
        yield from ledger.covered(self.state, self.state.sessions.of(request.session_hash), wish)

    def stop_comparing(self, event: gr.EventData, request: gr.Request) -> None:
        """End one of the visitor's comparisons at its next step."""
        self.state.sessions.cancel(request.session_hash, run_name("compare", _field(event, "run")))

    def stop_measuring(self, event: gr.EventData, request: gr.Request) -> None:
        """End one test of the visitor's maps at its next step."""
        self.state.sessions.cancel(request.session_hash, run_name("measure", _field(event, "run")))

    def leave(self, request: gr.Request) -> None:
        """Forget a visitor whose page is closed."""
        self.state.sessions.close(request.session_hash)

    def _open(self, session: Session, model: object, request: gr.Request) -> Iterator[tuple]:
        self.state.sessions.open(request.session_hash or "", session)
        yield radiograph.shown(session), None
        yield gr.skip(), self._scored(session, model)

    def _scored(self, session: Session, model: object) -> dict:
        name = self.state.networks.name_of(model or "")
        predictor = self.state.networks.find(name)
        session.prediction = predictor.predict(session.radiograph)
        return findings.shown(session, predictor.config, name)


def _data(event: gr.EventData | None) -> object:
    return getattr(event, "_data", None)


def _field(event: gr.EventData | None, name: str) -> object:
    data = _data(event)
    return data.get(name) if isinstance(data, dict) else None
