"""Rows of the tables, from what was computed."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cxr.datasets.ahead import Error, Read
from explainers.batch.sources import Item

if TYPE_CHECKING:
    from cxr.prediction import Prediction
    from cxr.preparation import Prepared
    from explainers.contract.explanation import Explanation
    from explainers.running.measuring import MeasureDone

Row = dict[str, Any]

HALF_MAXIMUM = 2.0**14
"""What the largest cell is scaled to where cells have half precision: far from its largest number, 65504."""


def unread_row(read: "Read[Item, Prepared]") -> Row:
    """The only row of a radiograph that could not be read."""
    assert read.error is not None
    return {**_about(read.item), "error": read.error.cell()}


def score_rows(read: "Read[Item, Prepared]", prediction: "Prediction") -> Iterator[Row]:
    """One a finding."""
    assert read.radiograph is not None
    assert read.prepared is not None
    labels = dict(read.item.labels)
    for each in prediction.findings:
        low, high = each.interval or (None, None)
        yield {
            **_about(read.item),
            "finding": each.finding,
            "logit": each.logit,
            "score": each.score,
            "low": low,
            "high": high,
            "threshold": each.threshold,
            "above": each.above_threshold,
            "probability": each.probability,
            "label": labels.get(each.finding),
            "warnings": list(prediction.warnings),
            "height": read.radiograph.height,
            "width": read.radiograph.width,
            "input_digest": read.prepared.digest,
        }


def map_row(item: Item, found: "Explanation", *, half: bool) -> Row:
    """Of one explanation."""
    cells, scale = _halved(found.map) if half else (found.map, 1.0)
    figures = {name: value for name, value in found.notes.items() if not isinstance(value, np.ndarray)}
    return {
        **_about(item),
        "finding": found.finding,
        "explainer": found.explainer,
        "cells": cells,
        "rows": found.map.shape[0],
        "columns": found.map.shape[1],
        "scale": scale,
        "unit": found.unit,
        "signed": found.signed,
        "minimum": float(found.map.min()),
        "maximum": float(found.map.max()),
        "forward": found.passes["forward"],
        "backward": found.passes["backward"],
        "seconds": found.seconds,
        "shared": found.cached,
        "options": json.dumps(dict(found.options), sort_keys=True),
        "notes": json.dumps(figures, sort_keys=True),
        "input_digest": found.input_digest,
        "image_size": list(found.frame.image_size),
        "crop": list(found.frame.crop),
    }


def failed_map_row(item: Item, finding: str, explainer: str, error: Error) -> Row:
    """Of an explainer that gave no map."""
    return {**_about(item), "finding": finding, "explainer": explainer, "error": error.cell()}


def measure_row(item: Item, finding: str, done: "MeasureDone") -> Row:
    """Of a measure of a map, or of why it gave none."""
    row = {**_about(item), "finding": finding, "explainer": done.explainer, "measure": done.measure}
    found = done.measured
    if found is None:
        return {**row, "error": Error(done.code, done.reason).cell()}
    return {
        **row,
        "value": None if found.value is None else float(found.value),
        "verdict": found.verdict,
        "sentence": found.sentence,
        "figures": json.dumps(dict(found.figures), sort_keys=True, default=_plain),
        "seconds": done.seconds,
    }


def _about(item: Item) -> Row:
    return {"image": item.image, "patient": item.patient}


def _halved(cells: np.ndarray) -> tuple[np.ndarray, float]:
    """(float16 cells, scale): a cell is its number times the scale; nothing overflows, and little becomes zero."""
    largest = float(np.abs(cells).max())
    scale = largest / HALF_MAXIMUM if largest else 1.0
    return (cells / np.float64(scale)).astype(np.float16), scale


def _plain(value: Any) -> Any:
    """Numbers and arrays of NumPy in a measure's figures."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} can't be written as JSON")
