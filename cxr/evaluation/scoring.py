"""A network's logits for the pictures of a table."""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from cxr.checkpoint import CheckpointConfig
from cxr.datasets.ahead import Read, batches, one_ahead
from cxr.errors import LabelError
from cxr.evaluation.labels import LabelTable
from cxr.evaluation.picture_folder import PictureFolder
from cxr.evaluation.stored_answers import Answers, StoredAnswers
from cxr.reading.radiograph import read_radiograph

if TYPE_CHECKING:
    from cxr.predictor import Predictor

BATCH = 32

Asked = tuple["Predictor", Callable[[np.ndarray], np.ndarray]]
"""A network, and what is asked of it: from a prepared batch to rows, one a radiograph."""


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


def score_table(
    predictors: Sequence["Predictor"], table: LabelTable, folder: Path, *, out: Path | None = None
) -> list[Scored]:
    """The answers of several networks to the same pictures, for the table's findings that all of them score.

    out  folder in which answers are kept until `forget_answers`, so that a run that was ended goes on where it was;
         None, or without pyarrow: nothing is kept

    Pictures that are missing or can't be read are skipped, with a count on stderr. Raises LabelError if none is
    left, or if the table has no finding that they score.
    """
    findings = [name for name in table.findings if all(name in each.labels for each in predictors)]
    if not findings:
        known = ", ".join(dict.fromkeys(name for each in predictors for name in each.labels))
        raise LabelError(f"The table has none of the findings that are scored: {known}.", "Check --labels and --model.")
    values = table.values[:, [table.findings.index(name) for name in findings]]
    table = replace(table, findings=tuple(findings), values=values)

    def asked(predictor: "Predictor") -> Asked:
        columns = [predictor.labels.index(name) for name in findings]
        return predictor, lambda batch: predictor.forward(batch)[:, columns]

    stored = StoredAnswers.at(out, _about(predictors, findings, folder)) if out else None
    table, answers = _collect(table, folder, [asked(predictor) for predictor in predictors], stored)
    return [Scored(table, logits, each.config) for each, logits in zip(predictors, answers, strict=True)]


def features_of_table(predictor: "Predictor", table: LabelTable, folder: Path) -> tuple[LabelTable, np.ndarray]:
    """The rows that could be read, and what the output layer sees of each: `(rows, k)`."""
    table, (features,) = _collect(table, folder, [(predictor, predictor.features)])
    return table, features


def _about(predictors: Sequence["Predictor"], findings: Sequence[str], folder: Path) -> dict:
    """What answers depend on."""
    networks = [{"model": each.identity.to_json(), "input": each.rule.to_config()} for each in predictors]
    return {"networks": networks, "findings": list(findings), "images": folder.name}


def _collect(
    table: LabelTable, folder: Path, networks: Sequence[Asked], stored: StoredAnswers | None = None
) -> tuple[LabelTable, list[np.ndarray]]:
    """The rows that could be read, and each network's answers to them."""
    found = stored.read() if stored else {}
    pictures = PictureFolder(folder)
    left = [name for name in dict.fromkeys(table.images) if name not in found]
    read_ahead = batches(
        left,
        lambda name: read_radiograph(pictures.find(name)),
        lambda radiograph: [predictor.prepare(radiograph).array for predictor, _ in networks],
        size=BATCH,
    )
    with (
        closing(one_ahead(read_ahead, lambda batch: _answers(batch, networks))) as answered,
        tqdm(total=len(left), unit=" pictures", disable=not sys.stderr.isatty()) as bar,
    ):
        for batch, answers in answered:
            found |= answers.result()
            if stored:
                stored.write(answers.result())
            bar.update(len(batch))
    return _in_rows(table, found, len(networks))


def _answers(batch: Sequence[Read[str, list[np.ndarray]]], networks: Sequence[Asked]) -> Answers:
    """{picture: a row of each network's answers, or why there are none}."""
    inputs = {each.item: each.prepared for each in batch if each.prepared}
    found: Answers = {each.item: each.error.sentence for each in batch if each.error}
    if inputs:
        rows = [
            ask(np.stack([prepared[number] for prepared in inputs.values()]))
            for number, (_, ask) in enumerate(networks)
        ]
        found |= {name: [answers[at] for answers in rows] for at, name in enumerate(inputs)}
    return found


def _in_rows(table: LabelTable, found: Mapping, networks: int) -> tuple[LabelTable, list[np.ndarray]]:
    reasons = [found[name] for name in table.images if isinstance(found[name], str)]
    readable = [row for row, name in enumerate(table.images) if not isinstance(found[name], str)]
    if reasons:
        print(f"warning: {len(reasons)} pictures are skipped, the first because: {reasons[0]}", file=sys.stderr)
    if not readable:
        raise LabelError(f"None of the {len(table)} pictures could be read.", "Check --images.")
    rows = [found[table.images[row]] for row in readable]
    return table.take(readable), [np.stack([each[number] for each in rows]) for number in range(networks)]
