"""Requests of a browser, checked: every field has a type and bounds, and anything else ends in a sentence."""

from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explainers.errors import OptionError

RunNumber = Annotated[int, Field(ge=0, le=2**31)]
"""The browser's number of a run, by which it tells answers apart."""

Name = Annotated[str, Field(max_length=200)]

OptionValue = bool | Annotated[int, Field(ge=-(2**53), le=2**53)] | Annotated[float, Field(allow_inf_nan=False)] | Name
"""The value of an explainer's option; which values an option takes is for the explainer to say."""

LONGEST_PLACE = 60


class BrowserRequest(BaseModel):
    """Base class of what a page's event carries. Types are strict; unknown fields are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    # what is asked for, as the subject of an error
    subject: ClassVar[str] = "The request"

    @classmethod
    def from_event(cls, data: object) -> Self:
        """From what a browser sent, which may be anything; OptionError says what is wrong with it."""
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise OptionError(f"{cls.subject} is not valid: {_reason(error)}.", "Reload the page.") from None


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])[:LONGEST_PLACE]
    message = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{place}: {message}" if place else message
