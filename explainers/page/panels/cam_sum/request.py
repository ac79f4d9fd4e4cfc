"""What the sum over cells is asked for with."""

from typing import Annotated, ClassVar

from pydantic import Field

from explainers.page.requests import BrowserRequest, Name, RunNumber

MOST_CELLS = 2**20


class CamSumRequest(BrowserRequest):
    """The sum of a network, numbered by the browser.

    cell  the one whose pixels are to be covered, counted row by row; None for each in turn
    """

    subject: ClassVar[str] = "The request for the sum"

    run: RunNumber = 0
    model: Name = ""
    cell: Annotated[int, Field(ge=0, le=MOST_CELLS)] | None = None
