"""Which radiographs a run is about, and what is known of each: patient and labels.

A radiograph's id is its file's name below the root folder, with slashes between. No id leaves that folder.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from cxr.datasets.storage import Folder, is_address
from cxr.errors import LabelError, RadiographError
from cxr.evaluation.labels import PATIENTS_IN_NAMES, LabelTable
from cxr.evaluation.picture_folder import EXTENSIONS, PictureFolder
from cxr.evaluation.table_columns import COLUMNS, column_of, read_rows
from cxr.reading.dicom import is_dicom
from cxr.reading.radiograph import LARGEST_FILE_BYTES, Radiograph, read_radiograph
from explainers.box_table import RowBox
from explainers.errors import OptionError
from hub.errors import names_hint

TABLES = (".csv", ".parquet", ".pq")
FIRST_BYTES = 132
"""Of a file without extension: a DICOM file says so after 128 bytes."""


@dataclass(frozen=True)
class Item:
    """A radiograph of a run.

    image    its id
    patient  None where it is not known
    labels   {finding: 1 or 0} those that are known
    boxes    where a table says that findings lie
    """

    image: str
    patient: str | None = None
    labels: tuple[tuple[str, float], ...] = ()
    boxes: tuple[RowBox, ...] = ()


@dataclass(frozen=True)
class Source:
    """The radiographs below a root folder, in the order of the run. root: a path or an address."""

    root: str
    items: tuple[Item, ...]

    def __len__(self) -> int:
        return len(self.items)


def read_source(
    images: str,
    *,
    root: str = "",
    column: str = "",
    labels: LabelTable | None = None,
    boxes: Sequence[RowBox] = (),
) -> Source:
    """The radiographs that `images` names: a folder, a text file with a name a line, or a table (CSV, Parquet).

    root    folder that a list's or table's names are below; default: the folder that it lies in
    column  of a table, the one that names the files; default: the one that has a usual name
    labels  each radiograph gets the labels and the patient of the row that names it
    boxes   each radiograph gets those that name it

    Raises OptionError if there are no radiographs, if one is named twice, or if a name leaves the root folder.
    """
    if is_address(images) or not Path(images).expanduser().is_file():
        found, base = list(_in_folder(Folder.at(images))), images
    else:
        base = root or str(Path(images).expanduser().parent)
        found = _located(_names(Path(images).expanduser(), column), base)
    if not found:
        raise OptionError(f"There are no radiographs in {Path(images).name!r}.", f"Known by {', '.join(EXTENSIONS)}.")
    if len(set(found)) < len(found):
        ((name, count),) = Counter(found).most_common(1)
        raise OptionError(f"{len(found) - len(set(found))} files are named again: {name!r}, {count} times.")
    return Source(base, tuple(_items(found, labels, boxes)))


class Reader:
    """Reads the radiographs of a source. Safe under threads."""

    def __init__(self, root: str) -> None:
        self._folder = Folder.at(root)

    def read(self, image: str) -> Radiograph:
        """Raises RadiographError for what can't be read."""
        if self._folder.local is not None:
            return read_radiograph(self._folder.local / image)
        size = self._folder.size_bytes(image)
        if size is None:
            raise RadiographError("There is no file at the given path.")
        if size > LARGEST_FILE_BYTES:
            raise RadiographError(f"The file is larger than {LARGEST_FILE_BYTES // 2**20} MB.", "Give a smaller one.")
        try:
            return read_radiograph(self._folder.read(image))
        except OSError as error:
            raise RadiographError(f"The file can't be read ({type(error).__name__}).") from error


def _in_folder(folder: Folder) -> Iterator[str]:
    """Files that may be radiographs: by their extension, or DICOM by its first bytes."""
    if not folder.exists():
        raise OptionError(f"There is no folder or table {folder.name!r}.", "Check --images.")
    for name in folder.names():
        path = PurePosixPath(name)
        if any(part.startswith(".") for part in path.parts):
            continue
        if path.suffix.lower() in EXTENSIONS or (not path.suffix and _begins_as_dicom(folder, name)):
            yield name


def _begins_as_dicom(folder: Folder, name: str) -> bool:
    with folder.filesystem.open_input_stream(folder.place(name)) as stream:
        return is_dicom(stream.read(FIRST_BYTES))


def _names(file: Path, column: str) -> list[str]:
    """The files that a list or a table names."""
    if file.suffix.lower() not in TABLES:
        try:
            lines = file.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise OptionError(
                f"{file.name!r} is neither a folder, a table nor a list of files.",
                "A list has one file a line, in UTF-8.",
            ) from error
        return [line.strip() for line in lines if line.strip()]
    if file.suffix.lower() == ".csv":
        rows, header = read_rows(file)
        chosen = _column(file, header, column)
        return [row[chosen].strip() for row in rows]
    return _names_in_parquet(file, column)


def _names_in_parquet(file: Path, column: str) -> list[str]:
    import pyarrow
    import pyarrow.parquet as pq

    try:
        header = pq.read_schema(file).names
        chosen = _column(file, header, column)
        return [str(each).strip() for each in pq.read_table(file, columns=[chosen])[chosen].to_pylist()]
    except pyarrow.ArrowException as error:
        raise LabelError(f"{file.name} is not a table in Parquet: {error}.") from error


def _column(file: Path, header: Sequence[str], column: str) -> str:
    if column:
        if column not in header:
            raise OptionError(f"{file.name} has no column {column!r}.", names_hint(column, header))
        return column
    found = column_of(header, COLUMNS["image"])
    if found is None:
        raise OptionError(
            f"{file.name} has no column that names files.", f"Name it with --column. {names_hint('', header)}"
        )
    return found


def _located(names: Sequence[str], root: str) -> list[str]:
    """Ids of the files that a table names: below the root folder, or deeper in it where the name is unique."""
    folder = Folder.at(root)
    pictures = PictureFolder(folder.local) if folder.local else None
    found = []
    for name in names:
        plain = name.replace("\\", "/")
        if pictures and Path(plain).is_absolute():
            inside = Path(plain).is_relative_to(pictures.folder)
            plain = Path(plain).relative_to(pictures.folder).as_posix() if inside else ""
        parts = PurePosixPath(plain).parts
        if not parts or ".." in parts or plain.startswith("/") or is_address(plain):
            raise OptionError(
                f"{name!r} is outside the folder {folder.name!r}.", "Say with --root where the files are."
            )
        found.append(pictures.find(plain).relative_to(pictures.folder).as_posix() if pictures else plain)
    return found


def _items(images: Sequence[str], labels: LabelTable | None, boxes: Sequence[RowBox]) -> Iterator[Item]:
    rows = {image: row for row, image in enumerate(_matched(images, labels.images)) if image} if labels else {}
    boxed: dict[str, list[RowBox]] = {}
    for image, box in zip(_matched(images, [each.image for each in boxes]), boxes, strict=True):
        if image:
            boxed.setdefault(image, []).append(box)
    for image in images:
        own = tuple(boxed.get(image, ()))
        row = rows.get(image)
        if labels is None or row is None:
            said = next((each.patient for each in own if each.patient), None)
            yield Item(image, _patient_in(image) or said, boxes=own)
            continue
        values = zip(labels.findings, labels.values[row], strict=True)
        known = tuple((finding, float(value)) for finding, value in values if not np.isnan(value))
        yield Item(image, labels.patients[row], known, own)


def _matched(images: Sequence[str], named: Sequence[str]) -> Iterator[str | None]:
    """The id that each name of a table means: by the whole name, else by its last part, with or without extension.

    None where none or several have that name.
    """
    by_name: dict[str, list[str]] = {}
    for image in images:
        path = PurePosixPath(image)
        for name in {image, path.name, path.stem}:
            by_name.setdefault(name, []).append(image)
    for each in named:
        plain = each.replace("\\", "/")
        names = (plain, PurePosixPath(plain).name, PurePosixPath(plain).stem)
        yield next((found[0] for name in names if len(found := by_name.get(name, [])) == 1), None)


def _patient_in(image: str) -> str | None:
    matches = (pattern.search(image) for pattern in PATIENTS_IN_NAMES)
    patient = next((match[1] for match in matches if match), None)
    return str(int(patient)) if patient else None
