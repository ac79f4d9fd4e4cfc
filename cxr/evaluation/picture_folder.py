"""Where the pictures lie that a table names: under the name, with or without extension, or deeper below the folder."""

import os
import unicodedata
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

EXTENSIONS = (".png", ".jpg", ".jpeg", ".dcm", ".dicom", ".webp", ".tif", ".tiff")
"""Of files that may be a radiograph, so that a name without extension finds none else."""


class PictureFolder:
    """Finds pictures below a folder: NIH's in `images_001/images`, CheXpert's below a folder that names begin with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, name: str) -> Path:
        """The picture of that name; where there is none or more than one below, the place where it should be."""
        plain = self.folder / name
        if plain.is_file():
            return plain
        parts = PurePosixPath(name.replace("\\", "/")).parts
        for at in range(len(parts) if ".." not in parts else 0):
            # a table names pictures from a folder above the one that was given, or before they were converted
            for other in _with_other_extension(self.folder.joinpath(*parts[at:])):
                if other.is_file():
                    return other
        last = Path(parts[-1] if parts else "")
        names = [last.name, last.stem] if last.suffix.lower() in EXTENSIONS else [last.name]
        found = next((paths for each in names if (paths := self._named(each))), [])
        return found[0] if len(found) == 1 else plain

    def _named(self, name: str) -> list[Path]:
        return self._by_name.get(name) or self._by_key.get(_key(name)) or []

    @cached_property
    def _by_name(self) -> dict[str, list[Path]]:
        """Files by their name, and by their name without extension."""
        names: dict[str, list[Path]] = {}
        for folder, _, files in os.walk(self.folder):
            for file in sorted(files):
                stem, extension = os.path.splitext(file)
                for name in {file, stem} if extension.lower() in EXTENSIONS else {file}:
                    names.setdefault(name, []).append(Path(folder, file))
        return names

    @cached_property
    def _by_key(self) -> dict[str, list[Path]]:
        """Files by names that differ only in capitals, or in how a letter with an accent is stored."""
        keys: dict[str, list[Path]] = {}
        for name, files in self._by_name.items():
            keys.setdefault(_key(name), []).extend(files)
        return {key: list(dict.fromkeys(files)) for key, files in keys.items()}


def _with_other_extension(path: Path) -> Iterator[Path]:
    yield path
    if path.suffix.lower() in EXTENSIONS:
        yield from (path.with_suffix(extension) for extension in EXTENSIONS)


def _key(name: str) -> str:
    """A name as file systems compare it that ignore case: macOS stores accents apart, and Windows ignores capitals."""
    return unicodedata.normalize("NFC", name).casefold()
