"""How every command line of the project ends: with an exit status, and errors as one sentence on stderr."""

import argparse
import sys
from collections.abc import Sequence

from hub.errors import CxrLensError

STOPPED = 130
"""What shells report of a program that was interrupted."""


def run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None) -> int:
    """Parse the arguments, call the command's `run`, and return the exit status.

    An error that a user can do something about becomes a sentence; anything else is a defect, and is raised.
    """
    given = parser.parse_args(arguments)
    try:
        return given.run(given)
    except CxrLensError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return STOPPED
