"""What programs send, checked before anything is computed.

Gradio validates nothing of what a `gr.api` endpoint is given. Types are strict: no text stands for a number. A refusal
names the argument, what is expected, and what was given if that is short.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from cxr.errors import RadiographError
from cxr.frame import Box
from explainers.errors import OptionError
from explainers.page.call_filter import REFUSED
from explainers.page.private_folder import PrivateFolder, UploadError
from explainers.regions import LARGEST_SHARE, SMALLEST_SHARE

LARGEST_SEED = 2**32 - 1
LARGEST_PX = 1e6
LONGEST_NAME = 200
LONGEST_SHOWN = 40
"""Characters of a wrong value that a refusal repeats; of a longer one it states the type."""

REFUSALS = {
    "address": "Web addresses are not fetched.",
    "not uploaded": "The image's file was not uploaded to this server, or is gone.",
}


def _share(given: float) -> float:
    """0, or a share that regions can have; ValueError for others, NaN among them."""
    if given != 0 and not SMALLEST_SHARE <= given <= LARGEST_SHARE:
        raise ValueError("out of range")
    return given


Name = Annotated[str, Field(max_length=LONGEST_NAME)]
NoneIfEmpty = BeforeValidator(lambda given: None if given == [] else given)
Pixels = Annotated[float, Field(ge=-LARGEST_PX, le=LARGEST_PX, allow_inf_nan=False)]


class EndpointRequest(BaseModel):
    """Arguments of an endpoint; the description of a field completes the sentence "… must be"."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    @classmethod
    def check(cls, **given: object) -> Self:
        """The checked arguments. Raises OptionError for the first one that is wrong."""
        try:
            return cls(**given)
        except ValidationError as error:
            name = str(error.errors(include_input=False, include_url=False, include_context=False)[0]["loc"][0])
            expected = cls.model_fields[name].description
            raise OptionError(f"{name!r} must be {expected}, not {shown(given[name])}.") from None


class NetworkRequest(EndpointRequest):
    """Which network answers."""

    model: Name = Field(description="a text with the name of a network")


class PredictRequest(NetworkRequest):
    """Which network scores which view of a file."""

    window: Name = Field(description="a text with the name of one of the file's windows")


class SubjectRequest(PredictRequest):
    """What is explained, and how."""

    finding: Name = Field(description="a text with the name of a finding")
    options: dict[Name, dict[Name, Any]] | None = Field(description="of the form {explainer: {option: value}}")
    seed: int = Field(ge=0, le=LARGEST_SEED, description=f"a whole number from 0 to {LARGEST_SEED}")


class ExplainRequest(SubjectRequest):
    """One explainer's map."""

    explainer: Name = Field(description="a text with the name of an explainer")
    regions: Annotated[float, AfterValidator(_share)] = Field(
        description=f"a share of the picture from {SMALLEST_SHARE} to {LARGEST_SHARE}, or 0"
    )


class CompareRequest(SubjectRequest):
    """Several explainers' maps, and what is measured of them."""

    explainers: list[Name] | None = Field(min_length=1, description="a list of explainers' names, or left out")
    measures: Annotated[list[Name] | None, NoneIfEmpty] = Field(description="a list of measures' names, or left out")
    box: Annotated[list[Pixels] | None, NoneIfEmpty] = Field(
        min_length=4, max_length=4, description="[top, left, height, width] in pixels of the radiograph"
    )

    def checked_box(self) -> Box | None:
        """(top, left, height, width) in pixels of the radiograph. Raises OptionError for an empty one."""
        if self.box is None:
            return None
        top, left, height, width = self.box
        if height <= 0 or width <= 0:
            raise OptionError("'box' must be [top, left, height, width] with a height and a width above 0.")
        return top, left, height, width


def image_bytes(given: object, folder: PrivateFolder) -> bytes:
    """The contents of the uploaded file. Raises RadiographError or UploadError if there is none."""
    hint = "Upload the file first; in Python, pass handle_file('radiograph.png')."
    if not isinstance(given, Mapping):
        raise RadiographError("There is no image.", hint)
    if REFUSED in given:
        refused: type[RadiographError] = RadiographError if given[REFUSED] == "address" else UploadError
        raise refused(REFUSALS.get(str(given[REFUSED]), REFUSALS["not uploaded"]), hint)
    return folder.take(given.get("path"), at_once=False)


def shown(given: object) -> str:
    """A wrong value as a refusal repeats it: itself if it is short, else what it is."""
    if isinstance(given, int) and given.bit_length() > 128:
        return "a number of so many digits"
    if given is None or isinstance(given, str | int | float):
        text = repr(given[: LONGEST_SHOWN + 1] if isinstance(given, str) else given)
        if len(text) <= LONGEST_SHOWN:
            return text
    kinds: dict[type, str] = {dict: "an object", list: "a list", str: "a long text"}
    return kinds.get(type(given), type(given).__name__)
