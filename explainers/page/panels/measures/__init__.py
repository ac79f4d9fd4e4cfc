"""Tests of the maps on the screen: measures under each panel, and where the explainers agree."""

from collections.abc import Iterator
from typing import Any

from explainers.page.concurrency import NOT_QUEUED, TESTING
from explainers.page.panel import Event, Panel, handler
from explainers.page.panels.measures.request import MeasureRequest
from explainers.page.panels.measures.run import run_measures
from explainers.page.sessions import run_name


class Measures(Panel):
    """Chooses tests and runs them; a measure that needs a box is for data sets with boxes."""

    place = "tab"
    order = 10

    def settings(self) -> dict[str, Any]:
        """The measures that apply to a map without a box."""
        measures = self.state.registry.measures.values()
        return {"measures": [each.describe() for each in measures if not each.needs_box]}

    @handler(**TESTING)
    def measure(self, event: Event) -> Iterator[dict]:
        """Measure the explanations on the screen."""
        request = MeasureRequest.from_event(event.data)
        self.state.registry.find_measures(request.names)
        yield from run_measures(self.state, self.state.sessions.of(event.visitor), request)

    @handler(**NOT_QUEUED)
    def cancel(self, event: Event) -> None:
        """End one test of the visitor's maps at its next step."""
        self.state.sessions.cancel(event.session_hash, run_name("measure", event.field("run")))
