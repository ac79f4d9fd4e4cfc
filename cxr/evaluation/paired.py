"""Two networks on the same pictures: differences in AUC over the same resamples of patients."""

from collections.abc import Sequence

import numpy as np

from cxr.evaluation.auc import mean_auc
from cxr.evaluation.bootstrap import patient_resamples, with_interval
from cxr.evaluation.scoring import Scored
from cxr.evaluation.shortcuts import shortcuts
from cxr.evaluation.subgroups import columns_of_enough_patients, has_enough, subgroup_masks


def paired(scored: Scored, versus: Scored, draws: Sequence[np.ndarray]) -> dict:
    """Differences in AUC to another network: in the means, of each finding, and in the means of the subgroups."""
    labels = scored.table.values
    columns: dict[str, list[int]] = {"mean_auc": list(range(labels.shape[1]))}
    columns |= {"enough_patients": columns_of_enough_patients(scored.table)}
    columns |= {finding: [at] for at, finding in enumerate(scored.table.findings)}
    differences = {
        name: _difference(labels[:, some], scored.logits[:, some], versus.logits[:, some], draws)
        for name, some in columns.items()
    }
    groups = {
        column: {name: _difference_in_group(scored, versus, rows) for name, rows in masks.items()}
        for column, masks in subgroup_masks(scored.table)
    }
    shortcut = shortcuts(scored.table, versus.logits)
    return {"model": versus.config.name, "difference": differences, "groups": groups, "shortcuts": shortcut}


def _difference(
    labels: np.ndarray, ours: np.ndarray, theirs: np.ndarray, draws: Sequence[np.ndarray]
) -> list[float] | None:
    """[our mean AUC minus theirs, low, high]; None where one of them is not defined."""

    def difference(rows: np.ndarray) -> float | None:
        one, other = mean_auc(labels[rows], ours[rows]), mean_auc(labels[rows], theirs[rows])
        return None if one is None or other is None else one - other

    return with_interval(difference, draws, len(labels))


def _difference_in_group(scored: Scored, versus: Scored, mask: np.ndarray) -> list[float] | None:
    """The difference of the means over the findings with enough positives and negatives in the group."""
    table = scored.table.take(mask)
    columns = [at for at in range(len(table.findings)) if has_enough(table.values[:, at])]
    if not columns:
        return None
    ours, theirs = (each.logits[mask][:, columns] for each in (scored, versus))
    return _difference(table.values[:, columns], ours, theirs, list(patient_resamples(table.patients)))
