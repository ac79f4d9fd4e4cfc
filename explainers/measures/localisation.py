"""How a map agrees with a box around the finding."""

from explainers import Measure, Measured, NotMeasurable, Subject, hookimpl
from explainers.box_scores import box_scores, sample_with_box


class Localisation(Measure):
    """How much of the map's positive part lies in the box, compared with the box's share of the picture.

    Pointing: whether the maximum lies in the box, exactly and within 3 % of the side; a map without a positive cell
    abstains, which counts as a miss. IoU: overlap of the box with the hottest part of its own size, and with the
    hottest tenth. IoBB: the share of the hot tenth that lies in the box. Of one box these are anecdotes.
    Source: pointing game of Zhang et al., IJCV 2018; IoBB of Wang et al., CVPR 2017.
    """

    name, title, unit, bounds, better = "localisation", "Your box", "share of the map", (0, 1), "higher"
    reference = "Zhang et al. 2018, arXiv 1608.00507"
    needs_box = True

    def measure(self, subject: Subject) -> Measured:
        """Mass in the box; the rest in the figures."""
        if subject.box is None:
            raise NotMeasurable("There is no box to compare with.")
        values, inside = sample_with_box(subject.explanation.on_image(), subject.box, *subject.more_boxes)
        figures = box_scores(values, inside)
        mass, chance = figures["mass"], figures["area"]
        pointing = "abstains" if figures["abstains"] else "lies in it" if figures["pointing"] else "misses it"
        sentence = (
            f"{mass:.0%} of the positive map lies in the box, which is {chance:.0%} of the picture; its maximum "
            f"{pointing}. The hottest part of the box's size overlaps it by {figures['iou_equal_area']:.0%}."
        )
        return Measured(mass, sentence, figures=figures)


@hookimpl
def cxr_lens_measures() -> list[type[Measure]]:
    return [Localisation]
