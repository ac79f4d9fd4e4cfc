"""Whether removing what the map calls important matters more than removing what it calls unimportant."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import cv2
import numpy as np

from explainers import Measure, Measured, Subject, hookimpl
from explainers.contract.random_numbers import random_numbers
from explainers.removal import FILLS, fillings_of, relevance_gain, removal_curves, removal_order

RANDOM_MAPS, RANDOM_CELLS = 8, 7
"""Number of smooth noise maps among the controls, and their cells along a side: as coarse as Grad-CAM's."""

NOISE = "random"
DARK_FILLS = "black and synthetic chests are darker than the picture: for a finding that looks dark they are evidence"

AVERAGE = "average map"
"""The control that differs between findings."""


class RelevanceGain(Measure):
    """Difference of the mean logit between removing the least and the most important parts of the image first.

    The picture is cut into 14 × 14 squares, ranked by the map. They are replaced, a fifth at a time, once from the most
    important on and once from the least. The gain is the mean logit on the second way less that on the first: 0 for an
    order by chance, negative for an order that is upside down. It is the median over four fills: the input's mean, the
    input blurred, its darkest value, and the average of synthetic chests. It stands beside the gains of controls on the
    same picture, as the share of controls that it beats, and beside the number of noise maps that beat the controls
    that are not noise. On a single picture it is unreliable.
    Source: symmetric relevance gain of Blücher, Vielhaben, Strodthoff, TMLR 2024.
    """

    name, title, unit, better = "relevance_gain", "Removal test", "logit", "higher"
    reference = "Blücher et al. 2024, TMLR"
    quick, most_passes = True, 504
    aliases = ("removal",)
    expected_failures = MappingProxyType({"planted": DARK_FILLS})

    def measure(self, subject: Subject) -> Measured:
        """The gain, and its place among the controls'."""
        place = subject.context.labels.index(subject.explanation.finding)
        controls = self._controls(subject)
        ways = {name: curves[..., place] for name, curves in controls.items()}
        order = _order(subject, subject.explanation.map)
        own = removal_curves(subject.context, order, self._fillings(subject))[..., place]
        subject.progress(1.0)
        gain, by_fill = relevance_gain(own), {fill: relevance_gain(each) for fill, each in zip(FILLS, own, strict=True)}
        others = {name: relevance_gain(curves) for name, curves in ways.items()}
        beaten = sum(gain > other for other in others.values())
        noise = noise_above_the_rest(others)
        sentence = (
            f"Removing the hottest parts first lowers the logit by {gain:.2g} more, on average, than removing the "
            f"coldest first ({min(by_fill.values()):.2g} to {max(by_fill.values()):.2g} by what fills them): better "
            f"than {beaten} of {len(others)} controls on this picture. {noise} of {RANDOM_MAPS} noise maps beat all "
            "controls that are not noise. One picture alone is unreliable."
        )
        figures = {
            "share_of_controls_beaten": beaten / len(others),
            "noise_maps_above_other_controls": noise,
            "controls": {name: round(value, 5) for name, value in others.items()},
            "by_fill": {fill: round(value, 5) for fill, value in by_fill.items()},
            "most_first": own.mean(axis=0)[0].round(5).tolist(),
            "least_first": own.mean(axis=0)[1].round(5).tolist(),
            "reliable": False,
        }
        best = max(others.values())
        verdict = "beats all controls" if beaten == len(others) else f"beats {beaten} of {len(others)} controls"
        return Measured(gain, sentence, verdict, figures, compared_with=f"best control: {best:.2g}")

    def _controls(self, subject: Subject) -> dict[str, np.ndarray]:
        """{control: curves (2, STEPS + 1, n)}, computed once for a radiograph, or for one finding of it."""
        maps, finding, seed = dict(control_maps(subject)), subject.explanation.finding, subject.explanation.seed
        found = {}
        for number, (name, values) in enumerate(maps.items(), 1):
            about = finding if name == AVERAGE else ""
            key = "relevance_gain", subject.predictor.identity, subject.prepared.digest, seed, name, about
            if key not in subject.shared:
                order = _order(subject, values)
                subject.shared[key] = removal_curves(subject.context, order, self._fillings(subject))
            found[name] = subject.shared[key]
            subject.progress(number / (len(maps) + 1), f"control {number} of {len(maps)}")
        return found

    def _fillings(self, subject: Subject) -> list[np.ndarray]:
        """What fills removed squares, computed once for a radiograph."""
        key = "removal_fillings", subject.predictor.identity, subject.prepared.digest
        if key not in subject.shared:
            subject.shared[key] = fillings_of(subject.context)
        return subject.shared[key]


def _order(subject: Subject, values: np.ndarray) -> np.ndarray:
    """The squares by a map's values. Equal ones have one order for all maps, so that equal maps have equal gains."""
    rng = random_numbers(subject.explanation.seed, "order of equal squares", subject.prepared.digest)
    return removal_order(values, rng)


def noise_above_the_rest(gains: Mapping[str, float]) -> int:
    """How many of the noise maps have a higher gain than every control that is no noise."""
    rest = max(gain for name, gain in gains.items() if not name.startswith(NOISE))
    return sum(gain > rest for name, gain in gains.items() if name.startswith(NOISE))


def control_maps(subject: Subject) -> Iterator[tuple[str, np.ndarray]]:
    """Maps that don't depend on the finding's evidence in this picture."""
    height, width = subject.context.input.shape[:2]
    # the same for all explanations of a radiograph, so that they are computed once, and others for another radiograph
    rng = random_numbers(subject.explanation.seed, "removal", subject.prepared.digest)
    for number in range(RANDOM_MAPS):
        yield f"{NOISE} {number + 1}", rng.normal(size=(RANDOM_CELLS, RANDOM_CELLS))
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
