"""Which pictures an epoch has: all that show a finding, and a chosen share of the others."""

import numpy as np

from cxr.evaluation.labels import LabelTable, shows_none


def drawn_rows(table: LabelTable, without_finding: float | None, rng: np.random.Generator) -> np.ndarray:
    """Rows of one epoch, in random order.

    without_finding  share of rows that are labelled with none of the findings, drawn at random; None for the table
                     as it is. A table with too few of them gives all that it has
    """
    order = rng.permutation(len(table))
    if without_finding is None:
        return order
    healthy = shows_none(table)[order]
    wanted = round((~healthy).sum() * without_finding / (1 - without_finding))
    return order[~healthy | (np.cumsum(healthy) <= wanted)]


def weights_for_share(table: LabelTable, without_finding: float | None) -> np.ndarray | None:
    """Weights (rows,) with which pictures without a finding are that share of all; None where no weights are needed."""
    healthy = shows_none(table)
    if without_finding is None or healthy.all() or not healthy.any():
        return None
    return np.where(healthy, without_finding / healthy.mean(), (1 - without_finding) / (~healthy).mean())
