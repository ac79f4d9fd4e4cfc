"""Arguments of commands that read a table of labels and the pictures that it names."""

import argparse
import sys
from collections.abc import Sequence

from cxr.evaluation.labels import POLICIES, LabelTable, read_labels
from cxr.evaluation.splits import part_of
from hub.command_line import existing_file, existing_folder

ROWS_OF_PART = "use only rows whose column `part` has this value (default: all rows)"


def add_table(command: argparse.ArgumentParser, part: str = ROWS_OF_PART) -> None:
    """--labels, --images, --part, --limit, and how to read cells that are no label."""
    command.add_argument("--labels", required=True, type=existing_file, metavar="CSV", help="table of labels")
    command.add_argument(
        "--images", required=True, type=existing_folder, metavar="DIR", help="folder of the pictures that it names"
    )
    command.add_argument("--part", metavar="NAME", help=part)
    command.add_argument(
        "--limit", type=int, metavar="N", help="use only the first N of these pictures, to try things (default: all)"
    )
    add_policies(command)


def add_tables(command: argparse.ArgumentParser, *, images_required: bool) -> None:
    """--labels and --images, both repeatable, for commands that join several tables."""
    command.add_argument(
        "--labels",
        action="append",
        required=True,
        type=existing_file,
        metavar="CSV",
        help="table of labels, repeatable",
    )
    command.add_argument(
        "--images",
        action="append",
        default=[],
        required=images_required,
        type=existing_folder,
        metavar="DIR",
        help="folder of a table's pictures, one for each --labels",
    )


def add_order(command: argparse.ArgumentParser) -> None:
    """--order."""
    command.add_argument(
        "--order",
        default="chexnet",
        metavar="NAME|FINDING,…",
        help="findings in order: chexnet, course, or names separated by commas (default: chexnet)",
    )


def add_policies(command: argparse.ArgumentParser) -> None:
    """Options for labels that are uncertain or missing."""
    for what, cell in (("uncertain", "-1"), ("missing", "an empty cell")):
        command.add_argument(
            f"--{what}", default="ignore", choices=list(POLICIES), help=f"how to read {cell} (default: ignore)"
        )


def table_of(
    given: argparse.Namespace, findings: Sequence[str] | None = None, others: Sequence[str] = ()
) -> LabelTable:
    """The table that these arguments describe, `others` as `read_labels` takes them; its notes go to stderr.

    Raises LabelError as `read_labels` does.
    """
    table = read_labels(
        given.labels, findings=findings, others=others, uncertain=given.uncertain, missing=given.missing
    )
    for note in table.notes:
        print(f"note: {note}", file=sys.stderr)
    table = part_of(table, given.part) if given.part else table
    return table if given.limit is None else table.take(range(min(given.limit, len(table))))
