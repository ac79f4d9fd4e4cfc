"""Arguments that several commands of `python -m explainers` share."""

import argparse
import json
from typing import Any


def add_model(command: argparse.ArgumentParser) -> None:
    """Add --model."""
    command.add_argument(
        "--model", default="starter", metavar="SOURCE",
        help="network: starter, a preset's name, a checkpoint's folder, a Keras model's file (.keras, .h5), a plugin's "
        "file (.py) or the name of its network, or org/name[@revision] on the Hugging Face Hub (default: starter)",
    )  # fmt: skip


def add_stated(command: argparse.ArgumentParser) -> None:
    """Add --labels and --input, which describe a whole Keras model."""
    command.add_argument(
        "--labels", type=_names, metavar="A,B,…",
        help="names of a Keras model's outputs in their order (default: those in cxr-lens.json beside it)",
    )  # fmt: skip
    command.add_argument(
        "--input", type=_rule, metavar="RULE",
        help="a Keras model's input rule: 0..255, 0..1, -1..1, resnet_v1, imagenet, resize_imagenet, samplewise, xrv, "
        "original, or JSON with its parameters (default: the one in cxr-lens.json, else assumed and said)",
    )  # fmt: skip


def stated_of(given: argparse.Namespace) -> dict[str, Any]:
    """What --labels and --input say of a whole Keras model."""
    return {name: value for name in ("labels", "input") if (value := getattr(given, name, None)) is not None}


def _names(text: str) -> list[str]:
    names = [each.strip() for each in text.split(",") if each.strip()]
    if not names:
        raise argparse.ArgumentTypeError(f"{text!r} names no output.")
    return names


def _rule(text: str) -> dict[str, Any]:
    if not text.lstrip().startswith("{"):
        return {"rule": text}
    try:
        return json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not valid JSON.") from error


def add_plugin(command: argparse.ArgumentParser) -> None:
    """Add --plugin."""
    command.add_argument(
        "--plugin", action="append", default=[], metavar="FILE_OR_MODULE",
        help="a Python file or an importable module with further explainers, measures or networks; may be repeated "
        "(default: only the built-in and the installed ones)",
    )  # fmt: skip


def add_option_and_seed(command: argparse.ArgumentParser) -> None:
    """Add --option and --seed."""
    command.add_argument(
        "--option", action="append", default=[], metavar="EXPLAINER.NAME=VALUE",
        help="an option of an explainer, see `list`; may be repeated (default: the options' defaults)",
    )  # fmt: skip
    command.add_argument("--seed", type=int, default=0, metavar="N", help="seed of random explainers (default: 0)")


def add_json(command: argparse.ArgumentParser) -> None:
    """Add --json."""
    command.add_argument("--json", action="store_true", help="print JSON instead of text (default: text)")
