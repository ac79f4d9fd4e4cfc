"""The command line of cross-validation: `python -m cxr cross-validate`."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cxr.errors import LabelError
from cxr.evaluation.table_arguments import add_tables
from cxr.findings import FINDINGS
from hub.command_line import add_command, existing_file, output_folder

if TYPE_CHECKING:
    from cxr.evaluation.cross_validation import OutOfFold
    from cxr.evaluation.labels import LabelTable

LOGITS = "out_of_fold.npz"


def add_cross_validate(commands: Any) -> None:
    """Add it to `python -m cxr`."""
    command = add_command(
        commands,
        "cross-validate",
        help="measure a recipe on the folds that its networks, from `train --fold`, were not trained on",
        example="python -m cxr cross-validate --labels labels.csv --images chests/images --model fold1 --model fold2 "
        "--out report",
        run=_cross_validate,
    )
    add_tables(command, images_required=False)
    command.add_argument(
        "--part",
        action="append",
        metavar="NAME",
        help="part to measure on; repeatable (default: train and validation, where there are parts)",
    )
    command.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="SOURCE",
        help="checkpoint of a fold; repeatable, one for each fold",
    )
    command.add_argument(
        "--logits",
        action="append",
        default=[],
        type=existing_file,
        metavar="FILE",
        help="logits of any network, with `folds`; repeatable, the others are compared with the first",
    )
    command.add_argument(
        "--apart", default="", metavar="NAME,…", help="findings to leave out of the means (default: none)"
    )
    command.add_argument(
        "--out",
        required=True,
        type=output_folder,
        metavar="DIR",
        help="folder for cross_validation.json, cross_validation.md and out_of_fold.npz",
    )


def _cross_validate(given: argparse.Namespace) -> int:
    from cxr.evaluation.cross_validation import cross_validated, markdown
    from cxr.evaluation.labels import order_of

    tables = [_parts(file, given.part or ["train", "validation"]) for file in given.labels]
    out = given.out
    out.mkdir(parents=True, exist_ok=True)
    networks = [_scored(tables, given, out)] if given.model else []
    networks += [_read(file, tables) for file in given.logits]
    if not networks:
        raise LabelError("There is nothing to measure.", "Give --model for each fold, or --logits.")
    figures = cross_validated(_on_common_pictures(networks), apart=order_of(given.apart) if given.apart else ())
    (out / "cross_validation.json").write_text(json.dumps(figures, indent=1, allow_nan=False) + "\n")
    (out / "cross_validation.md").write_text(text := markdown(figures))
    print(text)
    return 0


def _parts(file: str, parts: Sequence[str]) -> "LabelTable":
    from cxr.evaluation.labels import read_labels

    table = read_labels(file, findings=FINDINGS)
    return table.take(np.isin(table.columns["part"], parts)) if "part" in table.columns else table


def _scored(tables: Sequence["LabelTable"], given: argparse.Namespace, out: Path) -> "OutOfFold":
    """By the checkpoints of all folds, each the patients that it was trained without."""
    from cxr.evaluation.cross_validation import OutOfFold
    from cxr.evaluation.labels import joined_tables
    from cxr.evaluation.scoring import score_table
    from cxr.evaluation.splits import fold_of
    from cxr.predictor import Predictor
    from cxr.training.soft_labels import SoftLabels, write_soft_labels

    if len(given.images) != len(given.labels):
        raise LabelError(
            f"{len(given.labels)} tables and {len(given.images)} folders were given.", "One each is needed."
        )
    predictors = _by_fold([Predictor.load(source) for source in given.model])
    scored, folds = [], []
    for fold, predictor in enumerate(predictors, 1):
        for table, folder in zip(tables, given.images, strict=True):
            held_out = fold_of(table.patients, len(predictors)) == fold
            if held_out.any():
                scored += score_table([predictor], table.take(held_out), folder)
                folds += [fold] * len(scored[-1].table)
    found = OutOfFold(
        Path(given.model[0]).name,
        joined_tables([each.table for each in scored]),
        np.concatenate([each.logits for each in scored]),
        np.array(folds),
    )
    labels = SoftLabels(found.table.images, found.table.findings, found.logits[:, None], folds=tuple(folds))
    write_soft_labels(out / LOGITS, labels)
    return found


def _by_fold(predictors: Sequence[Any]) -> list[Any]:
    """In the order of the folds that they were trained without. LabelError unless each fold has one."""
    folds = [each.config.raw.get("training", {}).get("fold") or {} for each in predictors]
    count = len(predictors)
    if sorted((each.get("fold", 0), each.get("of")) for each in folds) != [(at, count) for at in range(1, count + 1)]:
        said = ", ".join(f"{each.get('fold', 'none')} of {each.get('of', 'none')}" for each in folds)
        raise LabelError(
            f"{count} checkpoints of {count} folds are needed; these are of the folds {said}.",
            "Train each with `python -m cxr train --fold K/N`.",
        )
    return [
        each
        for _, each in sorted(zip((fold["fold"] for fold in folds), predictors, strict=True), key=lambda pair: pair[0])
    ]


def _read(file: Path, tables: Sequence["LabelTable"]) -> "OutOfFold":
    from cxr.evaluation.cross_validation import OutOfFold
    from cxr.evaluation.labels import joined_tables
    from cxr.training.soft_labels import read_soft_labels

    labels = read_soft_labels(file)
    if labels.folds is None or labels.views is not None:
        raise LabelError(f"{file.name} does not say which fold each picture was held out in.", "It needs `folds` (N,).")
    table = joined_tables(tables)
    known = set(labels.images)
    table = table.take(np.array([image in known for image in table.images]))
    if not len(table):
        raise LabelError(f"{file.name} has none of the tables' pictures.", "Names must be those of the tables.")
    labels = labels.aligned(table)
    return OutOfFold(file.stem, table, labels.logits[:, 0], np.array(labels.folds))


def _on_common_pictures(networks: Sequence["OutOfFold"]) -> list["OutOfFold"]:
    """All on the pictures that each of them has, in the first one's order."""
    from dataclasses import replace

    common = set.intersection(*(set(each.table.images) for each in networks))
    order = [image for image in networks[0].table.images if image in common]
    found = []
    for each in networks:
        row_of = {image: row for row, image in enumerate(each.table.images)}
        rows = [row_of[image] for image in order]
        found.append(replace(each, table=each.table.take(rows), logits=each.logits[rows], folds=each.folds[rows]))
    return found
