"""Two copies of a network, one trained on a known shortcut, so that it is known where an explanation must point.

A chequered marker, a tenth of the side wide, is drawn at a random place into half of the pictures. For the first twin,
one finding's labels say which pictures have the marker. For the second twin, the same labels are permuted, so that the
marker predicts nothing. Nothing else differs. An explainer that shows the marker in the first twin alone has exposed
the shortcut; one that shows it in both shows whatever is conspicuous (Adebayo et al. 2022, arXiv 2212.04629).
"""

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import keras
import numpy as np

from cxr.checkpoint import Checkpoint
from cxr.checkpoint.writing import halved, write_checkpoint
from cxr.densenet import assign, densenet121, weights_of
from cxr.evaluation.auc import auc_of
from cxr.evaluation.labels import LabelTable
from cxr.preparation import InputRule, prepare
from cxr.reading.radiograph import read_radiograph
from cxr.training.class_weights import class_weights
from cxr.training.errors import TrainingError
from cxr.training.loss import WeightedBinaryCrossentropy
from cxr.training.pictures import Pictures

SIDE, MARKER = 256, 24
"""Sides in pixels of the pictures and of the marker in them."""

FROZEN = "pool4_pool"
"""The last frozen layer: its output is computed once per picture, so that twins train in minutes."""

TWINS = ("shortcut", "permuted")
BATCH, RATE = 32, 1e-3
DROPPED = (
    *(
        "thresholds",
        "calibration",
        "witness",
        "metrics",
        "bootstrap",
        "average_maps",
        "benchmark",
        "training",
        "preset",
    ),
)
"""Fields of a configuration that hold for the original network alone."""


@dataclass(frozen=True)
class Marked:
    """Pictures, some of them with the marker.

    grey      (rows, SIDE, SIDE) float32 in [0, 1]
    marked    (rows,) bool
    places    (rows, 2) (top, left) of the marker in pixels, also where it was not drawn
    """

    grey: np.ndarray
    marked: np.ndarray
    places: np.ndarray


def marked(pictures: Pictures, *, seed: int, share: float = 0.5) -> Marked:
    """Draw the marker at a random place into a random share of the pictures."""
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(len(pictures)) < round(share * len(pictures))
    places = rng.integers(MARKER, SIDE - 2 * MARKER, size=(len(pictures), 2), endpoint=True)
    grey = np.stack([pictures.grey(row) for row in range(len(pictures))])
    for picture, is_marked, (top, left) in zip(grey, drawn, places, strict=True):
        if is_marked:
            picture[top : top + MARKER, left : left + MARKER] = marker()
    return Marked(grey, drawn, places)


def marker() -> np.ndarray:
    """A chequered tile, four by four, (MARKER, MARKER) float32. Frozen layers hardly tell a plain square from bone."""
    squares = np.indices((MARKER, MARKER)) // (MARKER // 4)
    return (squares.sum(axis=0) % 2).astype(np.float32)


def plant(
    checkpoint: Checkpoint,
    training: Pictures,
    held_out: Pictures,
    out: Path,
    *,
    finding: str,
    epochs: int,
    seed: int,
    on_progress: Callable[[str], None] = lambda said: None,
) -> dict:
    """Fine-tune both twins, and write them, the marked held-out pictures with their boxes, and `planting.json`.

    training, held_out  pictures of SIDE pixels, of different patients
    finding             the finding that the marker stands for
    on_progress                called with a sentence before each part

    Returns what `planting.json` says: each twin's AUC for "has the marker" on the held-out pictures, with and without.
    """
    if finding not in checkpoint.config.findings:
        raise TrainingError(f"The network does not score {finding}.")
    rng = np.random.default_rng([seed, 1])
    seen, unseen = marked(training, seed=seed), marked(held_out, seed=seed + 1, share=1.0)
    clean = np.stack([held_out.grey(row) for row in range(len(held_out))])
    on_progress(f"Computing the first blocks' output for {len(training)} pictures …")
    frozen = _before(_model(checkpoint))
    inputs, held = (
        _features(frozen, checkpoint, grey, on_progress) for grey in (seen.grey, np.concatenate([unseen.grey, clean]))
    )
    truth = np.repeat([1.0, 0.0], len(held_out))
    labels = {"shortcut": seen.marked, "permuted": rng.permutation(seen.marked)}
    auc = {}
    for twin in TWINS:
        table = _relabelled(training.table, checkpoint, finding, labels[twin])
        model = _model(checkpoint)
        _fit(
            model,
            inputs,
            table,
            epochs=epochs,
            seed=seed,
            on_progress=partial(_report, on_progress, twin),
        )
        weights = halved(weights_of(model))
        assign(model, weights)
        column = checkpoint.config.labels.index(finding)
        found = auc_of(truth, _after(model).predict(held, batch_size=BATCH, verbose=0)[:, column])
        assert found is not None  # half of the pictures have the marker
        auc[twin] = round(found, 4)
        on_progress(f"{twin}: AUC of the marker {auc[twin]:.3f}")
        config = {name: value for name, value in checkpoint.config.raw.items() if name not in DROPPED}
        said = "is tied to" if twin == "shortcut" else "has nothing to do with"
        about = f"A test object, not a predictor: a marker {said} {finding}."
        write_checkpoint(out / twin, config | {"name": f"planted-{twin}", "description": about}, weights)
    _write_held_out(out / "data", held_out.table, unseen, finding)
    record = {"finding": finding, "marker": MARKER / SIDE, "training": len(training), "held_out": len(held_out),
              "epochs": epochs, "seed": seed, "start": checkpoint.identity.to_json(), "auc_of_marker": auc}  # fmt: skip
    (out / "planting.json").write_text(json.dumps(record, indent=1) + "\n")
    return record


def _model(checkpoint: Checkpoint) -> keras.Model:
    config = checkpoint.config
    channels = checkpoint.weights["conv1_conv/kernel"].shape[2]
    shape = (config.input["size"], config.input["size"], channels)
    model = densenet121(shape, outputs=len(config.labels), head=config.head, final_relu=config.final_relu)
    assign(model, checkpoint.weights)
    return model


def _before(model: keras.Model) -> keras.Model:
    return keras.Model(model.input, model.get_layer(FROZEN).output)


def _after(model: keras.Model) -> keras.Model:
    return keras.Model(model.get_layer(FROZEN).output, model.output)


def _features(
    frozen: keras.Model, checkpoint: Checkpoint, grey: np.ndarray, on_progress: Callable[[str], None]
) -> np.ndarray:
    """Output of the frozen part, (rows, y, x, k) float16."""
    rule = InputRule.from_config(checkpoint.config.input)
    rows = []
    for at in range(0, len(grey), BATCH):
        batch = np.stack([prepare(read_radiograph(as_bytes(each)), rule).array for each in grey[at : at + BATCH]])
        rows.append(frozen.predict_on_batch(batch).astype(np.float16))
        on_progress(f"{min(at + BATCH, len(grey))} of {len(grey)} pictures")
    return np.concatenate(rows)


def as_bytes(grey: np.ndarray) -> np.ndarray:
    """uint8, as a picture file has it."""
    return np.rint(np.clip(grey, 0, 1) * 255).astype(np.uint8)


def _relabelled(table: LabelTable, checkpoint: Checkpoint, finding: str, values: np.ndarray) -> LabelTable:
    """The labels in the network's order, with those of one finding replaced."""
    names = tuple(checkpoint.config.labels)
    columns = [table.values[:, table.findings.index(name)] for name in names]
    columns[names.index(finding)] = values.astype(np.float32)
    return replace(table, findings=names, values=np.stack(columns, axis=1))


def _fit(
    model: keras.Model,
    inputs: np.ndarray,
    table: LabelTable,
    *,
    epochs: int,
    seed: int,
    on_progress: Callable[[str], None],
) -> None:
    """Train the layers after the frozen part, with fixed statistics of the batch norms."""
    keras.utils.set_random_seed(seed)
    tail = _after(model)
    for layer in tail.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    weights = class_weights(table)
    steps = epochs * -(-len(inputs) // BATCH)
    schedule = keras.optimizers.schedules.CosineDecay(RATE, steps)
    tail.compile(keras.optimizers.AdamW(schedule, weight_decay=1e-4),
                 WeightedBinaryCrossentropy(weights.pos_weights, weights.neg_weights))  # fmt: skip

    class ReportEpoch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Mapping | None = None) -> None:
            on_progress(f"epoch {epoch + 1} of {epochs}, loss {(logs or {}).get('loss', np.nan):.3f}")

    tail.fit(inputs, table.values, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=[ReportEpoch()])


def _report(on_progress: Callable[[str], None], twin: str, said: str) -> None:
    on_progress(f"{twin}: {said}")


def _write_held_out(folder: Path, table: LabelTable, unseen: Marked, finding: str) -> None:
    """A data set with boxes, as the benchmark of explainers reads it; boxes in pixels of SIDE."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    with (folder / "boxes.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["image", "patient", "finding", "x", "y", "w", "h"])
        rows = zip(table.images, table.patients, unseen.grey, unseen.places, strict=True)
        for image, patient, grey, (top, left) in rows:
            name = f"{Path(image).stem}.png"
            cv2.imwrite(str(folder / "images" / name), as_bytes(grey))
            writer.writerow([name, patient, finding, left, top, MARKER, MARKER])
