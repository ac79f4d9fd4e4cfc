"""Folders that a command writes into, checked before anything is computed."""

import os
from pathlib import Path

from explainers.errors import OptionError


def local_path(text: str | Path) -> Path:
    """The path with `~` in place of the home folder; OptionError for the home of a user who does not exist."""
    path = Path(os.path.expanduser(text))  # Path.expanduser raises RuntimeError for an unknown user
    if str(path).startswith("~"):
        raise OptionError(f"There is no user {path.parts[0].removeprefix('~')!r}.", "Check the path.")
    return path


def output_folder(text: str | Path) -> Path:
    """A folder that can be written into, or that can be made; it is not made yet.

    Raises OptionError for a file, for a folder below a file, and for one that may not be written into.
    """
    folder = local_path(text)
    nearest = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not nearest.is_dir():
        raise OptionError(f"{nearest.name!r} is a file, not a folder.", "Choose another --out.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise OptionError(f"The folder {nearest.name!r} may not be written into.", "Choose another --out.")
    return folder
