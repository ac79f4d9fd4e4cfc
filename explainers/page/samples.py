"""Pictures that a visitor may try the page with. They are made, not photographed: no patient is in them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from PIL import Image

from cxr.radiograph import Radiograph
from explainers.errors import OptionError
from hub.errors import names_hint


@dataclass(frozen=True)
class Sample:
    """A picture by its title, with what is to be said of it, and the function that makes it at a size in pixels."""

    title: str
    said: str
    make: Callable[[int], Radiograph]


def _phantom(size: int) -> Radiograph:
    from cxr.phantom import phantom

    return phantom(seed=1, size=size, effusion=True, cardiomegaly=True).radiograph


SAMPLES = {
    "phantom": Sample(
        "Synthetic phantom", "Computed, not a patient: an enlarged heart and a pleural effusion.", _phantom
    )
}

SIZE_PX, THUMBNAIL_PX = 1024, 128


@cache
def sample(name: str) -> tuple[Sample, Radiograph]:
    """A sample with its radiograph, made once; OptionError for a name that is not there."""
    if name not in SAMPLES:
        raise OptionError(f"There is no sample {name!r}.", names_hint(str(name), SAMPLES))
    return SAMPLES[name], SAMPLES[name].make(SIZE_PX)


def thumbnail(name: str) -> Image.Image:
    """A small picture of a sample."""
    return Image.fromarray(SAMPLES[name].make(2 * THUMBNAIL_PX).display(THUMBNAIL_PX))
