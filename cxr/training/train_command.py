"""The command line of training: `python -m cxr train`."""

import argparse
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxr.evaluation.labels import POLICIES

if TYPE_CHECKING:
    from cxr.training.recipe import Recipe


def add_train(commands: Any) -> None:
    """Add it to `python -m cxr`."""
    command = commands.add_parser("train", help="train a checkpoint; run it again to go on after a kill")
    command.add_argument("--labels", action="append", required=True, metavar="CSV", help="repeatable, with --images")
    command.add_argument("--images", action="append", required=True, metavar="DIR", help="one for each --labels")
    command.add_argument("--out", required=True, metavar="DIR", help="the checkpoint's folder")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="of everything drawn; default: 0")
    command.add_argument(
        "--init", default="none", metavar="none|imagenet|SOURCE", help="starting weights; a densenet.hdf5 is a backbone"
    )
    command.add_argument("--part", default="train", metavar="NAME", help="part of the table to train on")
    command.add_argument(
        "--validation", default="validation", metavar="NAME", help="part to choose by; without parts, a tenth is drawn"
    )
    command.add_argument(
        "--fold",
        type=_fold,
        metavar="K/N",
        help="train on both parts without fold K of N by patient, to cross-validate",
    )
    command.add_argument("--order", default="chexnet", metavar="course|chexnet|NAME,…", help="findings, in order")
    command.add_argument("--class-weights", metavar="FILE", help="a train_config.json; default: from the training part")
    command.add_argument("--recipe", metavar="FILE", help="JSON, as `training.recipe` of a checkpoint's config.json")
    command.add_argument("--epochs", type=int, metavar="N", help="of all stages together")
    command.add_argument("--size", type=int, metavar="PIXELS", help="side of the network's input")
    command.add_argument("--batch", type=int, metavar="N", help="pictures a step")
    command.add_argument("--limit", type=int, metavar="N", help="N pictures of each part, drawn, to try things")
    command.add_argument(
        "--backend", choices=["tensorflow", "torch", "jax"], default="tensorflow", help="Keras' backend, if installed"
    )
    command.add_argument("--precision", metavar="NAME", help="float32, mixed_bfloat16 or mixed_float16")
    _add_distillation(command)
    add_policies(command)
    command.set_defaults(run=_train)


def _add_distillation(command: argparse.ArgumentParser) -> None:
    """What is followed beside the labels, and how."""
    command.add_argument(
        "--teacher",
        action="append",
        default=[],
        metavar="SOURCE",
        help="checkpoint whose answers are followed; repeatable",
    )
    command.add_argument("--soft-labels", metavar="FILE", help="logits of any network: .npz or .parquet")
    command.add_argument(
        "--soft-weight", type=float, metavar="SHARE", help="of the soft loss, 0 to 1; default: the recipe's, else 0.7"
    )
    command.add_argument("--temperature", type=float, metavar="T", help="default: the recipe's, else 1")
    command.add_argument(
        "--feature-weight", type=float, metavar="WEIGHT", help="of the teachers' last features; default: 0, not at all"
    )


def add_policies(command: argparse.ArgumentParser) -> None:
    """What labels that are uncertain or missing count as."""
    for what, given in (("uncertain", "-1"), ("missing", "empty")):
        command.add_argument(
            f"--{what}", default="ignore", choices=list(POLICIES), help=f"what {given} means; default: ignore"
        )


def _fold(text: str) -> tuple[int, int]:
    if not re.fullmatch(r"\d+/\d+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no fold; 2/5 is the second of five")
    fold, of = text.split("/")
    return int(fold), int(of)


def _train(given: argparse.Namespace) -> int:
    os.environ["KERAS_BACKEND"] = given.backend  # read by Keras when it is first imported
    from cxr.evaluation.labels import order_of
    from cxr.training.run import Followed, Sources, train

    sources = Sources(
        labels=[Path(file) for file in given.labels],
        images=[Path(folder) for folder in given.images],
        findings=order_of(given.order),
        part=given.part,
        validation=given.validation,
        uncertain=given.uncertain,
        missing=given.missing,
        limit=given.limit,
        fold=given.fold,
    )
    weights_file = Path(given.class_weights) if given.class_weights else None
    followed = Followed(tuple(given.teacher), Path(given.soft_labels) if given.soft_labels else None)
    out = train(sources, _recipe(given), Path(given.out), init=given.init, weights_file=weights_file, followed=followed)
    print(f"The checkpoint is in {out}: python demo.py --model {out}")
    return 0


def _recipe(given: argparse.Namespace) -> "Recipe":
    from cxr.training.recipe import Distillation, Recipe, default_recipe, shortened

    if given.recipe:
        recipe = Recipe.from_json(json.loads(Path(given.recipe).read_text()))
    else:
        recipe = default_recipe(pretrained=given.init != "none")
    recipe = shortened(recipe, epochs=given.epochs, size=given.size, batch=given.batch)
    asked = {"weight": given.soft_weight, "temperature": given.temperature, "features": given.feature_weight}
    asked = {name: value for name, value in asked.items() if value is not None}
    if asked or given.teacher or given.soft_labels:
        recipe = replace(recipe, distillation=replace(recipe.distillation or Distillation(), **asked))
    return replace(recipe, seed=given.seed, precision=given.precision or recipe.precision)
