"""What the tests are asked for with."""

from typing import ClassVar

from pydantic import Field

from explainers.page.requests import BrowserRequest, Name, RunNumber

MOST_MEASURES, MOST_PANELS = 24, 48


class MeasureRequest(BrowserRequest):
    """Which measures to run on the explanations on the screen, numbered by the browser.

    panels  those that are still on the screen; empty for all that were compared last
    """

    subject: ClassVar[str] = "The list of tests"

    run: RunNumber
    measures: list[Name] = Field(max_length=MOST_MEASURES)
    panels: list[Name] = Field(default_factory=list, max_length=MOST_PANELS)

    @property
    def names(self) -> tuple[str, ...]:
        """The measures, each once."""
        return tuple(dict.fromkeys(self.measures))
