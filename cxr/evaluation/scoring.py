"""A network's logits for the pictures of a table."""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from cxr.checkpoint import CheckpointConfig
from cxr.errors import LabelError, RadiographError
from cxr.evaluation.labels import LabelTable
from cxr.evaluation.picture_folder import PictureFolder
from cxr.reading.radiograph import Radiograph, read_radiograph

if TYPE_CHECKING:
    from cxr.predictor import Predictor

BATCH = 16
THREADS = 4

Answer = Callable[[Sequence[Radiograph]], np.ndarray]
"""Rows, one a radiograph."""


@dataclass(frozen=True, eq=False)
class Scored:
    """A table's pictures with a network's answers.

    logits  (rows, findings), in the order of `table.findings`
    """

    table: LabelTable
    logits: np.ndarray
    config: CheckpointConfig

    @property
    def scores(self) -> np.ndarray:
        """σ of the logits."""
        return 0.5 * (1 + np.tanh(self.logits / 2))

    def above(self, finding: str) -> np.ndarray:
        """(rows,) bool: whether the score is above the finding's operating point, its view's where there is one."""
        threshold = self.config.thresholds[finding]
        views = self.table.columns.get("view") or ("",) * len(self.table)
        points = {view: threshold.of_view(view).score for view in set(views)}
        return self.scores[:, self.table.findings.index(finding)] >= np.array([points[view] for view in views])


def score_table(predictors: Sequence["Predictor"], table: LabelTable, folder: Path) -> list[Scored]:
    """The answers of several networks to the same pictures, those findings of the table that all of them have.

    Pictures that are missing or can't be read are skipped, with a count on stderr. Raises LabelError if none is left.
    """
    findings = [name for name in table.findings if all(name in each.labels for each in predictors)]
    values = table.values[:, [table.findings.index(name) for name in findings]]
    table = replace(table, findings=tuple(findings), values=values)

    def answer(predictor: "Predictor") -> Answer:
        columns = [predictor.labels.index(name) for name in findings]
        return lambda read: predictor.forward(_batch(predictor, read))[:, columns]

    table, answers = _collect(table, folder, [answer(predictor) for predictor in predictors])
    return [Scored(table, logits, each.config) for each, logits in zip(predictors, answers, strict=True)]


def features_of_table(predictor: "Predictor", table: LabelTable, folder: Path) -> tuple[LabelTable, np.ndarray]:
    """The rows that could be read, and what the output layer sees of each: `(rows, k)`."""
    table, (features,) = _collect(table, folder, [lambda read: predictor.features(_batch(predictor, read))])
    return table, features


def _batch(predictor: "Predictor", read: Sequence[Radiograph]) -> np.ndarray:
    return np.stack([predictor.prepare(each).array for each in read])


def _collect(table: LabelTable, folder: Path, answers: Sequence[Answer]) -> tuple[LabelTable, list[np.ndarray]]:
    """The rows that could be read, and each answer to them."""
    pictures = PictureFolder(folder)
    readable: list[int] = []
    reasons: list[str] = []
    found: list[list[np.ndarray]] = [[] for _ in answers]
    with ThreadPoolExecutor(THREADS) as pool:
        for at in tqdm(range(0, len(table), BATCH), unit=" batches", disable=not sys.stderr.isatty()):
            results = list(pool.map(lambda name: _read(pictures.find(name)), table.images[at : at + BATCH]))
            reasons += [each for each in results if isinstance(each, str)]
            read = {row: each for row, each in enumerate(results, at) if not isinstance(each, str)}
            readable += read
            for answer, rows in zip(answers, found, strict=True):
                if read:
                    rows.append(answer(list(read.values())))
    if reasons:
        print(f"warning: {len(reasons)} pictures are skipped, the first because: {reasons[0]}", file=sys.stderr)
    if not readable:
        raise LabelError(f"None of the {len(table)} pictures could be read.", "Check --images.")
    return table.take(readable), [np.concatenate(rows) for rows in found]


def _read(file: Path) -> Radiograph | str:
    """The radiograph, or why there is none."""
    try:
        return read_radiograph(file)
    except RadiographError as error:
        return error.sentence
