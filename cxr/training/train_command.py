"""The command line of training: `python -m cxr train`."""

import argparse
import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cxr.evaluation.table_arguments import add_order, add_policies, add_tables
from cxr.quiet_import import import_keras
from hub.command_line import add_command, existing_file, output_folder

if TYPE_CHECKING:
    from cxr.training.recipe import Recipe


def add_train(commands: Any) -> None:
    """Add it to `python -m cxr`."""
    command = add_command(
        commands,
        "train",
        help="train a checkpoint; the same command resumes a run that was stopped",
        example="python -m cxr train --labels labels.csv --images chests/images --out my-checkpoint --epochs 4",
        run=_train,
    )
    _add_data(command)
    _add_recipe(command)
    _add_distillation(command)
    add_policies(command)


def _add_data(command: argparse.ArgumentParser) -> None:
    """Options of tables, pictures, parts, and the folder to write."""
    add_tables(command, images_required=True)
    command.add_argument(
        "--out",
        required=True,
        type=output_folder,
        metavar="DIR",
        help="folder for the checkpoint and the run's state",
    )
    command.add_argument("--part", default="train", metavar="NAME", help="part to train on (default: train)")
    command.add_argument(
        "--validation",
        default="validation",
        metavar="NAME",
        help="part to choose the epoch on (default: validation; in tables without parts, a tenth of the patients)",
    )
    command.add_argument(
        "--fold",
        type=_fold,
        metavar="K/N",
        help="train on both parts without fold K of N by patient, for cross-validation (default: no folds)",
    )
    add_order(command)
    command.add_argument(
        "--limit", type=int, metavar="N", help="use N random pictures of each part, to try things (default: all)"
    )


def _add_recipe(command: argparse.ArgumentParser) -> None:
    """Options of the starting weights, the recipe, and where it runs."""
    command.add_argument(
        "--init",
        default="none",
        metavar="none|imagenet|SOURCE",
        help="starting weights: none, imagenet, a checkpoint, or a densenet.hdf5 for the backbone (default: none)",
    )
    command.add_argument(
        "--class-weights",
        type=existing_file,
        metavar="FILE",
        help="a train_config.json (default: weights from the training part)",
    )
    command.add_argument(
        "--recipe",
        type=existing_file,
        metavar="FILE",
        help="JSON as `training.recipe` in a checkpoint's config.json (default: the built-in recipe)",
    )
    command.add_argument("--epochs", type=int, metavar="N", help="epochs of all stages (default: the recipe's)")
    command.add_argument("--size", type=int, metavar="PX", help="side of the network's input (default: the recipe's)")
    command.add_argument("--batch", type=int, metavar="N", help="pictures in a batch (default: the recipe's)")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="seed of every random choice (default: 0)")
    command.add_argument(
        "--backend",
        choices=["tensorflow", "torch", "jax"],
        default="tensorflow",
        help="Keras' backend, which must be installed (default: tensorflow)",
    )
    command.add_argument(
        "--precision",
        metavar="NAME",
        help="float32, mixed_bfloat16 or mixed_float16 (default: the recipe's)",
    )


def _add_distillation(command: argparse.ArgumentParser) -> None:
    """Options of teachers and soft labels."""
    command.add_argument(
        "--teacher",
        action="append",
        default=[],
        metavar="SOURCE",
        help="checkpoint to distil from; repeatable (default: none)",
    )
    command.add_argument(
        "--soft-labels",
        action="append",
        default=[],
        type=existing_file,
        metavar="FILE",
        help="logits of any network to distil from, .npz or .parquet; repeatable, their mean is used (default: none)",
    )
    command.add_argument(
        "--soft-weight",
        type=float,
        metavar="SHARE",
        help="weight of the distillation loss, 0 to 1 (default: the recipe's, else 0.7)",
    )
    command.add_argument(
        "--temperature", type=float, metavar="T", help="temperature of distillation (default: the recipe's, else 1)"
    )
    command.add_argument(
        "--feature-weight",
        type=float,
        metavar="WEIGHT",
        help="weight of the loss between last features and the teachers' (default: 0)",
    )


def _fold(text: str) -> tuple[int, int]:
    if not re.fullmatch(r"\d+/\d+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a fold; 2/5 is the second of five.")
    fold, of = text.split("/")
    return int(fold), int(of)


def _train(given: argparse.Namespace) -> int:
    os.environ["KERAS_BACKEND"] = given.backend  # read by Keras when it is first imported
    import_keras()
    from cxr.evaluation.labels import order_of
    from cxr.training.run import Followed, Sources, train

    sources = Sources(
        labels=given.labels,
        images=given.images,
        findings=order_of(given.order),
        part=given.part,
        validation=given.validation,
        uncertain=given.uncertain,
        missing=given.missing,
        limit=given.limit,
        fold=given.fold,
    )
    followed = Followed(tuple(given.teacher), tuple(given.soft_labels))
    out = train(
        sources, _recipe(given), given.out, init=given.init, weights_file=given.class_weights, followed=followed
    )
    print(f"The checkpoint is in {out}: python demo.py --model {out}")
    return 0


def _recipe(given: argparse.Namespace) -> "Recipe":
    from cxr.training.recipe import Distillation, Recipe, default_recipe, shortened

    recipe = Recipe.read(given.recipe) if given.recipe else default_recipe(pretrained=given.init != "none")
    recipe = shortened(recipe, epochs=given.epochs, size=given.size, batch=given.batch)
    asked = {"weight": given.soft_weight, "temperature": given.temperature, "features": given.feature_weight}
    asked = {name: value for name, value in asked.items() if value is not None}
    if asked or given.teacher or given.soft_labels:
        recipe = replace(recipe, distillation=replace(recipe.distillation or Distillation(), **asked))
    return replace(recipe, seed=given.seed, precision=given.precision or recipe.precision)
