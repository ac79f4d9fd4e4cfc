"""Whether covering the strongest cells of a map does to the logit what the map says."""

from explainers import Measure, Measured, Subject, hookimpl
from explainers.verification import verify

CELLS = 12
"""Cells of the map and of each control that are covered: so few that the page tries every map without being asked."""


class Verified(Measure):
    """How much of what a map claims is confirmed by covering its 12 strongest cells, one at a time.

    A positive cell claims that covering it lowers the logit, a negative one that covering it raises the logit. Each
    cell is covered with the input's mean, with the input blurred, and with its darkest value. A claim is confirmed if
    the logit changes as claimed under all three, contradicted if under none; otherwise it depends on the fill, and is
    not confirmed. Claims count by their magnitude. A map of derivatives claims what its cell's change of brightness
    does. Only one cell is covered at a time: evidence that is there twice is confirmed in neither place.
    Source: occlusion of Zeiler, Fergus, ECCV 2014, applied to the cells of another map.
    """

    name, title, unit, bounds, better = "verified", "Claims confirmed", "share of the claims", (0, 1), "higher"
    reference = "Zeiler, Fergus 2014, arXiv 1311.2901"
    quick, most_passes = True, 160

    def measure(self, subject: Subject) -> Measured:
        """The share of the claims that is confirmed."""
        return verify(subject, most_cells=CELLS, random_maps=1)


@hookimpl
def cxr_lens_measures() -> list[type[Measure]]:
    return [Verified]
