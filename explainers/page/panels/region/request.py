"""A region to be covered, as the browser sends it."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from cxr.frame import Box
from explainers.page.requests import BrowserRequest, Name, RunNumber

LEAST_SHARE = 0.005
"""Of a side: a smaller region is a slip of the hand."""

Share = Annotated[float, Field(ge=-1, le=2, allow_inf_nan=False)]


class RegionRequest(BrowserRequest):
    """A region in shares of the picture's sides, and how it is covered.

    box     top, left, height, width
    fill    what the region is filled with
    finding whose change ranks the regions; "" for no ranking
    frozen  whether the covered picture is standardised with the numbers of the whole one
    """

    subject: ClassVar[str] = "The region"

    run: RunNumber = 0
    box: list[Share] = Field(min_length=4, max_length=4)
    fill: Literal["mean", "surroundings"] = "mean"
    frozen: bool = True
    model: Name = ""
    finding: Name = ""

    @model_validator(mode="after")
    def _large_enough(self) -> Self:
        if min(self.box_inside[2:]) < LEAST_SHARE:
            raise ValueError("it is too small; mark a larger one")
        return self

    @property
    def box_inside(self) -> Box:
        """The part of the region that lies in the picture."""
        top, left = (min(1.0, max(0.0, float(each))) for each in self.box[:2])
        return top, left, min(float(self.box[2]), 1 - top), min(float(self.box[3]), 1 - left)
