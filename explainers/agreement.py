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
    shared    (n, n) share of the hottest tenth that lies in both
    same      pairs that are equal by algebra: their agreement says nothing
    map       (28, 28) share of the explainers (each family once, controls left out) that call a cell hot
    counted   how many that are
    """

    names: tuple[str, ...]
    spearman: np.ndarray
    iou: np.ndarray
    shared: np.ndarray
    same: tuple[tuple[str, str], ...]
    map: np.ndarray
    counted: int

    def to_json(self) -> dict:
        """JSON without the picture."""
        return {
            "explainers": list(self.names),
            "spearman": self.spearman.round(4).tolist(),
            "iou_top_tenth": self.iou.round(4).tolist(),
            "shared_top_tenth": self.shared.round(4).tolist(),
            "same_by_algebra": [list(pair) for pair in self.same],
            "counted": self.counted,
        }


def agreement(explanations: Sequence[Explanation]) -> Agreement:
    """The agreement of one or more explanations of the same radiograph and finding."""
    grids = [on_grid(each.map) for each in explanations]
    hot = [_hot(grid) for grid in grids]
    count = len(grids)
    correlations, overlaps, shared = np.eye(count), np.eye(count), np.eye(count)
    same = []
    for one in range(count):
        for other in range(one + 1, count):
            correlations[one, other] = correlations[other, one] = spearman(grids[one], grids[other])
            overlaps[one, other] = overlaps[other, one] = overlap(hot[one], hot[other])
            shared[one, other] = shared[other, one] = _shared([hot[one], hot[other]])
            family = explanations[one].family
            if family and family == explanations[other].family:
                same.append((explanations[one].explainer, explanations[other].explainer))
    counted = _independent(explanations)
    share = np.mean([hot[at] for at in counted], axis=0) if counted else np.zeros_like(grids[0])
    names = tuple(each.explainer for each in explanations)
    return Agreement(names, correlations, overlaps, shared, tuple(same), share.astype(np.float32), len(counted))


def shared_share(explanations: Sequence[Explanation]) -> float:
    """Share of the hottest tenth that lies in every map's: 1 for equal maps, relatives and controls included."""
    return round(_shared([_hot(on_grid(each.map)) for each in explanations]), 4)


def _hot(grid: np.ndarray) -> np.ndarray:
    """Boolean array: the hottest tenth of the cells, where the map is positive."""
    return hottest(grid, TOP) & (grid > 0)


def _shared(hot: Sequence[np.ndarray]) -> float:
    """Share of the largest of these areas that lies in all of them; 0 if all are empty."""
    largest = max(int(each.sum()) for each in hot)
    return float(np.logical_and.reduce(hot).sum() / largest) if largest else 0.0


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
