"""The command line of training and evaluation: class-weights, train, evaluate, calibrate, bootstrap, plant …"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxr.evaluation.cross_validation_command import add_cross_validate
from cxr.findings import FINDINGS
from cxr.training.train_command import add_policies, add_train

if TYPE_CHECKING:
    from cxr.evaluation.labels import LabelTable


def add_commands(commands: Any) -> None:
    """Add them to `python -m cxr`."""
    _add_class_weights(commands)
    add_train(commands)
    _add_evaluate(commands)
    add_cross_validate(commands)
    _add_calibrate(commands)
    _add_bootstrap(commands)
    _add_plausibility(commands)
    _add_plant(commands)


def _add_class_weights(commands: Any) -> None:
    command = commands.add_parser("class-weights", help="weights of the loss from a table of labels")
    command.add_argument("labels", metavar="LABELS.csv", help="NIH's Finding Labels, or a 0/1 column a finding")
    command.add_argument("--order", default="chexnet", metavar="course|chexnet|NAME,…", help="findings, in order")
    command.add_argument("--part", metavar="NAME", help="only rows whose column `part` says so, such as train")
    command.add_argument("-o", "--out", required=True, metavar="FILE", help="such as train_config.json")
    add_policies(command)
    command.set_defaults(run=_class_weights)


def _add_evaluate(commands: Any) -> None:
    command = commands.add_parser("evaluate", help="figures with intervals on labelled radiographs")
    _add_table(command)
    command.add_argument("--model", default="starter", metavar="SOURCE", help="default: starter")
    command.add_argument("--versus", metavar="SOURCE", help="another checkpoint, compared pair by pair")
    command.add_argument(
        "--prevalence", type=float, metavar="SHARE", help="for PPV and NPV; default: the pictures' own"
    )
    command.add_argument("--out", required=True, metavar="DIR", help="evaluation.json, evaluation.md and pictures")
    command.set_defaults(run=_evaluate)


def _add_calibrate(commands: Any) -> None:
    command = commands.add_parser("calibrate", help="choose operating points and fit probabilities again")
    command.add_argument("directory", metavar="DIR", help="a native checkpoint's folder; its config.json is changed")
    _add_table(command)
    command.add_argument(
        "--sensitivity", type=float, metavar="SHARE", help="operating points that reach it; default: Youden's"
    )
    command.set_defaults(run=_calibrate)


def _add_bootstrap(commands: Any) -> None:
    command = commands.add_parser("bootstrap", help="fit output layers on resampled patients: intervals of the scores")
    command.add_argument("directory", metavar="DIR", help="a native checkpoint's folder; heads.safetensors is added")
    _add_table(command)
    command.add_argument("--heads", type=int, default=20, metavar="N", help="default: 20")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="of the draws; default: 0")
    command.set_defaults(run=_bootstrap)


def _add_plausibility(commands: Any) -> None:
    command = commands.add_parser("plausibility", help="learn what frontal chest radiographs look like")
    _add_table(command)
    command.add_argument("--validation", default="validation", metavar="NAME", help="part that the limit is set on")
    command.add_argument("--out", required=True, metavar="FILE", help="an .npz, as cxr/plausibility.npz")
    command.set_defaults(run=_plausibility)


def _add_plant(commands: Any) -> None:
    command = commands.add_parser("plant", help="twins of a network with a shortcut that is known, to test explainers")
    _add_table(command)
    command.add_argument("--model", default="starter", metavar="SOURCE", help="what is fine-tuned; default: starter")
    command.add_argument("--held-out", default="test", metavar="NAME", help="part of the table that is not trained on")
    command.add_argument("--finding", default="Hernia", metavar="NAME", help="what the marker is tied to")
    command.add_argument("--pictures", type=int, default=1000, metavar="N", help="to train on, drawn; default: 1000")
    command.add_argument("--boxes", type=int, default=100, metavar="N", help="held-out pictures; default: 100")
    command.add_argument("--epochs", type=int, default=15, metavar="N", help="default: 15")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="of everything drawn; default: 0")
    command.add_argument("--out", required=True, metavar="DIR", help="both twins, and pictures with boxes")
    command.set_defaults(run=_plant)


def _add_table(command: argparse.ArgumentParser) -> None:
    command.add_argument("--labels", required=True, metavar="CSV", help="table of labels")
    command.add_argument("--images", required=True, metavar="DIR", help="folder of the pictures that it names")
    command.add_argument("--part", metavar="NAME", help="only rows whose column `part` says so, such as test")
    command.add_argument("--limit", type=int, metavar="N", help="the first N pictures of it, to try things")
    add_policies(command)


def _class_weights(given: argparse.Namespace) -> int:
    from cxr.evaluation.labels import order_of, read_labels
    from cxr.evaluation.splits import part_of
    from cxr.training.class_weights import class_weights, without_positives

    table = read_labels(
        given.labels, findings=order_of(given.order), uncertain=given.uncertain, missing=given.missing
    )  # fmt: skip
    table = part_of(table, given.part) if given.part else table
    weights = class_weights(table)
    for finding in without_positives(table):
        print(
            f"warning: {finding} has no positive among {len(table)} rows: nothing can be learnt of it.", file=sys.stderr
        )
    Path(given.out).write_text(json.dumps(weights.to_json(), indent=1) + "\n")
    for finding, positive, negative in zip(weights.labels, weights.pos_weights, weights.neg_weights, strict=True):
        print(f"  {finding:20} positives × {positive:.4f}, negatives × {negative:.4f}")
    print(f"{len(table)} rows: {given.out}")
    return 0


def _evaluate(given: argparse.Namespace) -> int:
    from cxr.evaluation.figures import evaluate
    from cxr.evaluation.report import markdown, write_report
    from cxr.evaluation.scoring import score_table
    from cxr.predictor import Predictor

    table = _table(given)
    sources = [given.model, *([given.versus] if given.versus else [])]
    scored, *versus = score_table([Predictor.load(source) for source in sources], table, Path(given.images))
    prevalence = dict.fromkeys(scored.table.findings, given.prevalence) if given.prevalence is not None else None
    figures = evaluate(scored, prevalence=prevalence, versus=versus[0] if versus else None)
    files = write_report(figures, scored, Path(given.out))
    print(markdown(figures))
    print(f"written: {', '.join(str(file) for file in files)}")
    return 0


def _calibrate(given: argparse.Namespace) -> int:
    from cxr.checkpoint.writing import write_config
    from cxr.evaluation.scoring import score_table
    from cxr.predictor import Predictor
    from cxr.training.finishing import fitted
    from hub.config import read_config

    directory = Path(given.directory)
    config = read_config(directory)
    (scored,) = score_table([Predictor.load(str(directory))], _table(given), Path(given.images))
    found = fitted(scored.table, scored.logits, sensitivity=given.sensitivity)
    write_config(directory, config | found)
    for finding, point in found["thresholds"].items():
        few = ", provisional" if point["provisional"] else ""
        print(
            f"  {finding:20} threshold {point['score']:.3f}: sensitivity {point['sensitivity']:.2f}, "
            f"specificity {point['specificity']:.2f}, {point['positives']} positives{few}"
        )
    print(f"{directory / 'config.json'}: {len(found['thresholds'])} operating points and calibrations")
    return 0


def _bootstrap(given: argparse.Namespace) -> int:
    from cxr.checkpoint import read_checkpoint
    from cxr.evaluation.scoring import features_of_table
    from cxr.predictor import Predictor
    from cxr.training.class_weights import class_weights
    from cxr.training.errors import TrainingError
    from cxr.training.finishing import add_heads
    from hub import resolve
    from hub.architecture import OUTPUT_LAYER

    if given.heads < 2:
        raise TrainingError(f"{given.heads} output layers have no spread.", "Give --heads 2 or more; 20 is usual.")
    directory = Path(given.directory)
    checkpoint = read_checkpoint(resolve(str(directory)))
    table = _table(given, findings=checkpoint.config.labels)
    predictor = Predictor.from_checkpoint(checkpoint)
    table, features = features_of_table(predictor, table, Path(given.images))
    output = {name: checkpoint.weights[f"{OUTPUT_LAYER}/{name}"] for name in ("kernel", "bias")}
    add_heads(directory, features, table, class_weights(table), output, count=given.heads, seed=given.seed)
    print(f"{directory / 'heads.safetensors'}: {given.heads} output layers from {len(table)} pictures")
    return 0


def _plausibility(given: argparse.Namespace) -> int:
    from cxr import plausibility
    from cxr.evaluation.splits import check_disjoint
    from cxr.training.pictures import pack

    tables = {name: _table(argparse.Namespace(**{**vars(given), "part": name}))
              for name in (given.part or "train", given.validation)}  # fmt: skip
    check_disjoint(tables)
    packed = [pack(table, Path(given.images), side=plausibility.SIDE) for table in tables.values()]
    fitted = plausibility.fit(*([each.grey(row) for row in range(len(each))] for each in packed))
    fitted.save(Path(given.out))
    print(f"{given.out}: from {len(packed[0])} pictures, its limit from {len(packed[1])}")
    return 0


def _plant(given: argparse.Namespace) -> int:
    import numpy as np

    from cxr.checkpoint import read_checkpoint
    from cxr.evaluation.splits import check_disjoint
    from cxr.findings import check_finding
    from cxr.training.pictures import pack
    from cxr.training.planted_marker import SIDE, plant
    from hub import resolve

    checkpoint = read_checkpoint(resolve(given.model))
    finding = check_finding(given.finding, checkpoint.config.findings)
    tables = {}
    for part, count in ((given.part or "train", given.pictures), (given.held_out, given.boxes)):
        table = _table(argparse.Namespace(**{**vars(given), "part": part}), checkpoint.config.labels)
        rows = np.random.default_rng(given.seed).permutation(len(table))[:count]
        tables[part] = table.take(np.sort(rows))
    check_disjoint(tables)
    training, held_out = (pack(table, Path(given.images), side=SIDE) for table in tables.values())
    record = plant(checkpoint, training, held_out, Path(given.out), finding=finding, epochs=given.epochs,
                   seed=given.seed, on_progress=lambda said: print(said, flush=True))  # fmt: skip
    for twin, auc in record["auc_of_marker"].items():
        print(f"{twin:9} AUC of the marker on {len(held_out)} held-out pictures with and without it: {auc:.3f}")
    print(
        f"next: python -m explainers benchmark --data {given.out}/data --box-side {SIDE} --model {given.out}/shortcut …"
    )
    return 0


def _table(given: argparse.Namespace, findings: Sequence[str] = FINDINGS) -> "LabelTable":
    from cxr.evaluation.labels import read_labels
    from cxr.evaluation.splits import part_of

    table = read_labels(given.labels, findings=findings, uncertain=given.uncertain, missing=given.missing)
    table = part_of(table, given.part) if given.part else table
    return table if given.limit is None else table.take(range(min(given.limit, len(table))))
