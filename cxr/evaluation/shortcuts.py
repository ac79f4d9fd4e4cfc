"""What a network's logits give away beside the findings: how a picture was taken, of whom, and where it comes from.

A network may score a finding by what goes with it in a hospital's pictures: the view of patients in bed, a source's
sharpness. Among pictures without a finding, no logit should tell one view from another.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from cxr.evaluation.auc import RankedScores, auc_with_interval, draws_as_weights
from cxr.evaluation.labels import LabelTable, shows_none

COLUMNS = ("view", "sex", "source")
FEWEST_PICTURES = 20
"""On each side of a comparison, below which it is left out."""

MOST_VALUES = 6
"""Of a column, the most frequent ones."""

ANY_FINDING = "any finding"


def shortcuts(table: LabelTable, logits: np.ndarray) -> dict[str, dict]:
    """{"view AP": {"pictures", "auc": {finding: [AUC, low, high]}}, …} by each logit, intervals by patient.

    View, sex and source: among pictures without a finding, as far as the table has these columns. Of two values one
    is named; of more, each against the rest. "any finding": of all pictures, those that show one against the others;
    a logit that only knows the sick from the healthy is as good at it as at its own finding.
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
    """The finding whose logit tells most."""
    return max(auc, key=lambda finding: abs(auc[finding][0] - 0.5))


def mean_distance(auc: Mapping[str, list[float]]) -> float:
    """Of the logits' AUCs from one half, whatever their direction."""
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
