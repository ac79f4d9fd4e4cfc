"""The radiographs of a table as one array, which is read once and from which batches are made."""

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cxr.errors import LabelError, RadiographError
from cxr.evaluation.labels import LabelTable, joined_tables
from cxr.evaluation.picture_folder import PictureFolder
from cxr.reading.radiograph import read_radiograph

FULL = 65535
"""Value of brightness 1 in a packed picture: 16 bits hold 8-bit and 12-bit sources without loss."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures with their labels, row by row.

    pixels      (rows, side, side) uint16, 0 to 65535 for brightness 0 to 1; in memory, or mapped from a file
    table       labels of the rows
    unreadable  {name: reason} of the pictures that were skipped
    """

    pixels: np.ndarray
    table: LabelTable
    unreadable: dict[str, str]

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def side(self) -> int:
        """Pixels along each side."""
        return self.pixels.shape[1]

    def grey(self, row: int) -> np.ndarray:
        """(side, side) float32 in [0, 1]."""
        return self.pixels[row].astype(np.float32) / FULL


def pack(
    table: LabelTable,
    folder: Path,
    *,
    side: int,
    cache: Path | None = None,
    threads: int = 4,
    progress: Callable[[int], None] = lambda count: None,
) -> Pictures:
    """Read each picture of a table once, averaged to `side` pixels (enlarged if it has less).

    cache     folder of the packed pictures, which later runs use again; they are mapped into memory
    progress  called with the number of pictures read since the last call

    A picture that is missing or can't be read is skipped and named. Raises LabelError if none can be read.
    """
    if not folder.is_dir():
        raise LabelError(f"There is no folder of pictures {str(folder)!r}.", "Check --images.")
    stem = cache / f"pictures-{_key(table.images, folder, side)}" if cache else None
    if stem and stem.with_suffix(".json").is_file():
        unreadable = json.loads(stem.with_suffix(".json").read_text())
        pixels = np.load(stem.with_suffix(".npy"), mmap_mode="r")
        progress(len(table))
    else:
        pixels, unreadable = _read(table.images, folder, side, stem, threads, progress)
    kept = np.array([image not in unreadable for image in table.images])
    if not kept.any():
        raise LabelError(
            f"None of the {len(table)} pictures could be read: {next(iter(unreadable.values()))}", "Check --images."
        )
    return Pictures(pixels, table.take(kept), unreadable)


def joined(parts: Sequence[Pictures]) -> Pictures:
    """Join several sources. Raises LabelError if a picture's name is in two of them."""
    if len(parts) == 1:
        return parts[0]
    table = joined_tables([part.table for part in parts])
    unreadable = {name: reason for part in parts for name, reason in part.unreadable.items()}
    return Pictures(np.concatenate([part.pixels for part in parts]), table, unreadable)


def _key(images: Sequence[str], folder: Path, side: int) -> str:
    """Key of the files' present state: names, sizes and times."""
    digest = hashlib.sha256(f"{folder.resolve()} {side}".encode())
    pictures = PictureFolder(folder)
    for image in images:
        file = pictures.find(image)
        state = (file.stat().st_size, file.stat().st_mtime_ns) if file.is_file() else None
        digest.update(f"\n{image} {state}".encode())
    return digest.hexdigest()[:16]


def _read(
    images: Sequence[str],
    folder: Path,
    side: int,
    stem: Path | None,
    threads: int,
    progress: Callable[[int], None],
) -> tuple[np.ndarray, dict[str, str]]:
    shape = (len(images), side, side)
    pictures = PictureFolder(folder)
    if stem:
        stem.parent.mkdir(parents=True, exist_ok=True)
        pixels: np.ndarray = np.lib.format.open_memmap(stem.with_suffix(".part"), "w+", np.uint16, shape)
    else:
        pixels = np.empty(shape, np.uint16)
    unreadable: dict[str, str] = {}
    filled = 0
    with ThreadPoolExecutor(threads) as pool:
        for image, result in zip(
            images, pool.map(lambda name: _packed(pictures.find(name), side), images), strict=True
        ):
            if isinstance(result, str):
                unreadable[image] = result
            else:
                pixels[filled] = result
                filled += 1
            progress(1)
    if stem:
        pixels = _kept(pixels, filled, stem, unreadable)
    return pixels[:filled], unreadable


def _kept(pixels: np.ndarray, filled: int, stem: Path, unreadable: dict[str, str]) -> np.ndarray:
    """The array under its final name. Its record is written last, so that an interrupted packing starts again."""
    if isinstance(pixels, np.memmap):
        pixels.flush()
    if filled < len(pixels):
        np.save(stem.with_suffix(".npy"), pixels[:filled])
        stem.with_suffix(".part").unlink()
    else:
        stem.with_suffix(".part").replace(stem.with_suffix(".npy"))
    stem.with_suffix(".json").write_text(json.dumps(unreadable, indent=1))
    return np.load(stem.with_suffix(".npy"), mmap_mode="r")


def _packed(file: Path, side: int) -> np.ndarray | str:
    """(side, side) uint16, or why the file can't be read."""
    try:
        grey = read_radiograph(file).grey
    except RadiographError as error:
        return error.sentence
    shrunk = tuple(min(side, length) for length in reversed(grey.shape))
    values = cv2.resize(grey, shrunk, interpolation=cv2.INTER_AREA)
    if values.shape != (side, side):
        values = cv2.resize(values, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.rint(np.clip(values, 0, 1) * FULL).astype(np.uint16)
