"""The folder in which uploads and answers lie until they are read: of this process alone, and gone when it ends.

Gradio leaves uploads behind after a kill, and whoever knows an upload's path may ask for it over HTTP. So no path
leaves the server, files are deleted soon after they were read, and the next process deletes what a killed one left.
"""

import logging
import os
import shutil
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import IO

from cxr.errors import RadiographError

if os.name == "posix":
    import fcntl

log = logging.getLogger(__name__)

PREFIX = "cxr-lens-"

LOCK = "owner.lock"
"""Locked by the process that owns the folder for as long as it lives. A process id does not do: in a container the next
process has the same one."""

OLDEST_S = 600
"""Age at which anything in the folder is deleted, read or not."""

GRACE_S = 30
"""How long a program's upload stays after it was read, for more calls with the same file. The page's own uploads have
names of their own and are deleted at once."""


LARGEST_DRIFT_S = 30
"""Between two sweeps, the clock changes by less unless somebody sets it."""


class UploadError(RadiographError):
    """The file was not uploaded to this server, or is gone: another replica may have it, or it was read long ago."""

    code = "UPLOAD"


class PrivateFolder:
    """A directory of mode 0700 with sub-folders `uploads/` (Gradio's) and `answers/` (files of endpoints)."""

    def __init__(self) -> None:
        sweep_orphans()
        self.root = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
        self.uploads = self.root / "uploads"
        self.answers = self.root / "answers"
        self._lock: IO[bytes] | None = None
        self._read: set[Path] = set()
        self._expected: Counter[Path] = Counter()
        self._clock = _clock_offset()
        self._reading = threading.Lock()
        self._make()

    def _make(self) -> None:
        """The folder and its parts, where they are missing."""
        self.root.mkdir(mode=0o700, exist_ok=True)
        self.uploads.mkdir(exist_ok=True)
        self.answers.mkdir(exist_ok=True)
        if self._lock is not None:
            self._lock.close()
        self._lock = _locked(self.root / LOCK)

    def holds(self, path: object) -> bool:
        """Whether this is the path of an uploaded file; False for whatever can't be a path."""
        if not isinstance(path, str):
            return False
        try:
            resolved = Path(path).resolve()
            return resolved.is_relative_to(self.uploads) and resolved.is_file()
        except (OSError, ValueError):  # a name that is too long, a NUL, a lone surrogate
            return False

    def take(self, path: object, *, at_once: bool) -> bytes:
        """Contents of an uploaded file, which is deleted: `at_once`, or once nobody else can be about to read it.

        Raises UploadError for anything that is not an upload of this server, or is gone.
        """
        if not isinstance(path, str) or not self.holds(path):
            raise UploadError("There is no uploaded file of that kind.", "Upload the radiograph's file again.")
        file = Path(path).resolve()
        try:
            content = file.read_bytes()
            os.utime(file)  # its time of grace begins now
        except FileNotFoundError:
            raise UploadError("The uploaded file is gone.", "Upload it again.") from None
        if at_once:
            _remove_file(file)
        else:
            with self._reading:
                self._read.add(file)
                self._expected[file] = max(0, self._expected[file] - 1)
        return content

    def expect(self, path: str) -> None:
        """A call that waits in the queue will read this upload: it stays until then, or until it is old.

        Gradio stores equal files of one name once, so that one call's reading must not delete another's file.
        """
        with self._reading:
            self._expected[Path(path).resolve()] += 1

    def answer_folder(self) -> Path:
        """A new empty folder for the files of one answer; deleted by age."""
        try:
            return Path(tempfile.mkdtemp(dir=self.answers))
        except FileNotFoundError:  # a cleaner of temporary files was here
            self._make()
            return Path(tempfile.mkdtemp(dir=self.answers))

    def uploaded_bytes(self) -> int:
        """Size of all uploads on the disk."""
        return sum(_size(Path(folder) / name) for folder, _, names in os.walk(self.uploads) for name in names)

    def sweep(self) -> None:
        """Delete uploads that were read and are not being shared, and everything that is old.

        Makes the folder again if something else removed it. A file that can't be deleted is left for the next time.
        """
        if not (self.uploads.is_dir() and self.answers.is_dir() and (self.root / LOCK).is_file()):
            log.warning("the folder of uploads was removed while the server runs; it is made again")
            self._make()
        self._follow_clock()
        now = time.time()
        with self._reading:
            self._expected = Counter({file: count for file, count in self._expected.items() if file.exists()})
            read = [file for file in self._read if not self._expected[file]]
        for file in read:
            if not file.exists() or _age(file, now) > GRACE_S:
                with self._reading:
                    self._read.discard(file)
                _remove_file(file)
        for place in (*_listed(self.uploads), *_listed(self.answers)):
            if _age(place, now) > OLDEST_S:
                _delete(place)

    def _follow_clock(self) -> None:
        """After the clock was set, let all ages begin again: files would be taken for old, or never be."""
        offset = _clock_offset()
        if abs(offset - self._clock) < LARGEST_DRIFT_S:
            return
        self._clock = offset
        for place in (self.root, *self.root.rglob("*")):
            with suppress(OSError):
                os.utime(place)

    def remove(self) -> None:
        """Delete the folder with all that is in it."""
        shutil.rmtree(self.root, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _clock_offset() -> float:
    """Seconds between the clock, which may be set, and the time since the machine was started."""
    return time.time() - time.monotonic()


def _listed(folder: Path) -> list[Path]:
    """What lies in a folder; nothing if it was removed meanwhile."""
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def _remove_file(file: Path) -> None:
    """Delete an upload. Its folder stays while others are in it: Gradio names it after the files' content."""
    with suppress(OSError):
        file.unlink(missing_ok=True)
        file.parent.rmdir()


def _delete(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
        return
    with suppress(OSError):
        place.unlink(missing_ok=True)


def _age(path: Path, now: float) -> float:
    """Seconds since the last change; 0 for what Gradio moved away between the listing and the look."""
    try:
        return now - path.stat().st_mtime
    except OSError:
        return 0.0


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _locked(path: Path) -> IO[bytes]:
    """An open file with an exclusive lock, which the system releases when the process ends, however it ends."""
    file = path.open("wb")
    if os.name == "posix":
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def sweep_orphans() -> None:
    """Delete folders of processes that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            orphan = _is_own(folder) and _has_our_parts_alone(folder) and not _is_locked(folder / LOCK)
        except OSError:  # deleted by another process that starts now, or not readable by this user
            continue
        if orphan:
            shutil.rmtree(folder, ignore_errors=True)


def _has_our_parts_alone(folder: Path) -> bool:
    """Whether what is in the folder is what a server puts there, and nothing else; others may use the same prefix."""
    names = {each.name for each in folder.iterdir()} if folder.is_dir() else set()
    return bool(names) and names <= {"uploads", "answers", LOCK}


def _is_own(folder: Path) -> bool:
    """Whether the folder belongs to this user; where there is no such thing, the temporary folder is the user's."""
    return os.name != "posix" or folder.stat().st_uid == os.getuid()


YOUNG_S = 60
"""A folder without a lock may be one that another process is making now."""


def _is_locked(path: Path) -> bool:
    if not path.is_file():
        return _age(path.parent, time.time()) < YOUNG_S
    if os.name != "posix":
        try:
            path.unlink()  # Windows refuses while the owner has it open
        except PermissionError:
            return True
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
