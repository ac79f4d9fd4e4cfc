"""The command line of training and evaluation: class-weights, train, evaluate, calibrate, bootstrap, plant …"""

import argparse
import json
import sys
from typing import Any

from cxr.evaluation.calibrate_command import add_calibrate
from cxr.evaluation.claims_command import add_claims
from cxr.evaluation.evaluate_command import add_evaluate
from cxr.evaluation.table_arguments import ROWS_OF_PART, add_order, add_policies, add_table, table_of
from cxr.quiet_import import import_keras
from cxr.training.cross_validation_command import add_cross_validate
from cxr.training.train_command import add_train
from hub.command_line import add_command, existing_file, existing_folder, output_file, output_folder


def add_commands(commands: Any) -> None:
    """Add them to `python -m cxr`."""
    _add_class_weights(commands)
    add_train(commands)
    add_evaluate(commands)
    add_cross_validate(commands)
    add_calibrate(commands)
    add_claims(commands)
    _add_bootstrap(commands)
    _add_plausibility(commands)
    _add_plant(commands)


def _add_class_weights(commands: Any) -> None:
    command = add_command(
        commands,
        "class-weights",
        help="compute the weights of positives and negatives in the loss from a table of labels",
        example="python -m cxr class-weights labels.csv --part train -o train_config.json",
        run=_class_weights,
    )
    command.add_argument(
        "labels", type=existing_file, metavar="CSV", help="table with a 0/1 column per finding, or NIH's"
    )
    add_order(command)
    command.add_argument("--part", metavar="NAME", help=ROWS_OF_PART)
    command.add_argument(
        "-o", "--out", required=True, type=output_file, metavar="FILE", help="JSON file to write: train_config.json"
    )
    add_policies(command)


def _add_bootstrap(commands: Any) -> None:
    command = add_command(
        commands,
        "bootstrap",
        help="fit output layers on resampled patients, which give the scores' intervals",
        example="python -m cxr bootstrap my-checkpoint --labels labels.csv --images chests/images --part train",
        run=_bootstrap,
    )
    command.add_argument(
        "directory", type=existing_folder, metavar="DIR", help="folder of a native checkpoint; gets heads.safetensors"
    )
    add_table(command)
    command.add_argument("--heads", type=int, default=20, metavar="N", help="number of output layers (default: 20)")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the resampling (default: 0)")


def _add_plausibility(commands: Any) -> None:
    command = add_command(
        commands,
        "plausibility",
        help="fit the check for frontal chest radiographs to pictures",
        example="python -m cxr plausibility --labels labels.csv --images chests/images --out plausibility.npz",
        run=_plausibility,
    )
    add_table(command, part="the part to fit (default: train)")
    command.add_argument(
        "--validation",
        default="validation",
        metavar="NAME",
        help="the part that the limit is chosen on (default: validation)",
    )
    command.add_argument("--out", required=True, type=output_file, metavar="FILE", help="NPZ file to write")


def _add_plant(commands: Any) -> None:
    command = add_command(
        commands,
        "plant",
        help="fine-tune two copies of a network, one with a known shortcut, to test explainers on them",
        example="python -m cxr plant --labels labels.csv --images chests/images --finding Hernia --out twins",
        run=_plant,
    )
    add_table(command, part="the part to train on (default: train)")
    command.add_argument(
        "--model", default="starter", metavar="SOURCE", help="the checkpoint to fine-tune (default: starter)"
    )
    command.add_argument(
        "--held-out", default="test", metavar="NAME", help="the part to test the twins on (default: test)"
    )
    command.add_argument(
        "--finding", default="Hernia", metavar="NAME", help="finding that the marker stands for (default: Hernia)"
    )
    command.add_argument(
        "--pictures", type=int, default=1000, metavar="N", help="random training pictures, at most (default: 1000)"
    )
    command.add_argument(
        "--boxes", type=int, default=100, metavar="N", help="random held-out pictures, at most (default: 100)"
    )
    command.add_argument("--epochs", type=int, default=15, metavar="N", help="epochs of fine-tuning (default: 15)")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="seed of every random choice (default: 0)")
    command.add_argument(
        "--out", required=True, type=output_folder, metavar="DIR", help="folder for both twins and pictures with boxes"
    )


def _class_weights(given: argparse.Namespace) -> int:
    from cxr.evaluation.labels import order_of, read_labels
    from cxr.evaluation.splits import part_of
    from cxr.training.class_weights import class_weights, without_positives

    table = read_labels(
        given.labels, findings=order_of(given.order), uncertain=given.uncertain, missing=given.missing
    )  # fmt: skip
    for note in table.notes:
        print(f"note: {note}", file=sys.stderr)
    table = part_of(table, given.part) if given.part else table
    weights = class_weights(table)
    for finding in without_positives(table):
        print(
            f"warning: {finding} has no positive among {len(table)} rows: the network can't learn it.", file=sys.stderr
        )
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(weights.to_json(), indent=1) + "\n")
    for finding, positive, negative in zip(weights.labels, weights.pos_weights, weights.neg_weights, strict=True):
        print(f"  {finding:20} positives × {positive:.4f}, negatives × {negative:.4f}")
    print(f"{len(table)} rows: {given.out}")
    return 0


def _bootstrap(given: argparse.Namespace) -> int:
    import_keras()
    from cxr.checkpoint import read_checkpoint
    from cxr.evaluation.scoring import features_of_table
    from cxr.predictor import Predictor
    from cxr.training.class_weights import class_weights
    from cxr.training.errors import TrainingError
    from cxr.training.finishing import add_heads
    from hub import resolve
    from hub.architecture import OUTPUT_LAYER

    if given.heads < 2:
        raise TrainingError(f"--heads is {given.heads}; intervals need 2 output layers or more.", "20 is usual.")
    directory = given.directory
    checkpoint = read_checkpoint(resolve(str(directory)))
    table = table_of(given, findings=checkpoint.config.labels)
    predictor = Predictor.from_checkpoint(checkpoint)
    table, features = features_of_table(predictor, table, given.images)
    output = {name: checkpoint.weights[f"{OUTPUT_LAYER}/{name}"] for name in ("kernel", "bias")}
    add_heads(directory, features, table, class_weights(table), output, count=given.heads, seed=given.seed)
    print(f"{directory / 'heads.safetensors'}: {given.heads} output layers from {len(table)} pictures")
    return 0


def _plausibility(given: argparse.Namespace) -> int:
    from cxr import plausibility
    from cxr.evaluation.splits import check_disjoint
    from cxr.training.pictures import pack

    tables = {name: table_of(argparse.Namespace(**{**vars(given), "part": name}))
              for name in (given.part or "train", given.validation)}  # fmt: skip
    check_disjoint(tables)
    packed = [pack(table, given.images, side=plausibility.SIDE) for table in tables.values()]
    fitted = plausibility.fit(*([each.grey(row) for row in range(len(each))] for each in packed))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    fitted.save(given.out)
    print(f"{given.out}: from {len(packed[0])} pictures, its limit from {len(packed[1])}")
    return 0


def _plant(given: argparse.Namespace) -> int:
    import_keras()
    import numpy as np

    from cxr.checkpoint import read_checkpoint
    from cxr.evaluation.splits import check_disjoint
    from cxr.findings import check_finding
    from cxr.training.pictures import pack
    from cxr.training.planted_marker import SIDE, plant
    from hub import resolve

    checkpoint = read_checkpoint(resolve(given.model))
    finding = check_finding(given.finding, tuple(checkpoint.config.findings))
    tables = {}
    for part, count in ((given.part or "train", given.pictures), (given.held_out, given.boxes)):
        table = table_of(argparse.Namespace(**{**vars(given), "part": part}), checkpoint.config.labels)
        rows = np.random.default_rng(given.seed).permutation(len(table))[:count]
        tables[part] = table.take(np.sort(rows))
    check_disjoint(tables)
    training, held_out = (pack(table, given.images, side=SIDE) for table in tables.values())
    record = plant(checkpoint, training, held_out, given.out, finding=finding, epochs=given.epochs,
                   seed=given.seed, on_progress=lambda said: print(said, flush=True))  # fmt: skip
    for twin, auc in record["auc_of_marker"].items():
        print(f"{twin:9} AUC of the marker on {len(held_out)} held-out pictures with and without it: {auc:.3f}")
    print(
        f"next: python -m explainers benchmark --data {given.out}/data --box-side {SIDE} --model {given.out}/shortcut …"
    )
    return 0
