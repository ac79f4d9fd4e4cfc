"""Fields of a checkpoint's `config.json` that are fitted on one part and checked on another."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from cxr.checkpoint import CheckpointConfig
from cxr.evaluation.calibration import fit_calibrations
from cxr.evaluation.labels import LabelTable
from cxr.evaluation.scoring import Scored
from cxr.evaluation.thresholds import YOUDEN, Rule, operating_point
from cxr.evaluation.witness import witness_of

CHECKED = "witness"
"""Field of what the second part says. It holds for the thresholds and calibrations beside it, and for no others."""


def fitted(table: LabelTable, logits: np.ndarray, *, part: str, rule: Rule = YOUDEN) -> dict:
    """`thresholds` and `calibration` of a checkpoint, from pictures that it was not trained on.

    part  what those pictures are called

    A finding without positives or without negatives gets neither.
    """
    scores = 0.5 * (1 + np.tanh(logits / 2))
    points = {
        finding: operating_point(table.values[:, at], scores[:, at], table.patients, rule=rule)
        for at, finding in enumerate(table.findings)
    }
    calibrations = fit_calibrations(table.values, logits, table.findings, table.patients)
    return {
        "thresholds": {finding: point.to_json(part=part) for finding, point in points.items() if point},
        "calibration": {finding: calibration.to_json() for finding, calibration in calibrations.items()},
    }


def calibrated(config: Mapping, found: Mapping, check: Scored | None, *, part: str = "") -> dict:
    """A configuration with `found` of `fitted` in place of what it has, and with the witness of a second part.

    check  the second part's pictures, scored; None for none: then there is no witness either
    part   its name
    """
    raw = {name: value for name, value in {**config, **found}.items() if name != CHECKED}
    if check is None:
        return raw
    typed = CheckpointConfig.from_raw(raw, name=str(raw.get("name", "")))
    return raw | {CHECKED: witness_of(replace(check, config=typed), part=part).to_json()}
