"""What a map claims of its cells, tried on the network: each cell is covered, and the logit's change is compared.

A claim is a sign and a weight. A cell above zero claims that covering it lowers the logit, a cell below zero that
covering it raises the logit; the magnitude is the weight. A map of derivatives, whose unit is a logit per input unit,
claims something else: how the logit changes with brightness. What that says of a fill is the derivative times the
change of brightness, summed over the cell's pixels.

A cell is covered under each of FILLS. Its claim is confirmed if the logit changes in the claimed direction under all
of them, contradicted if under none, and depends on the fill otherwise. A change within the tolerance is in neither
direction. The measures `verified` and `verified_grid` and the benchmark share this arithmetic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cxr.fills import InputFill, fill_values
from explainers.contract.context import Context
from explainers.contract.explanation import Explanation

FILLS: tuple[InputFill, ...] = ("mean", "blur", "black")
"""What covers a cell: the input's mean, the input blurred with a σ of half the cell, and its darkest value."""

OWN_CELLS, POOLED_CELLS = 28, 14
"""Cells along the longer side up to which a map is tried on its own cells, and those that a finer map is pooled to."""

TOLERANCE = 1e-4
"""Of the logit, or logits where that is below 1: a change this small is rounding. Passes in parts differ by less."""

LEAST_CLAIM = 1e-6
"""Of the strongest claim: a cell below this claims nothing and is not tried."""

DERIVATIVE = "logit per input unit"
"""The unit of maps that claim what brightness does."""

NOTHING, CONFIRMED, CONTRADICTED, DEPENDS = range(4)
"""States of a cell: no claim or not tried, and what became of its claim."""

STATES = ("not tried", "confirmed", "contradicted", "depends on the fill")
"""The states in words, in their order."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells that tile an input evenly, row after row.

    shape    (rows, columns)
    windows  (cells, 4) int: top, left, height, width in pixels of the input
    """

    shape: tuple[int, int]
    windows: np.ndarray

    @classmethod
    def of(cls, map_shape: Sequence[int], size: Sequence[int]) -> "Grid":
        """The map's own cells; POOLED_CELLS along the longer side of the input where the map has too many."""
        shape = (int(map_shape[0]), int(map_shape[1]))
        if max(shape) > OWN_CELLS:
            height, width = (max(1, round(POOLED_CELLS * side / max(size))) for side in size)
            shape = (height, width)
        rows, columns = (_edges(side, count) for side, count in zip(size, shape, strict=True))
        windows = [(top, left, bottom - top, right - left)
                   for top, bottom in pairwise(rows) for left, right in pairwise(columns)]  # fmt: skip
        return cls(shape, np.array(windows))

    def pooled(self, values: np.ndarray) -> np.ndarray:
        """(cells,) float64: sums of an array `(h, w)` of the input's size over each cell."""
        tops, lefts = np.unique(self.windows[:, 0]), np.unique(self.windows[:, 1])
        return np.add.reduceat(np.add.reduceat(values.astype(np.float64), tops, axis=0), lefts, axis=1).ravel()

    def fillings(self, picture: np.ndarray) -> dict[str, np.ndarray]:
        """{fill: what covers the input `(h, w, c)`, an array that broadcasts to it}."""
        return {fill: self.filling(picture, fill) for fill in FILLS}

    def filling(self, picture: np.ndarray, fill: InputFill) -> np.ndarray:
        """What covers the input `(h, w, c)` with one fill, an array that broadcasts to it."""
        return fill_values(picture, fill, sigma_px=float(self.windows[:, 2:].max()) / 2)


@dataclass(frozen=True, eq=False)
class Claims:
    """What a map claims of each cell of a grid.

    expected  (fills, cells) float64: changes of the logit on covering, of which the sign is the claim
    weights   (cells,) float64: magnitudes of the claims; 0 where nothing is claimed
    """

    expected: np.ndarray
    weights: np.ndarray

    @classmethod
    def of_cells(cls, values: np.ndarray) -> "Claims":
        """Of signed or positive cells `(cells,)`, whatever covers them."""
        values = np.asarray(values, np.float64).ravel()
        return cls(np.repeat(-values[None], len(FILLS), axis=0), _weights(np.abs(values)))

    @classmethod
    def of(cls, explanation: Explanation, picture: np.ndarray, grid: Grid) -> "Claims":
        """Of an explanation of the input `picture` `(h, w, c)`."""
        if explanation.unit == DERIVATIVE and explanation.signed:
            derivative = explanation.on_input()
            darker = [(filling - picture).mean(axis=-1) for filling in grid.fillings(picture).values()]
            expected = np.stack([grid.pooled(derivative * change) for change in darker])
            return cls(expected, _weights(np.abs(expected).mean(axis=0)))
        own = explanation.map.shape == grid.shape
        return cls.of_cells(explanation.map if own else grid.pooled(explanation.on_input()))

    def strongest(self, most: int | None) -> np.ndarray:
        """Numbers of the cells that claim anything, strongest first, at most so many; None for all."""
        order = np.argsort(-self.weights, kind="stable")
        return order[: int((self.weights > 0).sum())][:most]


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What became of the claims of some cells.

    cells    (tried,) int: the numbers of the cells
    states   (tried,) int: CONFIRMED, CONTRADICTED or DEPENDS
    changes  (fills, tried) float64: measured changes of the logit
    weights  (tried,) float64: magnitudes of the claims
    """

    cells: np.ndarray
    states: np.ndarray
    changes: np.ndarray
    weights: np.ndarray

    def share(self, state: int) -> float:
        """Share of the claimed magnitude that is in cells of a state."""
        return float(self.weights[self.states == state].sum() / self.weights.sum())

    def shares(self) -> dict[str, float]:
        """{state in words: share of the claimed magnitude}; they sum to 1."""
        return {STATES[state]: round(self.share(state), 4) for state in (CONFIRMED, CONTRADICTED, DEPENDS)}


class Covering:
    """The changes of all logits when cells of one grid of one input are covered; no cell is covered twice with a fill.

    shared  stores the changes from call to call: {key: anything}
    key     names network and input in it
    """

    def __init__(self, context: Context, grid: Grid, shared: dict, key: tuple) -> None:
        self._context, self.grid = context, grid
        self._known: dict[InputFill, dict[int, np.ndarray]] = shared.setdefault(
            ("covered cells", *key, grid.shape), {fill: {} for fill in FILLS}
        )

    def cover(self, cells: Sequence[int] | np.ndarray, fill: InputFill) -> None:
        """Cover those cells that were not covered with this fill yet. Raises Cancelled once the run is cancelled."""
        known = self._known[fill]
        missing = [int(cell) for cell in dict.fromkeys(cells) if int(cell) not in known]
        if missing:
            filling = self.grid.filling(self._context.input, fill)
            changes = self._context.occluded(self.grid.windows[missing], filling) - self._context.logits
            known.update(zip(missing, changes.astype(np.float64), strict=True))

    def judge(self, claims: Claims, cells: Sequence[int] | np.ndarray, finding: str) -> Verdicts:
        """What becomes of the claims of some cells about a finding. Covers them where that was not done yet."""
        numbers = np.asarray(cells, int)
        changes = np.stack([self._changes(numbers, fill, finding) for fill in FILLS])
        expected, tolerance = claims.expected[:, numbers], self._tolerance(finding)
        return Verdicts(numbers, states_of(expected, changes, tolerance), changes, claims.weights[numbers])

    def keeping(self, claims: Claims, cells: np.ndarray, fill: InputFill, finding: str) -> np.ndarray:
        """Those of the cells whose claims come true with this fill; only a cell that keeps all can be confirmed."""
        expected = claims.expected[FILLS.index(fill), cells]
        return cells[_kept(expected, self._changes(cells, fill, finding), self._tolerance(finding))]

    def _changes(self, cells: np.ndarray, fill: InputFill, finding: str) -> np.ndarray:
        """(cells,) float64 changes of the finding's logit."""
        self.cover(cells, fill)
        place = self._context.labels.index(finding)
        return np.array([self._known[fill][int(cell)][place] for cell in cells])

    def _tolerance(self, finding: str) -> float:
        return TOLERANCE * max(1.0, abs(float(self._context.logits[self._context.labels.index(finding)])))


def states_of(expected: np.ndarray, changes: np.ndarray, tolerance: float) -> np.ndarray:
    """(cells,) int: the states of claims, from expected and measured changes `(fills, cells)`."""
    kept = _kept(expected, changes, tolerance)
    return np.where(kept.all(axis=0), CONFIRMED, np.where(kept.any(axis=0), DEPENDS, CONTRADICTED))


def _kept(expected: np.ndarray, changes: np.ndarray, tolerance: float) -> np.ndarray:
    """Whether each measured change is in the expected direction."""
    return (np.sign(expected) * changes) > tolerance


def on_grid_of(cells: np.ndarray, states: np.ndarray, grid: Grid) -> np.ndarray:
    """(rows, columns) int8: the states of the tried cells on their grid, NOTHING elsewhere."""
    whole = np.full(len(grid.windows), NOTHING, np.int8)
    whole[cells] = states
    return whole.reshape(grid.shape)


def records(claims: Claims, verdicts: Verdicts, grid: Grid) -> list[Mapping]:
    """JSON of each tried cell: where it is, the change that its claim expects on average, those measured, its state."""
    return [
        {
            "row": int(cell) // grid.shape[1],
            "column": int(cell) % grid.shape[1],
            "expected": round(float(claims.expected[:, cell].mean()), 6),
            "changes": {fill: round(float(value), 6) for fill, value in zip(FILLS, changes, strict=True)},
            "state": STATES[state],
        }
        for cell, state, changes in zip(verdicts.cells, verdicts.states, verdicts.changes.T, strict=True)
    ]


def _edges(side: int, count: int) -> np.ndarray:
    """(count + 1,) int: where the cells of a side begin and end, in whole pixels."""
    return np.round(np.arange(count + 1) * side / count).astype(int)


def _weights(magnitudes: np.ndarray) -> np.ndarray:
    """The magnitudes, with 0 for those far below the largest."""
    return np.where(magnitudes > LEAST_CLAIM * magnitudes.max(), magnitudes, 0.0)
