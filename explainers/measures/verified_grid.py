"""Whether covering any cell of a map does to the logit what the map says."""

from explainers import Measure, Measured, Subject, hookimpl
from explainers.verification import verify

RANDOM_MAPS = 20
"""Random controls: they cost nothing where every cell is covered anyway."""


class VerifiedGrid(Measure):
    """How much of what a map claims is confirmed by covering each of its cells, one at a time.

    As the test `verified`, of every cell that claims anything instead of the 12 strongest. Maps of more than 28 cells
    along a side are pooled to 14. On 14 × 14 cells it takes 588 passes, which all maps on the same cells share.
    Source: occlusion of Zeiler, Fergus, ECCV 2014, applied to the cells of another map.
    """

    name, title = "verified_grid", "Claims confirmed, all cells"
    unit, bounds, better = "share of the claims", (0, 1), "higher"
    reference = "Zeiler, Fergus 2014, arXiv 1311.2901"

    def measure(self, subject: Subject) -> Measured:
        """The share of the claims that is confirmed."""
        return verify(subject, most_cells=None, random_maps=RANDOM_MAPS)


@hookimpl
def cxr_lens_measures() -> list[type[Measure]]:
    return [VerifiedGrid]
