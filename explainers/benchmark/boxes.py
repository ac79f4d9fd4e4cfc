"""A data set with boxes: the picture, patient, finding and place of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from cxr.errors import RadiographError
from cxr.evaluation.picture_folder import PictureFolder
from cxr.findings import FINDINGS
from cxr.reading.radiograph import read_radiograph
from explainers.box_scores import SIDE
from explainers.box_table import NIH_SIDE, RowBox, read_box_table
from explainers.errors import OptionError


@dataclass(frozen=True)
class Boxed:
    """One target: all boxes of a finding on a picture, as shares of its sides (top, left, height, width).

    Two boxes of one finding are no two trials: a map of the finding can have its maximum in one of them alone.
    """

    image: str
    patient: str
    finding: str
    boxes: tuple[tuple[float, float, float, float], ...]

    @property
    def key(self) -> tuple[str, str, str]:
        """The target's identity."""
        return self.image, self.finding, " ".join("_".join(f"{share:.4f}" for share in box) for box in self.boxes)

    def mask(self, side: int = SIDE) -> np.ndarray:
        """(side, side) bool: in one of the boxes."""
        middles = (np.arange(side) + 0.5) / side
        inside = np.zeros((side, side), bool)
        for top, left, height, width in self.boxes:
            rows, columns = (middles >= top) & (middles < top + height), (middles >= left) & (middles < left + width)
            inside |= np.outer(rows, columns)
        return inside


@dataclass(frozen=True, eq=False)
class BoxedSet:
    """Targets in the order in which patients were drawn, and the folder of their pictures.

    left_out  labels of boxes that are no findings that are known here
    """

    boxes: tuple[Boxed, ...]
    folder: Path
    left_out: tuple[str, ...] = ()
    pictures: PictureFolder | None = None
    _masks: dict = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.boxes)

    def picture(self, boxed: Boxed) -> Path:
        """The file of a box's picture."""
        return (self.pictures or PictureFolder(self.folder)).find(boxed.image)

    @property
    def findings(self) -> tuple[str, ...]:
        """Findings with a box: NIH's in their order, then others by name."""
        there = {each.finding for each in self.boxes}
        return (*(finding for finding in FINDINGS if finding in there), *sorted(there - set(FINDINGS)))

    def occupancy(self, boxed: Boxed, side: int = 64) -> np.ndarray:
        """(side, side): the share of other patients' targets of the finding that cover a place."""
        others = [each for each in self.boxes if each.finding == boxed.finding and each.patient != boxed.patient]
        if not others:
            return np.zeros((side, side))
        for each in others:
            if each.key not in self._masks:
                self._masks[each.key] = each.mask(side)
        return np.mean([self._masks[each.key] for each in others], axis=0)


def read_boxes(folder: Path, *, labels: Sequence[str], side: float = NIH_SIDE, seed: int = 0) -> BoxedSet:
    """`boxes.csv` and `images/` of a folder; boxes of findings in `labels` alone. See `explainers.box_table`.

    Patients are put into an order drawn by the seed, so that the first boxes are a sample of patients. Raises
    OptionError, naming line and column, for what can't be read.
    """
    file, images = folder / "boxes.csv", folder / "images"
    if not file.is_file() or not images.is_dir():
        raise OptionError(f"{folder.name!r} has no boxes.csv or no folder images.", "Check --data.")
    table, pictures = read_box_table(file, side=side, labels=labels), PictureFolder(images)
    known = _joined([_boxed(row, pictures) for row in table.rows if row.finding in labels])
    if not known:
        raise OptionError("No box is of a finding that the network scores.")
    patients = sorted({each.patient for each in known})
    place = dict(zip(np.random.default_rng(seed).permutation(patients), range(len(patients)), strict=True))
    ordered = tuple(sorted(known, key=lambda each: (place[each.patient], each.key)))
    return BoxedSet(ordered, images, table.left_out, pictures)


def _joined(boxes: Sequence[Boxed]) -> list[Boxed]:
    """One target for all boxes of a finding on a picture."""
    found: dict[tuple[str, str], Boxed] = {}
    for each in boxes:
        place = each.image, each.finding
        found[place] = replace(found[place], boxes=found[place].boxes + each.boxes) if place in found else each
    return list(found.values())


def _boxed(row: RowBox, pictures: PictureFolder) -> Boxed:
    size = (0, 0) if row.side else _size(pictures, row)
    return Boxed(row.image, row.patient or row.image, row.finding, (row.shares(size),))


def _size(pictures: PictureFolder, row: RowBox) -> tuple[int, int]:
    """(height, width) of a picture as its file has it, in whose pixels its boxes are given."""
    try:
        radiograph = read_radiograph(pictures.find(row.image))
    except RadiographError as error:
        raise OptionError(
            f"boxes.csv, line {row.line}: the size of its picture is not known. {error.sentence}"
        ) from error
    return radiograph.size_in_file


WHOLE = (0.0, 0.0, 1.0, 1.0)


def ceilings(
    mask: np.ndarray, cells: tuple[int, int], crop: tuple[float, float, float, float] = WHOLE
) -> tuple[bool, float]:
    """(whether a cell's middle lies in the box, best overlap of any union of whole cells) of a grid of cells.

    mask  (side, side) bool over the whole picture
    crop  the part of the picture that the cells tile, as shares of its sides (top, left, height, width): a network
          that saw a part alone has smaller cells, and none elsewhere
    """
    side = len(mask)
    middles = (np.arange(side) + 0.5) / side
    numbers, centres = [], []
    for count, start, length in zip(cells, crop[:2], crop[2:], strict=True):
        at = np.floor((middles - start) / length * count).astype(int)
        numbers.append(np.where((at >= 0) & (at < count), at, -1))
        centres.append(np.clip(((start + (np.arange(count) + 0.5) / count * length) * side).astype(int), 0, side - 1))
    seen = (numbers[0] >= 0)[:, None] & (numbers[1] >= 0)
    cell_of = (numbers[0][:, None] * cells[1] + numbers[1])[seen]
    pixels = np.bincount(cell_of, minlength=cells[0] * cells[1])
    inside = np.bincount(cell_of, weights=mask[seen], minlength=len(pixels))
    hit = bool(mask[np.ix_(*centres)].any())
    # of all unions, the best takes cells in the order of the share of them that the box fills
    fullest = np.argsort(-inside / np.maximum(pixels, 1), kind="stable")
    common, taken = np.cumsum(inside[fullest]), np.cumsum(pixels[fullest])
    return hit, float((common / (mask.sum() + taken - common)).max())
