"""Checks of a checkpoint: a pass over a reference picture, and its AUC on labelled radiographs.

A wrong label order, a wrong input rule or a missing ReLU raises no error. It lowers the AUC below the reported one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cxr.errors import RadiographError
from cxr.evaluation.auc import auc_of, mean_auc_with_interval
from cxr.evaluation.bootstrap import patient_resamples
from cxr.evaluation.picture_folder import PictureFolder
from hub.errors import CheckpointError

if TYPE_CHECKING:
    from cxr.evaluation.labels import LabelTable
    from cxr.predictor import Predictor

BATCH = 16
FAR = 0.05
"""A checkpoint is suspect if the upper end of its interval is farther than this below the reported mean AUC."""


@dataclass(frozen=True)
class Figures:
    """AUC of each finding that has both positives and negatives, and their mean with its 95 % interval by patient."""

    auc: Mapping[str, float]
    mean: float
    low: float
    high: float
    images: int
    patients: int

    def suspect(self, reported: float | None) -> bool:
        """Whether a reported mean AUC is so far above the measured one that the network is probably read wrongly."""
        return reported is not None and self.high + FAR < reported


def check_reference(predictor: "Predictor") -> str:
    """A sentence on one pass over a synthetic chest; CheckpointError if its logits can't be a network's."""
    from cxr.phantom import phantom

    logits = np.array([each.logit for each in predictor.predict(phantom(size=512, effusion=True).radiograph).findings])
    if not np.isfinite(logits).all() or np.abs(logits).max() > 1e3:
        raise CheckpointError("A synthetic chest gets logits that no trained network gives.", "Is it the right layout?")
    if len(logits) > 1 and np.ptp(logits) == 0:
        raise CheckpointError("A synthetic chest gets the same logit for all findings.", "Are the weights trained?")
    return f"a synthetic chest gets logits from {logits.min():.2f} to {logits.max():.2f}"


def measure(predictor: "Predictor", table: "LabelTable", images: Path) -> Figures:
    """AUC on the pictures of a table that lie in a folder, under the table's names.

    Raises RadiographError if none of them is there, or one can't be read.
    """
    pictures = PictureFolder(images)
    rows = np.array([pictures.find(name).is_file() for name in table.images])
    if not rows.any():
        raise RadiographError(f"None of the table's {len(table)} pictures lies in {images.name!r}.", "Check --images.")
    table = table.take(rows)
    findings = [finding for finding in predictor.labels if finding in table.findings]
    truth = table.values[:, [table.findings.index(finding) for finding in findings]]
    logits = np.concatenate(list(_logits(predictor, table, pictures)))
    logits = logits[:, [predictor.labels.index(finding) for finding in findings]]
    auc = {finding: auc_of(truth[:, at], logits[:, at]) for at, finding in enumerate(findings)}
    known = {finding: value for finding, value in auc.items() if value is not None}
    interval = mean_auc_with_interval(truth, logits, list(patient_resamples(table.patients)))
    if interval is None:
        raise RadiographError("No finding has both positives and negatives among these pictures.", "Give more.")
    mean, low, high = interval
    return Figures(known, mean, low, high, len(table), len(set(table.patients)))


def _logits(predictor: "Predictor", table: "LabelTable", pictures: PictureFolder) -> Iterator[np.ndarray]:
    from cxr.reading.radiograph import read_radiograph

    for at in range(0, len(table), BATCH):
        names = table.images[at : at + BATCH]
        yield predictor.forward(
            np.stack([predictor.prepare(read_radiograph(pictures.find(name))).array for name in names])
        )
