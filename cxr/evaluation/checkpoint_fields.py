"""Fields of a checkpoint's `config.json` that are fitted on one part and checked on another."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from cxr.checkpoint import CheckpointConfig
from cxr.errors import LabelError
from cxr.evaluation.calibration import fit_calibrations
from cxr.evaluation.labels import LabelTable
from cxr.evaluation.scoring import Scored
from cxr.evaluation.thresholds import YOUDEN, Rule, operating_point
from cxr.evaluation.witness import witness_of

CHECKED = "witness"
"""Field of the check on a second part. It is valid for the thresholds and calibrations beside it alone."""


VIEWS = ("AP", "PA")


def fitted(table: LabelTable, logits: np.ndarray, *, part: str, rule: Rule = YOUDEN, by_view: bool = False) -> dict:
    """`thresholds` and `calibration` of a checkpoint, from pictures that it was not trained on.

    part     name of those pictures
    by_view  whether AP and PA get their own operating points beside the common one

    A finding without positives or without negatives gets neither. Raises LabelError for `by_view` where no column
    `view` has AP or PA.
    """
    points = _points(table, logits, part, rule)
    for view, rows in _rows_by_view(table).items() if by_view else ():
        for finding, point in _points(table.take(rows), logits[rows], f"{part}, {view}", rule).items():
            points[finding].setdefault("views", {})[view] = point
    calibrations = fit_calibrations(table.values, logits, table.findings, table.patients)
    return {
        "thresholds": points,
        "calibration": {finding: calibration.to_json() for finding, calibration in calibrations.items()},
    }


def _points(table: LabelTable, logits: np.ndarray, part: str, rule: Rule) -> dict[str, dict]:
    scores = 0.5 * (1 + np.tanh(logits / 2))
    points = {
        finding: operating_point(table.values[:, at], scores[:, at], table.patients, rule=rule)
        for at, finding in enumerate(table.findings)
    }
    return {finding: point.to_json(part=part) for finding, point in points.items() if point}


def _rows_by_view(table: LabelTable) -> dict[str, np.ndarray]:
    cells = np.char.upper(np.array(table.columns.get("view", ()), str))
    found = {view: np.flatnonzero(cells == view) for view in VIEWS if (cells == view).any()}
    if not found:
        raise LabelError("The table has no column `view` with AP or PA.", "Leave --by-view out.")
    return found


def calibrated(config: Mapping, found: Mapping, check: Scored | None, *, part: str = "") -> dict:
    """A configuration whose thresholds and calibrations are `found`, with the witness of a second part.

    found  what `fitted` returned
    check  the second part's pictures, scored; None for no second part and no witness
    part   name of the second part
    """
    raw = {name: value for name, value in {**config, **found}.items() if name != CHECKED}
    if check is None:
        return raw
    typed = CheckpointConfig.from_raw(raw, name=str(raw.get("name", "")))
    return raw | {CHECKED: witness_of(replace(check, config=typed), part=part).to_json()}
