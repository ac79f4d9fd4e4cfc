"""Whether removing what the map calls important matters more than removing what it calls unimportant."""

from collections.abc import Iterator

import cv2
import numpy as np

from explainers import Measure, Measured, Subject, hookimpl
from explainers.removal import relevance_gain, removal_curves, removal_order

RANDOM_MAPS, RANDOM_CELLS = 8, 7
"""Number of smooth noise maps among the controls, and their cells along a side: as coarse as Grad-CAM's."""

AVERAGE = "average map"
"""The control that differs between findings."""


class RelevanceGain(Measure):
    """Difference of the mean logit between removing the least and the most important parts of the image first.

    The picture is cut into 14 × 14 squares, ranked by the map. They are replaced by the input's mean, a tenth at a
    time, once from the most important on and once from the least. The gain is the mean logit on the second way less
    that on the first: 0 for an order by chance, negative for an order that is upside down. It stands beside the gains
    of controls on the same picture, as the share of controls that it beats. On a single picture it is unreliable.
    Source: symmetric relevance gain of Blücher, Vielhaben, Strodthoff, TMLR 2024.
    """

    name, title, unit, better = "relevance_gain", "Removal test", "logit", "higher"
    reference = "Blücher et al. 2024, TMLR"
    quick = True
    aliases = ("removal",)

    def measure(self, subject: Subject) -> Measured:
        """The gain, and its place among the controls'."""
        place = subject.context.labels.index(subject.explanation.finding)
        controls = self._controls(subject)
        ways = {name: curves[..., place] for name, curves in controls.items()}
        own = removal_curves(subject.context, removal_order(subject.explanation.map, subject.rng))[..., place]
        subject.progress(1.0)
        gain = relevance_gain(own)
        others = {name: relevance_gain(curves) for name, curves in ways.items()}
        beaten = float(np.mean([gain > other for other in others.values()]))
        sentence = (
            f"Removing the hottest parts first lowers the logit by {gain:.2g} more, on average, than removing the "
            f"coldest first: better than {beaten:.0%} of {len(others)} controls on this picture. One picture alone is "
            "unreliable."
        )
        figures = {
            "share_of_controls_beaten": beaten,
            "controls": {name: round(value, 5) for name, value in others.items()},
            "most_first": own[0].round(5).tolist(),
            "least_first": own[1].round(5).tolist(),
            "reliable": False,
        }
        best = max(others.values())
        verdict = "beats all controls" if beaten == 1 else f"beats {100 * beaten:.0f} % of controls"
        return Measured(gain, sentence, verdict, figures, compared_with=f"best control: {best:.2g}")

    def _controls(self, subject: Subject) -> dict[str, np.ndarray]:
        """{control: curves (2, STEPS + 1, n)}, computed once for a radiograph, or for one finding of it."""
        maps, finding = dict(control_maps(subject)), subject.explanation.finding
        found = {}
        for number, (name, values) in enumerate(maps.items(), 1):
            about = finding if name == AVERAGE else ""
            key = "relevance_gain", subject.predictor.identity, subject.prepared.digest, name, about
            if key not in subject.shared:
                subject.shared[key] = removal_curves(
                    subject.context, removal_order(values, np.random.default_rng(number))
                )
            found[name] = subject.shared[key]
            subject.progress(number / (len(maps) + 1), f"control {number} of {len(maps)}")
        return found


def control_maps(subject: Subject) -> Iterator[tuple[str, np.ndarray]]:
    """Maps that don't depend on the finding's evidence in this picture."""
    height, width = subject.context.input.shape[:2]
    # the same for all explanations of a radiograph, so that they are computed once, and others for another radiograph
    rng = np.random.default_rng([21, int(subject.prepared.digest[:16], 16)])
    for number in range(RANDOM_MAPS):
        yield f"random {number + 1}", rng.normal(size=(RANDOM_CELLS, RANDOM_CELLS))
    grey = subject.context.input.mean(axis=-1, dtype=np.float64)
    yield "edges", np.hypot(*(cv2.Sobel(grey, cv2.CV_64F, *way) for way in ((1, 0), (0, 1))))
    rows, columns = ((np.arange(side) + 0.5) / side - 0.5 for side in (height, width))
    yield "centre", np.exp(-(rows[:, None] ** 2 + columns**2) / (2 * 0.25**2))
    average = subject.context.average_maps.get(subject.explanation.finding)
    if average is not None:
        yield AVERAGE, average


@hookimpl
def cxr_lens_measures() -> list[type[Measure]]:
    return [RelevanceGain]
