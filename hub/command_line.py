"""What every command line of the project shares: exit status, errors as one sentence on stderr, paths, --version."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from hub.errors import CxrLensError

STOPPED = 130
"""Exit status that shells report for a program that was interrupted."""


def run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None) -> int:
    """Parse the arguments, call the command's `run`, and return the exit status.

    Errors of the project's tree, and files that can't be read or written, become one sentence. Anything else is a
    defect and is raised.
    """
    given = parser.parse_args(_joined(sys.argv[1:] if arguments is None else arguments))
    try:
        return given.run(given)
    except CxrLensError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError) as error:
        if error.filename is None:
            raise
        print(f"error: {str(error.filename)!r}: {error.strerror}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return STOPPED


def _joined(words: Sequence[str]) -> list[str]:
    """The words, with a value such as -1..1 joined to its option; argparse would take it for another option."""
    joined: list[str] = []
    for word in words:
        if RANGE.match(word) and joined and OPTION.fullmatch(joined[-1]):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


RANGE, OPTION = re.compile(r"-\d+\.\."), re.compile(r"--[a-z-]+")


def add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    *,
    help: str,
    example: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    """A command whose --help ends with an example.

    help  a sentence without its full stop: what the command does
    run   called with the parsed arguments; returns the exit status
    """
    command = commands.add_parser(
        name,
        help=help,
        description=f"{help[0].upper()}{help[1:]}.",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    return command


def add_presets(command: argparse.ArgumentParser) -> None:
    """Add --presets."""
    command.add_argument(
        "--presets",
        action="append",
        default=[],
        type=existing_file,
        metavar="FILE",
        help="TOML file with more presets; repeatable (default: the packaged ones)",
    )


def add_upload(command: argparse.ArgumentParser) -> None:
    """Add the folder of a checkpoint, the repository that it goes to, and --private."""
    command.add_argument("directory", type=existing_folder, metavar="DIR", help="folder of a native checkpoint")
    command.add_argument("repo", metavar="ORG/NAME", help="repository on the Hub; created if it does not exist")
    command.add_argument(
        "--private", action="store_true", help="create the repository as a private one (default: public)"
    )


def add_version(parser: argparse.ArgumentParser) -> None:
    """The option --version."""
    parser.add_argument("--version", action="version", version=f"cxr-lens {_version()}", help="print the version")


def _version() -> str:
    try:
        return version("cxr-lens")
    except PackageNotFoundError:  # run without an installation, as on a Space
        return "(not installed)"


def existing_file(text: str) -> Path:
    """Type of an argument: an existing file."""
    path = _expanded(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder; a file is expected.")
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"There is no file {text!r}.")
    return path


def existing_folder(text: str) -> Path:
    """Type of an argument: an existing folder."""
    path = _expanded(text)
    if path.is_file():
        raise argparse.ArgumentTypeError(f"{text!r} is a file; a folder is expected.")
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"There is no folder {text!r}.")
    return path


def output_folder(text: str) -> Path:
    """Type of an argument: a folder to write to, which the command makes if it is not there."""
    path = _expanded(text)
    nearest = next(each for each in (path, *path.absolute().parents) if each.exists())
    if not nearest.is_dir():
        raise argparse.ArgumentTypeError(f"{str(nearest)!r} is a file; a folder to write to is expected.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise argparse.ArgumentTypeError(f"The folder {str(nearest)!r} may not be written into.")
    return path


def output_file(text: str) -> Path:
    """Type of an argument: a file to write, in a folder that the command makes if it is not there."""
    path = _expanded(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder; a file to write is expected.")
    output_folder(str(path.parent))
    return path


def _expanded(text: str) -> Path:
    """The path with ~ replaced by the user's home folder."""
    if not text:
        raise argparse.ArgumentTypeError("A path is expected; this one is empty.")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise argparse.ArgumentTypeError(f"{text!r} names a user that does not exist.") from error
