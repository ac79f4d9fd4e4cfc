"""The comparison: explanations of one finding side by side, appearing as they finish.

The browser gets each map once, as numbers, and draws it: view, opacity, colours and scale never come back here.
"""

from collections.abc import Iterator

from explainers.page.concurrency import EXPLAINING, NOT_QUEUED
from explainers.page.panel import Event, Panel, handler
from explainers.page.panels.comparison.request import CompareRequest
from explainers.page.panels.comparison.run import run_comparison
from explainers.page.sessions import run_name


class Comparison(Panel):
    """The maps, what they show, and how they are drawn."""

    place = "main"
    order = 10

    @handler(**EXPLAINING)
    def compare(self, event: Event) -> Iterator[dict]:
        """Explain a finding of the visitor's radiograph with several explainers."""
        request = CompareRequest.from_event(event.data)
        yield from run_comparison(self.state, self.state.sessions.of(event.visitor), request)

    @handler(**NOT_QUEUED)
    def cancel(self, event: Event) -> None:
        """End one of the visitor's comparisons at its next step."""
        self.state.sessions.cancel(event.session_hash, run_name("compare", event.field("run")))
