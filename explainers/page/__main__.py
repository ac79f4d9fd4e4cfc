"""Commands for those who work on the page: python -m explainers.page worked-case."""

import argparse
import sys
from pathlib import Path

from hub.command_line import add_command, output_folder, run
from hub.errors import SourceError


def main() -> int:
    """Run a command; its exit code."""
    return run(parser())


def parser() -> argparse.ArgumentParser:
    """The parser of the commands' arguments."""
    arguments = argparse.ArgumentParser(
        prog="python -m explainers.page",
        description="Work on the page's own files.",
        epilog="`python -m explainers.page COMMAND --help` describes a command and ends with an example.",
    )
    commands = arguments.add_subparsers(required=True, metavar="COMMAND")
    case = add_command(
        commands,
        "worked-case",
        help="compute scores and maps of the first sample with the packaged network, and store them",
        example="python -m explainers.page worked-case",
        run=_worked_case,
    )
    card = add_command(
        commands,
        "card",
        help="draw the picture of a shared link again, from the stored case",
        example="python -m explainers.page card",
        run=_card,
    )
    folder = Path(__file__).parent / "worked_case"
    for command in (case, card):
        command.add_argument(
            "--out",
            type=output_folder,
            default=folder,
            metavar="DIR",
            help=f"folder to write the files into (default: {folder.name})",
        )
    return arguments


def _worked_case(given: argparse.Namespace) -> int:
    from cxr import Predictor
    from explainers.page.panels.findings import scores_of
    from explainers.page.worked_case import make

    make(Predictor.load("starter"), given.out, scores_of)
    print(f"The worked case is in {given.out}.")
    _make_card(given.out, given.out)
    return 0


def _card(given: argparse.Namespace) -> int:
    _make_card(None, given.out)
    return 0


def _make_card(case_folder: Path | None, folder: Path) -> None:
    from explainers.page.worked_case import load
    from explainers.page.worked_case.card import make_card

    case = load(case_folder)
    if case is None:
        raise SourceError("There is no worked case.", "Run python -m explainers.page worked-case first.")
    make_card(case, folder)
    print(f"The card image is in {folder}.")


if __name__ == "__main__":
    sys.exit(main())
