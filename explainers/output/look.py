"""How explanations are drawn and labelled in files."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from PIL import Image

from cxr.reading.radiograph import Radiograph
from explainers.contract.explanation import Explanation
from explainers.pictures import figure


@dataclass(frozen=True)
class Look:
    """The same for all pictures of a comparison.

    view        which values are shown, see `explainers.pictures.VIEWS`
    opacity     of the map over the radiograph, 0 to 1
    colour_map  its name; None for the view's own
    origin      where the radiograph comes from, for the pictures' foot and the records; "" if nothing is known
    regions     share of the picture whose regions are outlined; None for none
    smooth      whether maps of single pixels are smoothed for display
    clip        whether these have full colour from their 99.5th percentile
    """

    view: str = "positive"
    opacity: float = 0.6
    colour_map: str | None = None
    origin: str = ""
    regions: float | None = None
    smooth: bool = False
    clip: bool = False

    def picture(self, radiograph: Radiograph, explanations: Sequence[Explanation]) -> Image.Image:
        """The explanations side by side on the radiograph; OptionError for a wrong view, opacity or colour map."""
        return figure(radiograph, explanations, **asdict(self))

    def record(self) -> dict:
        """What a record says of the picture, as JSON."""
        drawn = {"view": self.view, "opacity": self.opacity, "colour_map": self.colour_map}
        chosen = {name: True for name in ("smooth", "clip") if getattr(self, name)}
        return drawn | chosen | ({} if self.regions is None else {"regions": self.regions})
