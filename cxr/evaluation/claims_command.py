"""The command line of claims: `python -m cxr claims`."""

import argparse
from typing import Any

from hub.command_line import add_command


def add_claims(commands: Any) -> None:
    """Add it to `python -m cxr`."""
    command = add_command(
        commands,
        "claims",
        help="print every probability and likelihood ratio that a checkpoint may show beside what other patients say, "
        "and which are withheld",
        example="python -m cxr claims starter",
        run=_claims,
    )
    command.add_argument("source", nargs="?", default="starter", help="the checkpoint (default: starter)")


def _claims(given: argparse.Namespace) -> int:
    from cxr.checkpoint import CheckpointConfig
    from cxr.evaluation.claims_table import claims_markdown
    from hub import resolve

    resolved = resolve(given.source)
    print(claims_markdown(CheckpointConfig.from_raw(resolved.config, name=resolved.name)))
    return 0
