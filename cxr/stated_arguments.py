"""Arguments that describe a whole Keras model: --outputs and --input."""

import argparse
import json
from collections.abc import Mapping
from typing import Any


def add_stated(command: argparse.ArgumentParser, *, has_table: bool = False, model: str = "a Keras model") -> None:
    """Add --outputs and --input; --labels means --outputs too, unless it is the command's table of labels.

    has_table  whether the command has another --labels
    model      which network they describe, in the help
    """
    names = ("--outputs",) if has_table else ("--labels", "--outputs")
    command.add_argument(
        *names, dest="outputs", type=_names, metavar="A,B,…",
        help=f"names of the outputs of {model} in their order (default: those in cxr-lens.json beside it)",
    )  # fmt: skip
    command.add_argument(
        "--input", type=_rule, metavar="RULE",
        help=f"input rule of {model}: 0..255, 0..1, -1..1, resnet_v1, imagenet, resize_imagenet, samplewise, xrv, "
        "original, or JSON with its parameters (default: the one in cxr-lens.json, else assumed and said)",
    )  # fmt: skip


def stated_of(given: argparse.Namespace) -> dict[str, Any]:
    """What --outputs and --input say of a whole Keras model: its `labels` and `input`."""
    said = {"labels": given.outputs, "input": given.input}
    return {name: value for name, value in said.items() if value is not None}


def stated_words(stated: Mapping[str, Any]) -> list[str]:
    """The arguments that say this, as words of a command line."""
    words = ["--outputs", ",".join(stated["labels"])] if "labels" in stated else []
    if rule := stated.get("input"):
        words += ["--input", rule["rule"] if set(rule) == {"rule"} else json.dumps(rule)]
    return words


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
