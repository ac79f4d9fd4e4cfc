"""Whether the map depends on the finding."""

import numpy as np

from explainers import Measure, Measured, NotMeasurable, Subject, hookimpl
from explainers.map_statistics import on_grid, spearman

OTHERS = 3
"""Number of other findings whose maps are compared: those with the highest scores."""

SAME = 0.9
"""Rank correlation above which two maps count as the same."""

ALIKE = 0.5
"""Mean rank correlation from which a map is called specific only in part."""


class FindingSensitivity(Measure):
    """Mean rank correlation of the map with maps of other findings on the same image.

    Near 1 the method shows the picture, not the finding. Near 0 each finding has a map of its own, which doesn't make
    it right. Findings that go together may rightly share a place. Where the checkpoint carries the finding's average
    map, the resemblance with that is reported too: it shows how much of the map is the finding's usual place.
    Source: random logit test of Sixt, Granz, Landgraf, ICML 2020.
    """

    name, title, unit, bounds, better = "finding_sensitivity", "Finding-specific?", "rank correlation", (-1, 1), "lower"
    reference = "Sixt et al. 2020, arXiv 1912.09818"
    quick, most_passes = True, 10
    verdicts = ("specific", "partly", "not specific")

    def measure(self, subject: Subject) -> Measured:
        """The mean correlation with the maps of other findings."""
        own, context = subject.explanation, subject.context
        others = [label for label in context.labels if label != own.finding]
        if not others:
            raise NotMeasurable("The network scores one finding only.")
        others.sort(key=lambda label: -context.logits[context.labels.index(label)])
        subject.progress(0.1, f"maps of {min(OTHERS, len(others))} other findings")
        maps = subject.all_findings(others[:OTHERS])
        found = {finding: spearman(on_grid(own.map), on_grid(values)) for finding, values in maps.items()}
        mean, least = float(np.mean(list(found.values()))), min(found.values())
        average = context.average_maps.get(own.finding)
        usual = None if average is None else spearman(on_grid(own.map), on_grid(average))
        verdict = "not specific" if least >= SAME else "partly" if mean >= ALIKE else "specific"
        sentence = (
            f"The mean rank correlation with the maps of {len(found)} other findings is {mean:.2f} (the same map: 1)."
        )
        if usual is not None:
            sentence += f" With the average map of this finding over other patients it is {usual:.2f}."
        figures = {"others": {name: round(value, 4) for name, value in found.items()}, "average_map": usual}
        return Measured(mean, sentence, verdict, figures, compared_with="same map: 1")


@hookimpl
def cxr_lens_measures() -> list[type[Measure]]:
    return [FindingSensitivity]
