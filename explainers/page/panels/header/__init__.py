"""The head of the page: what this is, which network is in use, the notice."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from explainers.contract.needs import unavailable
from explainers.page.concurrency import ANY_NUMBER
from explainers.page.expected_findings import entry
from explainers.page.panel import Event, Panel, handler
from explainers.page.requests import BrowserRequest, Name
from explainers.page.state import AppState
from explainers.pictures import NOTICE

LOOKS_A_SECOND = 5
"""How often an arriving page asks whether the network is there."""


class NetworkRequest(BrowserRequest):
    """A network that is offered, by name."""

    subject: ClassVar[str] = "The network"

    model: Name


class Header(Panel):
    """Says how far the networks are, and changes the one in use."""

    place = "header"

    def template_values(self) -> dict[str, Any]:
        """The sentences, and the notice."""
        return super().template_values() | {"notice": NOTICE}

    @handler(**ANY_NUMBER)
    async def load(self, event: Event) -> AsyncIterator[dict]:
        """The state of the networks: now, while the default one is loaded, and once it is there."""
        async for value in self._follow(""):
            yield value

    @handler(**ANY_NUMBER)
    async def choose(self, event: Event) -> AsyncIterator[dict]:
        """The same with another network, which is loaded if it isn't there; an unknown one changes nothing."""
        chosen = NetworkRequest.from_event(event.data).model
        if chosen in self.state.networks.names:
            self.state.networks.begin(chosen)
            async for value in self._follow(chosen):
                yield value

    @handler(**ANY_NUMBER)
    async def retry(self, event: Event) -> AsyncIterator[dict]:
        """As `choose`, for a network that failed, or that something else took the place of."""
        chosen = NetworkRequest.from_event(event.data).model
        if chosen in self.state.networks.names:
            self.state.networks.retry(chosen)
            async for value in self._follow("" if chosen == self.state.networks.names[0] else chosen):
                yield value

    async def _follow(self, chosen: str) -> AsyncIterator[dict]:
        """The networks each time something about the chosen one changed, until it is there or failed.

        chosen  by the visitor; "" for the default, or what is in use until that is there
        """
        networks, last = self.state.networks, None
        while True:
            state = networks.state(chosen)
            looked = state, networks.in_use, networks.state(networks.in_use)
            if looked != last:
                last = looked
                yield networks_value(self.state, chosen)
            if state.state in ("ready", "failed"):
                return
            await asyncio.sleep(1 / LOOKS_A_SECOND)


def networks_value(state: AppState, chosen: str = "") -> dict:
    """The networks offered, as the browser needs them, and which of them is used by a visitor who chose this one.

    `awaited` is the default network's name while another one is used in its place, else "".
    """
    names = state.networks.names
    used = chosen or state.networks.in_use
    return {
        "chosen": used,
        "awaited": "" if chosen or used == names[0] else names[0],
        "networks": {name: _network(state, name) for name in names},
    }


def _network(state: AppState, name: str) -> dict:
    """How far a network is and, once it is there, what its checkpoint is called and which layers it has."""
    network, predictor = state.networks.state(name), state.networks.loaded(name)
    value: dict[str, Any] = {
        "model": name,
        "state": network.state,
        "notes": list(network.notes),
        "progress": network.progress,
        "findings": state.networks.expected_findings(name),
    }
    if network.state == "ready" and predictor is not None:
        value |= {
            "name": predictor.identity.name,
            "inPlace": predictor.identity.source != name,
            "layers": list(predictor.layers),
            "targetLayer": predictor.target_layer,
            "findings": {label: entry(label, predictor.config.describe(label)) for label in predictor.labels},
            "unavailable": unavailable(state.registry.explainers, predictor),
        }
    return value
