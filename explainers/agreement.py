"""Where and how far several explanations of one finding agree."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explainers.contract.explanation import Explanation
from explainers.map_statistics import hottest, on_grid, overlap, spearman

TOP = 0.1
"""Share of the picture that is called hot."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """Pairs of explanations of one radiograph.

    names     of the explainers, in the order of rows and columns
    spearman  (n, n) rank correlation of the maps on a common grid
    iou       (n, n) overlap (IoU) of their hottest tenths
    same      pairs that are equal by algebra: their agreement says nothing
    map       (28, 28) share of the explainers (each family once, controls left out) that call a cell hot
    counted   how many that are
    """

    names: tuple[str, ...]
    spearman: np.ndarray
    iou: np.ndarray
    same: tuple[tuple[str, str], ...]
    map: np.ndarray
    counted: int

    def to_json(self) -> dict:
        """JSON without the picture."""
        return {
            "explainers": list(self.names),
            "spearman": self.spearman.round(4).tolist(),
            "iou_top_tenth": self.iou.round(4).tolist(),
            "same_by_algebra": [list(pair) for pair in self.same],
            "counted": self.counted,
        }


def agreement(explanations: Sequence[Explanation]) -> Agreement:
    """The agreement of one or more explanations of the same radiograph and finding."""
    grids = [on_grid(each.map) for each in explanations]
    hot = [hottest(grid, TOP) & (grid > 0) for grid in grids]
    count = len(grids)
    correlations, overlaps = np.eye(count), np.eye(count)
    same = []
    for one in range(count):
        for other in range(one + 1, count):
            correlations[one, other] = correlations[other, one] = spearman(grids[one], grids[other])
            overlaps[one, other] = overlaps[other, one] = overlap(hot[one], hot[other])
            family = explanations[one].family
            if family and family == explanations[other].family:
                same.append((explanations[one].explainer, explanations[other].explainer))
    counted = _independent(explanations)
    share = np.mean([hot[at] for at in counted], axis=0) if counted else np.zeros_like(grids[0])
    names = tuple(each.explainer for each in explanations)
    return Agreement(names, correlations, overlaps, tuple(same), share.astype(np.float32), len(counted))


def shared_share(explanations: Sequence[Explanation]) -> float:
    """Share of the hottest tenth that lies in every map's: 1 for equal maps."""
    counted = agreement(explanations)
    if counted.counted == len(explanations):
        return round(float((counted.map > 1 - 1e-6).mean()) / TOP, 4)
    # relatives are counted once in the picture; here each map counts
    pairs = counted.iou[np.triu_indices(len(explanations), 1)]
    return round(float(2 * pairs.min() / (1 + pairs.min())), 4)


def _independent(explanations: Sequence[Explanation]) -> list[int]:
    """Indices of the explanations that count: no controls, and the first of each family."""
    seen: set[str] = set()
    counted = []
    for place, each in enumerate(explanations):
        if each.control or (each.family and each.family in seen):
            continue
        seen.add(each.family)
        counted.append(place)
    return counted
