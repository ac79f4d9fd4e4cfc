"""Class weights: weights of each finding's positives and negatives in the loss, from its prevalence.

A weight is named after the term it multiplies: `pos_weights` (1 − prevalence) goes with positives, `neg_weights`
(prevalence) with negatives, so that both together count the same, however rare a finding is.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cxr.errors import LabelError
from cxr.evaluation.labels import LabelTable
from cxr.findings import COURSE_ORDER


@dataclass(frozen=True)
class ClassWeights:
    """Weights per finding, in the order of `labels`; `rows` counts the table's rows, None where that is not known."""

    labels: tuple[str, ...]
    pos_weights: tuple[float, ...]
    neg_weights: tuple[float, ...]
    rows: int | None = None

    def to_json(self) -> dict:
        """The fields of `train_config.json`: the original application's two, with the order and the rows."""
        return {
            "labels": list(self.labels),
            "rows": self.rows,
            "pos_weights": list(self.pos_weights),
            "neg_weights": list(self.neg_weights),
        }

    def evened(self, share: float) -> "ClassWeights":
        """Weights that make the findings count more equally in the loss: unchanged for a share of 0, all equal for 1.

        A finding of prevalence π weighs 2π(1 − π) in all, so a rare one hardly counts; both its weights are divided
        by that sum to the power `share`.
        """
        totals = [2 * pos * neg or 1.0 for pos, neg in zip(self.pos_weights, self.neg_weights, strict=True)]
        scales = [total**-share for total in totals]
        return ClassWeights(
            self.labels,
            tuple(weight * scale for weight, scale in zip(self.pos_weights, scales, strict=True)),
            tuple(weight * scale for weight, scale in zip(self.neg_weights, scales, strict=True)),
            self.rows,
        )


def class_weights(table: LabelTable) -> ClassWeights:
    """Weights from the prevalence of each finding among the rows where it is known.

    Raises LabelError for a finding that is known nowhere.
    """
    known = np.isfinite(table.values).sum(axis=0)
    if unknown := [finding for finding, count in zip(table.findings, known, strict=True) if not count]:
        raise LabelError(f"This table has no known label of {', '.join(unknown)}.", "Leave it out with --order.")
    positives = (table.values == 1).sum(axis=0)
    return ClassWeights(
        labels=table.findings,
        # of counts, not 1 - prevalence: 980/1000 is the float nearest to 0.98, 1 - 0.02 need not be
        pos_weights=tuple(((known - positives) / known).tolist()),
        neg_weights=tuple((positives / known).tolist()),
        rows=len(table),
    )


def without_positives(table: LabelTable) -> list[str]:
    """Findings without a positive: the network can't learn them, and their negatives have a weight of 0."""
    return [finding for finding, (pictures, _) in table.positives().items() if not pictures]


def read_class_weights(file: Path, *, labels: Sequence[str]) -> ClassWeights:
    """Weights of a `train_config.json`, in the order of `labels`.

    The original application's file has no `labels`; its order is the course's. Raises LabelError for other fields.
    """
    try:
        raw = json.loads(Path(file).read_text())
    except (OSError, ValueError) as error:
        raise LabelError(f"{Path(file).name} can't be read as class weights: {type(error).__name__}.") from error
    order = raw.get("labels", list(COURSE_ORDER)) if isinstance(raw, Mapping) else []
    both = [_weights(raw, field, len(order)) for field in ("pos_weights", "neg_weights")] if order else []
    pairs = [weights for weights in both if weights]
    if len(pairs) < 2:
        raise LabelError(
            f"{Path(file).name} holds no class weights.",
            "Expected `pos_weights` and `neg_weights`, a number of at least 0 for each of `labels`.",
        )
    if lacking := [label for label in labels if label not in order]:
        raise LabelError(f"{Path(file).name} has no weights for {', '.join(lacking)}.", f"It has: {', '.join(order)}.")
    places = [order.index(label) for label in labels]
    pos, neg = (tuple(weights[place] for place in places) for weights in pairs)
    return ClassWeights(tuple(labels), pos, neg, raw.get("rows"))


def _weights(raw: Mapping, field: str, count: int) -> list[float] | None:
    values = raw.get(field)
    if not isinstance(values, list) or len(values) != count:
        return None
    numbers = all(isinstance(value, int | float) and value >= 0 for value in values)
    return [float(value) for value in values] if numbers else None
