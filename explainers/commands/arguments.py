"""Arguments that several commands of `python -m explainers` share."""

import argparse


def add_model(command: argparse.ArgumentParser) -> None:
    """Add --model."""
    command.add_argument(
        "--model", default="starter", metavar="SOURCE",
        help="network: starter, a preset's name, a checkpoint's folder, a Keras model's file (.keras, .h5), a plugin's "
        "file (.py) or the name of its network, or org/name[@revision] on the Hugging Face Hub (default: starter)",
    )  # fmt: skip


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
