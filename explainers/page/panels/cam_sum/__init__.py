"""Where the logit comes from: its exact sum over cells, and what covering the same squares of pixels does."""

from collections.abc import Iterator

from explainers.page.concurrency import EXPLAINING, SCORING
from explainers.page.panel import Event, Panel, handler
from explainers.page.panels.cam_sum.request import CamSumRequest
from explainers.page.panels.cam_sum.run import add_up, cover_cells


class CamSum(Panel):
    """The sum of a network's last cells, for networks that end in a mean and one dense layer."""

    place = "tab"
    order = 30

    @handler(**SCORING)
    def add(self, event: Event) -> Iterator[dict]:
        """Add up what each cell gives to each logit."""
        request = CamSumRequest.from_event(event.data)
        yield from add_up(self.state, self.state.sessions.of(event.visitor), request)

    @handler(**EXPLAINING)
    def cover(self, event: Event) -> Iterator[dict]:
        """Score the radiograph with the pixels of one cell, or of each in turn, covered."""
        request = CamSumRequest.from_event(event.data)
        yield from cover_cells(self.state, self.state.sessions.of(event.visitor), request)
