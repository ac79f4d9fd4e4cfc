"""Answers of endpoints: JSON with the version and the network in it, and files that Gradio hands out."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from cxr.checkpoint import CheckpointConfig
from cxr.findings import DESCRIPTIONS, display_name
from cxr.predictor import Predictor
from explainers.contract.explainer import Explainer
from explainers.contract.explanation import Explanation
from explainers.contract.measure import Measure
from explainers.page.private_folder import PrivateFolder

API_VERSION = 1
"""Of what endpoints take and give; raised when an answer changes so that a program could notice."""


def answer(predictor: Predictor | None, **fields: Any) -> dict:
    """A JSON answer. `model` is null only while no network is loaded."""
    return {"api_version": API_VERSION, "model": predictor.identity.to_json() if predictor else None, **fields}


def record(explanation: Explanation) -> dict:
    """Everything needed to get an explanation again; the network stands once, in the answer around it."""
    return {name: value for name, value in explanation.record().items() if name != "model"}


def finding(name: str, config: CheckpointConfig) -> dict:
    """A finding with its operating point, None where the checkpoint has none, and whether its score is calibrated."""
    threshold = config.thresholds.get(name)
    return {
        "finding": name,
        "title": display_name(name),
        "description": DESCRIPTIONS[name],
        "threshold": threshold.score if threshold else None,
        "threshold_rule": threshold.rule if threshold else None,
        "provisional": threshold.provisional if threshold else None,
        "calibrated": name in config.calibration,
    }


def explainer(each: type[Explainer], origin: str) -> dict:
    """An explainer with its documentation and the JSON Schema of its options."""
    return {**each.describe(), "plugin": origin}


def measure(each: type[Measure]) -> dict:
    """A measure with its documentation."""
    return each.describe()


def file_of(folder: PrivateFolder, name: str, content: bytes) -> dict:
    """A file of an answer, as Gradio wants to be told of it."""
    place = folder.answer_folder() / name
    place.write_bytes(content)
    return {"path": str(place), "orig_name": name, "meta": {"_type": "gradio.FileData"}}


def maps_npz(explanations: Sequence[Explanation]) -> bytes:
    """Maps of a comparison as one .npz: `EXPLAINER/map`, `EXPLAINER/input_map`, `EXPLAINER/image_map`, float32."""
    arrays = {}
    for each in explanations:
        arrays[f"{each.explainer}/map"] = each.map
        arrays[f"{each.explainer}/input_map"] = each.on_input()
        arrays[f"{each.explainer}/image_map"] = each.on_image()
    target = io.BytesIO()
    np.savez_compressed(target, **arrays)
    return target.getvalue()
