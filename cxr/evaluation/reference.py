"""Whether a checkpoint does what it says: a pass over a reference picture, and its AUC on labelled radiographs.

A wrong label order, input rule or missing ReLU raises no error. It shows in the AUC, beside the one that was reported.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cxr.errors import RadiographError
from hub.errors import CheckpointError

if TYPE_CHECKING:
    from cxr.evaluation.labels import LabelTable
    from cxr.predictor import Predictor

BATCH = 16
RESAMPLES = 1000
FAR = 0.05
"""How far below the reported mean AUC the interval's upper end may lie before a checkpoint is called suspect."""


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
        """Whether a reported mean AUC is too far above what was found to be the same network read rightly."""
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
    rows = np.array([(images / name).is_file() for name in table.images])
    if not rows.any():
        raise RadiographError(f"None of the table's {len(table)} pictures lies in {images.name!r}.", "Check --images.")
    table = table.take(rows)
    findings = [finding for finding in predictor.labels if finding in table.findings]
    truth = table.values[:, [table.findings.index(finding) for finding in findings]]
    logits = np.concatenate(list(_logits(predictor, table, images)))
    logits = logits[:, [predictor.labels.index(finding) for finding in findings]]
    auc = {finding: auc_of(truth[:, at], logits[:, at]) for at, finding in enumerate(findings)}
    known = {finding: value for finding, value in auc.items() if value is not None}
    if not known:
        raise RadiographError("No finding has both positives and negatives among these pictures.", "Give more.")
    low, high = _interval(truth, logits, np.array(table.patients))
    mean = float(np.mean(list(known.values())))
    return Figures(known, mean, low, high, len(table), len(set(table.patients)))


def auc_of(truth: np.ndarray, scores: np.ndarray) -> float | None:
    """Area under the ROC curve of scores for labels 1 and 0, NaN left out; None without both. Ties count half."""
    known = np.isfinite(truth)
    positive = truth[known] == 1
    count, others = int(positive.sum()), int((~positive).sum())
    if not count or not others:
        return None
    _, places, sizes = np.unique(scores[known], return_inverse=True, return_counts=True)
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[places]
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * others))


def _logits(predictor: "Predictor", table: "LabelTable", images: Path) -> Iterator[np.ndarray]:
    from cxr.reading.radiograph import read_radiograph

    for at in range(0, len(table), BATCH):
        names = table.images[at : at + BATCH]
        yield predictor.forward(np.stack([predictor.prepare(read_radiograph(images / name)).array for name in names]))


def _interval(truth: np.ndarray, logits: np.ndarray, patients: np.ndarray) -> tuple[float, float]:
    """2.5th and 97.5th percentile of the mean AUC when patients are drawn with replacement."""
    rows_of = [np.flatnonzero(patients == patient) for patient in np.unique(patients)]
    rng = np.random.default_rng(0)
    means = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([rows_of[at] for at in rng.integers(0, len(rows_of), len(rows_of))])
        drawn = [auc_of(truth[rows, at], logits[rows, at]) for at in range(truth.shape[1])]
        drawn = [each for each in drawn if each is not None]
        if drawn:
            means.append(np.mean(drawn))
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
