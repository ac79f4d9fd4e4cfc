"""AUC in subgroups of patients: by sex, age and view, and among the pictures that show a finding."""

from collections.abc import Iterator, Sequence

import numpy as np

from cxr.evaluation.ages import age_in_years
from cxr.evaluation.auc import mean_auc_with_interval
from cxr.evaluation.bootstrap import patient_resamples
from cxr.evaluation.labels import LabelTable, shows_none
from cxr.evaluation.scoring import Scored

AGES = ((0, 40), (40, 60), (60, 75), (75, 200))
"""Bands in years (from, below), each with about a quarter of NIH's adults."""

ENOUGH_PATIENTS = 10
"""A finding with fewer patients would contribute most of the uncertainty of a mean over all findings."""

FEWEST = 5
"""Positives and negatives below which a group's AUC is left out: its interval would be too wide to mean anything."""


def subgroups(scored: Scored) -> Iterator[tuple[str, dict]]:
    """(column, {group: figures}) for every column that the table has.

    The group `findings` holds the pictures that show at least one finding: a network that only separates them from
    normal pictures has an AUC near 0.5 within it.
    """
    for column, members in subgroup_masks(scored.table):
        yield column, {name: _group(scored, rows) for name, rows in members.items()}


def subgroup_masks(table: LabelTable) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """(column, {group: mask of the rows}): sex, age and view where the table has them, and pictures with a finding."""
    for column, cells in table.columns.items():
        if column in ("part", "source"):
            continue
        names = np.array([_age_band(cell) if column == "age" else cell for cell in cells])
        if groups := {str(name): names == name for name in sorted(set(names) - {""})}:
            yield column, groups
    sick = ~shows_none(table)
    if len(table.findings) > 1 and sick.any() and not sick.all():
        yield "findings", {"one or more": sick}


def _group(scored: Scored, mask: np.ndarray) -> dict:
    table, logits = scored.table.take(mask), scored.logits[mask]
    enough = [at for at in range(len(table.findings)) if has_enough(table.values[:, at])]
    draws = list(patient_resamples(table.patients))
    return {
        "pictures": len(table),
        "patients": len(set(table.patients)),
        "findings": len(enough),
        "mean_auc": mean_auc_with_interval(table.values[:, enough], logits[:, enough], draws) if enough else None,
    }


def has_enough(labels: np.ndarray) -> bool:
    """Whether a label `(rows,)` has enough positives and negatives for an AUC with an interval."""
    return min((labels == 1).sum(), (labels == 0).sum()) >= FEWEST


def _age_band(cell: str) -> str:
    """Name of the band of an age, "" for a cell without one."""
    years = age_in_years(cell)
    for low, high in AGES:
        if years is not None and low <= years < high:
            return f"under {high}" if not low else f"{low} and over" if high == AGES[-1][1] else f"{low} to {high - 1}"
    return ""


def mean_of_enough_patients(scored: Scored, draws: Sequence[np.ndarray]) -> dict:
    """The mean AUC over the findings that ten patients or more have."""
    columns = columns_of_enough_patients(scored.table)
    return {
        "patients": ENOUGH_PATIENTS,
        "findings": [scored.table.findings[at] for at in columns],
        "mean_auc": mean_auc_with_interval(scored.table.values[:, columns], scored.logits[:, columns], draws),
    }


def columns_of_enough_patients(table: LabelTable) -> list[int]:
    """The columns of the findings that ten patients or more have."""
    return [at for at, (_, patients) in enumerate(table.positives().values()) if patients >= ENOUGH_PATIENTS]
