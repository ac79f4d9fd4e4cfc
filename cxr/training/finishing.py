"""From a trained network to a checkpoint's folder, with thresholds, calibration and figures."""

import json
import platform
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import keras
import numpy as np

from cxr.checkpoint.companions import HEADS, write_companion
from cxr.checkpoint.writing import halved, write_checkpoint
from cxr.densenet import assign, weights_of
from cxr.evaluation.auc import auc_of, mean_auc_with_interval
from cxr.evaluation.bootstrap import patient_resamples, with_interval
from cxr.evaluation.checkpoint_fields import fitted
from cxr.evaluation.labels import LabelTable
from cxr.evaluation.shortcuts import shortcuts
from cxr.training.class_weights import ClassWeights
from cxr.training.fitting import Job
from cxr.training.heads import bootstrap_heads
from cxr.training.network import features_of, logits_of
from cxr.training.run_state import RunState
from hub.architecture import OUTPUT_LAYER
from hub.config import ARCHITECTURE, FORMAT

CLASS_WEIGHTS_FILE = "train_config.json"


def finish(job: Job, state: RunState, out: Path, *, origin: str, data: str, provenance: Mapping | None = None) -> Path:
    """Write the folder; all figures in it are measured with the weights as they are stored.

    origin      a sentence on the starting weights
    data        name of the data set, for people
    provenance  more fields of `training`: the teachers that were followed, the fold that was held out
    """
    weights = halved(weights_of(job.model))
    assign(job.model, weights)
    table = job.validation.table
    logits = logits_of(job.model, job.validation, size=job.recipe.size)
    config = {
        "format": FORMAT,
        "name": out.name,
        "description": f"DenseNet-121, trained {origin} on {len(job.training)} radiographs.",
        "architecture": ARCHITECTURE,
        "final_relu": True,
        "pooling": "average",
        "head": [],
        "labels": list(table.findings),
        "input": {"rule": "samplewise", "size": job.recipe.size, "detail": job.recipe.detail},
        **fitted(table, logits, part="validation"),
        "metrics": figures_of(table, logits) | {"data": data, "part": "validation"},
        "training": _provenance(job, state, origin, data) | dict(provenance or {}),
    }
    (out / CLASS_WEIGHTS_FILE).write_text(json.dumps(job.weights.to_json(), indent=1) + "\n")
    write_checkpoint(out, config, weights)
    if job.recipe.heads:
        _add_heads(job, out, weights)
    return out


def figures_of(table: LabelTable, logits: np.ndarray) -> dict:
    """`metrics` of a checkpoint: AUC of each finding that has one, their mean, and shortcuts, intervals by patient."""
    draws = list(patient_resamples(table.patients))
    columns = {finding: (table.values[:, at], logits[:, at]) for at, finding in enumerate(table.findings)}
    auc = {
        finding: with_interval(partial(_auc_of_rows, truth, scores), draws, len(table))
        for finding, (truth, scores) in columns.items()
    }
    mean = mean_auc_with_interval(table.values, logits, draws)
    return {
        "n": len(table),
        "patients": len(set(table.patients)),
        "auc": {finding: [round(value, 4) for value in values] for finding, values in auc.items() if values},
        **({"mean_auc": [round(value, 4) for value in mean]} if mean else {}),
        "shortcuts": {name: _rounded(each) for name, each in shortcuts(table, logits).items()},
    }


def _rounded(shortcut: Mapping) -> dict:
    return {finding: [round(value, 3) for value in values] for finding, values in shortcut["auc"].items()}


def _auc_of_rows(truth: np.ndarray, scores: np.ndarray, rows: np.ndarray) -> float | None:
    return auc_of(truth[rows], scores[rows])


def _provenance(job: Job, state: RunState, origin: str, data: str) -> dict:
    import cv2

    best = dict(state.best)
    return {
        "recipe": job.recipe.to_json(),
        "start": origin,
        "data": data,
        "pictures": {"train": len(job.training), "validation": len(job.validation)},
        "patients": {
            "train": len(set(job.training.table.patients)),
            "validation": len(set(job.validation.table.patients)),
        },
        "positives": job.training.table.positives(),
        "skipped": len(job.training.unreadable) + len(job.validation.unreadable),
        "class_weights": CLASS_WEIGHTS_FILE,
        "best": best if np.isfinite(best.get("mean_auc", np.nan)) else {},
        "minutes": round(sum(row["seconds"] for row in state.history) / 60, 1),
        "versions": {
            "python": platform.python_version(),
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
            "numpy": np.__version__,
            "opencv": cv2.__version__,
        },
    }


def _add_heads(job: Job, out: Path, weights: Mapping[str, np.ndarray]) -> None:
    print(f"Fitting {job.recipe.heads} output layers on the features of {len(job.training)} pictures …", flush=True)
    features = features_of(job.model, job.training, size=job.recipe.size)
    output = {name: weights[f"{OUTPUT_LAYER}/{name}"] for name in ("kernel", "bias")}
    add_heads(out, features, job.training.table, job.weights, output, count=job.recipe.heads, seed=job.recipe.seed)


def add_heads(
    directory: Path,
    features: np.ndarray,
    table: LabelTable,
    weights: ClassWeights,
    output: Mapping[str, np.ndarray],
    *,
    count: int,
    seed: int,
) -> None:
    """Fit bootstrap heads, store them beside a checkpoint's weights, and name them in its configuration.

    features  (rows, k) of the table's pictures, as the output layer sees them
    output    "kernel" (k, n) and "bias" (n,) of the network's own output layer, its columns in the table's order
    """
    kernels, biases = bootstrap_heads(
        features,
        table.values,
        table.patients,
        weights,
        kernel=output["kernel"].astype(np.float32),
        bias=output["bias"].astype(np.float32),
        heads=count,
        seed=seed,
    )
    arrays = {"kernel": kernels.astype(np.float16), "bias": biases.astype(np.float32)}
    write_companion(directory, HEADS, arrays, heads=count, pictures=len(table))
