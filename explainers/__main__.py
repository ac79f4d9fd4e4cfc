"""Command line of explaining: python -m explainers list | layers | explain | check | new | benchmark | batch | …"""

import argparse
import os
import sys
from collections.abc import Sequence

from explainers.batch import commands as batch
from explainers.benchmark import commands as benchmark
from explainers.commands import checking, explaining, listing
from explainers.results import commands as results
from hub.command_line import add_version, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status is 0 if all of it succeeded."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's own start-up notes are not part of the answer
    return run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m explainers",
        description="Explain the scores of a chest radiograph network, and check and measure explainers.",
        epilog="`python -m explainers COMMAND --help` describes a command and ends with an example.",
    )
    add_version(parser)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for group in (listing, explaining, checking, benchmark, batch, results):
        group.add_commands(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
