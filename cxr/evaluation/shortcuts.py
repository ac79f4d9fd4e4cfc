"""What logits reveal beside the findings: how a picture was taken, of whom, and where it comes from.

A network may score a finding by what accompanies it in a hospital's pictures, such as the view of patients in bed or a
source's sharpness. Among pictures without a finding, no logit should separate one view from another.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from cxr.evaluation.auc import RankedScores, auc_with_interval, draws_as_weights
from cxr.evaluation.labels import LabelTable, shows_none

COLUMNS = ("view", "sex", "source")
FEWEST_PICTURES = 20
"""Least number of pictures on each side of a comparison."""

MOST_VALUES = 6
"""Largest number of a column's values that are compared: the most frequent ones."""

ANY_FINDING = "any finding"


def shortcuts(table: LabelTable, logits: np.ndarray) -> dict[str, dict]:
    """{"view AP": {"pictures", "auc": {finding: [AUC, low, high]}}, …} by each logit, intervals by patient.

    View, sex and source are compared among pictures without a finding, where the table has these columns: one of two
    values with the other, or each of several with the rest. "any finding" compares, among all pictures, those with a
    finding and those without: a logit that only separates sick from healthy does this as well as its own finding.
    """
    healthy = np.flatnonzero(shows_none(table))
    without = table.take(healthy)
    found = {
        name: _by_each_logit(without, truth, logits[healthy])
        for name, truth in _comparisons(without)
    }  # fmt: skip
    sick = ~shows_none(table)
    if _enough(sick):
        found[ANY_FINDING] = _by_each_logit(table, sick, logits)
    return found


def farthest(auc: Mapping[str, list[float]]) -> str:
    """The finding whose logit separates best."""
    return max(auc, key=lambda finding: abs(auc[finding][0] - 0.5))


def mean_distance(auc: Mapping[str, list[float]]) -> float:
    """Mean distance of the logits' AUCs from one half, in either direction."""
    return float(np.mean([abs(values[0] - 0.5) for values in auc.values()]))


def _comparisons(table: LabelTable) -> Iterator[tuple[str, np.ndarray]]:
    for column in COLUMNS:
        cells = np.array(table.columns.get(column, ()))
        values, counts = np.unique(cells[cells != ""], return_counts=True)
        frequent = values[np.argsort(-counts, kind="stable")][:MOST_VALUES]
        for value in sorted(frequent)[: 1 if len(values) == 2 else None]:
            truth = np.where(cells == "", np.nan, cells == value)
            if _enough(truth):
                yield f"{column} {value}", truth


def _enough(truth: np.ndarray) -> bool:
    return min((truth == 1).sum(), (truth == 0).sum()) >= FEWEST_PICTURES


def _by_each_logit(table: LabelTable, truth: np.ndarray, logits: np.ndarray) -> dict:
    draws, even = draws_as_weights(table.patients), np.ones(len(table))
    truth = np.asarray(truth, float)
    auc = {
        finding: auc_with_interval(RankedScores(truth, logits[:, at]), even, draws)
        for at, finding in enumerate(table.findings)
    }
    return {"pictures": [int((truth == 1).sum()), int((truth == 0).sum())], "auc": auc}
