"""The command line of results: summary."""

import argparse
from pathlib import Path
from typing import Any

from cxr.datasets.storage import is_address
from explainers.batch.commands import need_pyarrow
from explainers.errors import OptionError
from hub.command_line import add_command, output_file

NAME = "summary.html"


def add_commands(commands: Any) -> None:
    """Add it to `python -m explainers`."""
    command = add_command(
        commands, "summary", help="write one HTML file about the results of `batch`",
        example="python -m explainers summary results",
        run=_summary,
    )  # fmt: skip
    command.add_argument("results", metavar="DIR_OR_URL", help="folder that `batch` wrote")
    command.add_argument(
        "--out",
        type=output_file,
        metavar="FILE",
        help=f"the HTML file to write (default: {NAME} in the folder of the results)",
    )
    command.add_argument(
        "--with-pictures", default="", metavar="DIR_OR_URL",
        help="folder of the radiographs: a few of them are shown under their maps (default: none is shown)",
    )  # fmt: skip


def _summary(given: argparse.Namespace) -> int:
    need_pyarrow()
    from explainers.results.reading import open
    from explainers.results.summary_page import summary_page

    if is_address(given.results) and not given.out:
        raise OptionError("These results lie behind an address.", "Say with --out which file to write.")
    file = given.out or Path(given.results).expanduser() / NAME
    page = summary_page(open(given.results), pictures=given.with_pictures)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page, encoding="utf-8")
    print(f"wrote {file}")
    return 0
