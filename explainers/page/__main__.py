"""Commands for those who work on the page: python -m explainers.page worked-case."""

import argparse
import sys
from pathlib import Path

from hub.command_line import run


def main() -> int:
    """Run a command; its exit code."""
    return run(parser())


def parser() -> argparse.ArgumentParser:
    """The parser of the commands' arguments."""
    arguments = argparse.ArgumentParser(
        prog="python -m explainers.page",
        description="Work on the page's own files.",
        epilog="example: python -m explainers.page worked-case",
    )
    commands = arguments.add_subparsers(required=True, metavar="COMMAND")
    case = commands.add_parser(
        "worked-case",
        help="compute the comparison that an arriving visitor sees again, with the packaged network",
        description="Compute scores and maps of the page's first sample with the packaged network and store them.",
        epilog="example: python -m explainers.page worked-case --out /tmp/case",
    )
    folder = Path(__file__).parent / "worked_case"
    case.add_argument("--out", type=Path, default=folder, help=f"folder to write the files to (default: {folder.name})")
    case.set_defaults(run=_worked_case)
    return arguments


def _worked_case(given: argparse.Namespace) -> int:
    from cxr import Predictor
    from explainers.page.panels.findings import scores_of
    from explainers.page.worked_case import make

    make(Predictor.load("starter"), given.out, scores_of)
    print(f"The worked case is in {given.out}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
