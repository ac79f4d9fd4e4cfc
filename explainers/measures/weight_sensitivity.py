"""Whether the map depends on what the network learnt."""

import numpy as np

from explainers import Measure, Measured, NotMeasurable, Subject, hookimpl
from explainers.map_statistics import on_grid, spearman

NETWORKS = 3
"""Number of networks with random weights; each takes seconds to build, once."""

LEAST_CHANGE = 0.05
"""Least difference of a random network's logit; with a smaller one, nothing was randomised."""

INSENSITIVE = 0.5
"""Rank correlation above which a map that also exceeds its null is called insensitive."""

NULLS, NULL_PERCENT = 200, 95
"""Copies of the map that were moved by chance, and the percentile of their resemblance that counts as chance."""


class WeightSensitivity(Measure):
    """Median rank correlation of the map with maps of networks whose weights are all random.

    Near 1 the method shows the picture, whatever the network learnt. The null: the map's resemblance with copies of
    itself that were turned and shifted by chance, which is what an unrelated map of its smoothness reaches. The verdict
    is "insensitive", or "insensitivity not shown", which is no proof of the opposite. For reference, an edge detector
    reaches 1 by construction. Signed maps are compared before any rectifying or scaling.
    Source: Adebayo et al., NeurIPS 2018; fully randomised as in Hedström et al. 2024 (arXiv 2401.06465).
    """

    name, title, unit, bounds, better = (
        "weight_sensitivity",
        "Depends on training?",
        "rank correlation",
        (-1, 1),
        "lower",
    )
    reference = "Adebayo et al. 2018, arXiv 1810.03292"
    verdicts = ("insensitivity not shown", "insensitive")

    def measure(self, subject: Subject) -> Measured:
        """The median correlation with maps of random networks."""
        own = on_grid(subject.explanation.map)
        found = []
        for seed in range(NETWORKS):
            subject.progress(seed / NETWORKS, f"network {seed + 1} of {NETWORKS} with random weights")
            randomised = subject.predictor.randomised(seed)
            moved = randomised.forward(subject.context.input[None])[0] - subject.context.logits
            if np.abs(moved).max() < LEAST_CHANGE:
                raise NotMeasurable("A network with random weights answers the same; nothing was randomised.")
            found.append(spearman(own, on_grid(subject.again(predictor=randomised))))
        median, null = float(np.median(found)), _null(own, subject.rng)
        insensitive = median >= INSENSITIVE and median > null
        verdict = "insensitive" if insensitive else "insensitivity not shown"
        sentence = (
            f"The median rank correlation with maps of {NETWORKS} networks with random weights is {median:.2f} (an "
            f"edge detector: 1.00; chance: up to {null:.2f}). "
            + ("The map hardly depends on training." if insensitive else "Insensitivity to training is not shown.")
        )
        figures = {"networks": [round(value, 4) for value in found], "null_95": round(null, 4), "edge_detector": 1.0}
        return Measured(median, sentence, verdict, figures, compared_with=f"chance: {null:.2f}")


def _null(grid: np.ndarray, rng: np.random.Generator) -> float:
    """The 95th percentile of the map's correlation with itself, mirrored and shifted around the border by chance."""
    found = []
    for _ in range(NULLS):
        other = np.roll(grid, rng.integers(1, grid.shape[0], size=2), axis=(0, 1))
        other = other[:: rng.choice([1, -1]), :: rng.choice([1, -1])]
        found.append(spearman(grid, other))
    return float(np.percentile(found, NULL_PERCENT))


@hookimpl
def cxr_lens_measures() -> list[type[Measure]]:
    return [WeightSensitivity]
