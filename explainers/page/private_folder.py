"""The folder in which uploads land until they are read: ours alone, emptied as it is used, gone at the end.

Gradio leaves uploads behind after a kill, and whoever knows an upload's path may ask for it over HTTP. So no path
leaves the server, files go as soon as they were read, and what an earlier process left is swept when the next starts.
"""

import os
import shutil
import tempfile
import time
from pathlib import Path

from cxr.errors import RadiographError

PREFIX = "cxr-lens-"
"""Followed by the number of the process that owns the folder, so that orphans can be told."""

OLDEST_S = 600
"""Age at which anything in the folder is deleted, read or not."""

GRACE_S = 30
"""How long a program's upload stays after it was read. Gradio stores equal files of one name once, so two calls may
share it; the page's own uploads have names of their own and go at once."""


class PrivateFolder:
    """A directory of mode 0700 with sub-folders `uploads/` (Gradio's) and `answers/` (files of endpoints)."""

    def __init__(self) -> None:
        sweep_orphans()
        self.root = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")).resolve()
        self.uploads = self.root / "uploads"
        self.answers = self.root / "answers"
        self.uploads.mkdir()
        self.answers.mkdir()
        self._read: set[Path] = set()

    def holds(self, path: object) -> bool:
        """Whether this is the path of an uploaded file."""
        if not isinstance(path, str) or "\0" in path:
            return False
        resolved = Path(path).resolve()
        return resolved.is_relative_to(self.uploads) and resolved.is_file()

    def take(self, path: object, *, at_once: bool) -> bytes:
        """Contents of an uploaded file, which is deleted: `at_once`, or once nobody else can be about to read it.

        Raises RadiographError for anything that is not an upload of this server, or is gone.
        """
        if not self.holds(path):
            raise RadiographError("There is no uploaded file of that kind.", "Upload the radiograph's file again.")
        file = Path(path).resolve()
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            raise RadiographError("The uploaded file is gone.", "Upload it again.") from None
        if at_once:
            shutil.rmtree(file.parent, ignore_errors=True)
        else:
            self._read.add(file)
        return content

    def answer_folder(self) -> Path:
        """A new empty folder for the files of one answer; swept by age."""
        return Path(tempfile.mkdtemp(dir=self.answers))

    def sweep(self) -> None:
        """Delete uploads that were read and are not being shared, and everything that is old."""
        now = time.time()
        for file in list(self._read):
            if not file.exists() or _age(file, now) > GRACE_S:
                self._read.discard(file)
                shutil.rmtree(file.parent, ignore_errors=True)
        for place in (*self.uploads.iterdir(), *self.answers.iterdir()):
            if _age(place, now) > OLDEST_S:
                shutil.rmtree(place, ignore_errors=True) if place.is_dir() else place.unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the folder with all that is in it."""
        shutil.rmtree(self.root, ignore_errors=True)


def _age(path: Path, now: float) -> float:
    """Seconds since the last change; 0 for what Gradio moved away between the listing and the look."""
    try:
        return now - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def sweep_orphans() -> None:
    """Delete folders of processes that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}[0-9]*-*"):
        owner = folder.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdigit() and folder.stat().st_uid == os.getuid() and not _alive(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
