"""Where the pictures lie that a table names: under the name, with or without extension, or deeper below the folder."""

import os
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
        for at in range(1, len(parts)):
            # a table names pictures from a folder above the one that was given
            shorter = self.folder.joinpath(*parts[at:])
            if shorter.is_file() and ".." not in parts:
                return shorter
        found = self._by_name.get(parts[-1] if parts else "", ())
        return found[0] if len(found) == 1 else plain

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
