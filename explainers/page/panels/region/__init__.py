"""A region that the visitor marks: what each map says of it, and how the scores change when it is covered."""

from collections.abc import Iterator

from explainers.page.concurrency import SCORING
from explainers.page.panel import Event, Panel, handler
from explainers.page.panels.region.request import RegionRequest
from explainers.page.panels.region.run import score_without


class Region(Panel):
    """Covers a region and scores the radiograph again."""

    place = "tab"
    order = 20

    @handler(**SCORING)
    def cover(self, event: Event) -> Iterator[dict]:
        """What the maps on the screen say of a region, and the scores without it."""
        request = RegionRequest.from_event(event.data)
        yield from score_without(self.state, self.state.sessions.of(event.visitor), request)
