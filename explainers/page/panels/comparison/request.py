"""What a comparison is asked for with."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from explainers.page.requests import BrowserRequest, Name, OptionValue, RunNumber

MOST_EXPLAINERS = 24

MOST_NETWORKS = 2
"""Side by side: as many as are kept in memory."""

MOST_OPTIONS = 32


class CompareRequest(BrowserRequest):
    """A comparison, numbered by the browser.

    networks  the one whose scores are shown, and another to compare it with if there is one
    second    another finding of the same network to compare with; "" for none. Never together with another network
    """

    subject: ClassVar[str] = "The comparison"

    run: RunNumber = 0
    finding: Name = ""
    explainers: list[Name] = Field(min_length=1, max_length=MOST_EXPLAINERS)
    options: dict[Name, Annotated[dict[Name, OptionValue], Field(max_length=MOST_OPTIONS)]] = Field(
        default_factory=dict, max_length=MOST_EXPLAINERS
    )
    networks: list[Name] = Field(default_factory=lambda: [""], min_length=1, max_length=MOST_NETWORKS)
    second: Name = ""

    @model_validator(mode="after")
    def _compares_with_one(self) -> Self:
        if self.second and len(set(self.networks)) > 1:
            raise ValueError("a finding is compared with another finding or another network, not with both")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The explainers, each once."""
        return tuple(dict.fromkeys(self.explainers))

    @property
    def beside(self) -> tuple[str, ...]:
        """What the panels of the second side are called by: the other network, or the other finding."""
        return tuple(dict.fromkeys(self.networks))[1:] or ((self.second,) if self.second else ())
