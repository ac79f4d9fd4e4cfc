"""Folders that hold pictures or tables, on this machine or behind an address such as s3://, gs:// or hf://."""

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from cxr.errors import FolderError

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
TEMPORARY = ".part-"
"""Begins the names of files that are being written. Readers of Parquet folders skip names that begin with a dot."""


def is_address(text: str) -> bool:
    """Whether it names a folder by an address and not by a path of this machine."""
    return bool(ADDRESS.match(text))


@dataclass(frozen=True, eq=False)
class Folder:
    """A folder; names of files in it are relative, with slashes between.

    filesystem  pyarrow's
    path        of the folder in it
    local       the path on this machine; None behind an address
    """

    filesystem: Any
    path: str
    local: Path | None

    @classmethod
    def at(cls, text: str | Path) -> "Folder":
        """The folder of a path or an address; it need not exist. Raises FolderError for an address that can't be used.

        Addresses are opened by pyarrow, and by fsspec where pyarrow does not know them.
        """
        from pyarrow import fs

        if not is_address(str(text)):
            path = Path(os.path.expanduser(text)).absolute()
            return cls(fs.LocalFileSystem(), path.as_posix(), path)
        filesystem, place = _opened(str(text))
        return cls(filesystem, place.rstrip("/"), None)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return PurePosixPath(self.path).name

    def place(self, name: str) -> str:
        """Where a file of it lies in the file system."""
        return f"{self.path}/{name}" if name else self.path

    def names(self, below: str = "") -> Iterator[str]:
        """Names of all files below it, sorted; none if it does not exist."""
        from pyarrow import fs

        selector = fs.FileSelector(self.place(below), allow_not_found=True, recursive=True)
        found = self.filesystem.get_file_info(selector)
        places = sorted(each.path for each in found if each.type == fs.FileType.File)
        yield from (place.removeprefix(self.path).lstrip("/") for place in places)

    def exists(self, name: str = "") -> bool:
        """Whether there is a file or folder of that name."""
        from pyarrow import fs

        return self.filesystem.get_file_info(self.place(name)).type != fs.FileType.NotFound

    def size_bytes(self, name: str) -> int | None:
        """Of a file; None if there is none."""
        return self.filesystem.get_file_info(self.place(name)).size

    def read(self, name: str) -> bytes:
        """A file's content."""
        with self.filesystem.open_input_stream(self.place(name)) as stream:
            return stream.read()

    def write(self, name: str, content: bytes) -> None:
        """Write a whole file or none: whenever the process ends, the file is complete, or as it was before.

        A local file is written under another name and renamed. A store of objects makes an object visible once it is
        complete.
        """
        if self.local is not None:
            _write_local(self.local / name, content)
            return
        self.filesystem.create_dir(self.place(str(PurePosixPath(name).parent)), recursive=True)
        with self.filesystem.open_output_stream(self.place(name)) as stream:
            stream.write(content)

    def delete(self, name: str) -> None:
        """Delete a file."""
        self.filesystem.delete_file(self.place(name))


def _write_local(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    number, temporary = tempfile.mkstemp(prefix=TEMPORARY, dir=file.parent)
    try:
        with os.fdopen(number, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())  # else a power cut may leave the new name with no content
        os.chmod(temporary, 0o644)  # mkstemp's files are the owner's alone
        os.replace(temporary, file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _opened(address: str) -> tuple[Any, str]:
    """(file system, path in it)."""
    import fsspec
    from pyarrow import ArrowException, fs

    try:
        return fs.FileSystem.from_uri(address)
    except (ArrowException, ValueError, NotImplementedError, ImportError):
        pass  # pyarrow does not know this kind of address, or was built without it
    try:
        filesystem, path = fsspec.core.url_to_fs(address)
    except (ValueError, ImportError) as error:
        kind = address.partition("://")[0]
        raise FolderError(
            f"Addresses that begin with {kind}:// can't be opened here: {error}",
            "Give a folder, or install what reads them.",
        ) from error
    return fs.PyFileSystem(fs.FSSpecHandler(filesystem)), path
