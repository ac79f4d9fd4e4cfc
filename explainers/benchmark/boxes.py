"""A data set with boxes: which picture, whose, which finding, where."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cxr.findings import FINDINGS, check_finding
from explainers.box_scores import SIDE
from explainers.errors import OptionError

NIH_SIDE = 1024
"""Pixels along a side of NIH's own pictures, in which its boxes are given."""

NIH_SPELLINGS = {"Infiltrate": "Infiltration"}
NIH_IMAGE = re.compile(r"(\d{8})_\d{3}")


@dataclass(frozen=True)
class Boxed:
    """One box: of a finding on a picture, as shares of the picture's sides (top, left, height, width)."""

    image: str
    patient: str
    finding: str
    box: tuple[float, float, float, float]

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells boxes apart."""
        return self.image, self.finding, "_".join(f"{share:.4f}" for share in self.box)

    def mask(self, side: int = SIDE) -> np.ndarray:
        """(side, side) bool."""
        top, left, height, width = self.box
        middles = (np.arange(side) + 0.5) / side
        rows, columns = (middles >= top) & (middles < top + height), (middles >= left) & (middles < left + width)
        return np.outer(rows, columns)


@dataclass(frozen=True, eq=False)
class BoxedSet:
    """Boxes in the order in which patients were drawn, and the folder of their pictures."""

    boxes: tuple[Boxed, ...]
    folder: Path
    _masks: dict = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def findings(self) -> tuple[str, ...]:
        """Findings with a box, in NIH's order."""
        there = {each.finding for each in self.boxes}
        return tuple(finding for finding in FINDINGS if finding in there)

    def occupancy(self, boxed: Boxed, side: int = 64) -> np.ndarray:
        """(side, side): the share of other patients' boxes of the finding that cover a place."""
        others = [each for each in self.boxes if each.finding == boxed.finding and each.patient != boxed.patient]
        if not others:
            return np.zeros((side, side))
        for each in others:
            if each.key not in self._masks:
                self._masks[each.key] = each.mask(side)
        return np.mean([self._masks[each.key] for each in others], axis=0)


def read_boxes(folder: Path, *, labels: Sequence[str], side: float = NIH_SIDE, seed: int = 0) -> BoxedSet:
    """`boxes.csv` (image, finding, x, y, w, h) and `images/` of a folder; boxes of findings in `labels` alone.

    Boxes are in pixels of a picture `side` wide and high. The patient is a column `patient`, or the beginning of NIH's
    names. Patients are put into an order drawn by the seed, so that the first boxes are a sample of patients.
    """
    file, images = folder / "boxes.csv", folder / "images"
    if not file.is_file() or not images.is_dir():
        raise OptionError(f"{folder.name!r} has no boxes.csv or no folder images.", "Check --data.")
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            boxes = [_boxed(row, side, line) for line, row in enumerate(csv.DictReader(stream), 2)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise OptionError(f"boxes.csv is not a table in UTF-8: {error}.") from error
    known = [each for each in boxes if each.finding in labels]
    if not known:
        raise OptionError("No box is of a finding that the network scores.")
    patients = sorted({each.patient for each in known})
    place = dict(zip(np.random.default_rng(seed).permutation(patients), range(len(patients)), strict=True))
    return BoxedSet(tuple(sorted(known, key=lambda each: (place[each.patient], each.key))), images)


def _boxed(row: dict[str, str], side: float, line: int) -> Boxed:
    try:
        x, y, width, height = (float(row[name]) / side for name in "xywh")
        image, finding = row["image"], row["finding"]
    except (KeyError, ValueError, TypeError) as error:
        raise OptionError(f"boxes.csv, line {line}: image, finding, x, y, w and h were expected.") from error
    match = NIH_IMAGE.match(image)
    patient = row.get("patient") or (match[1] if match else image)
    name = check_finding(NIH_SPELLINGS.get(finding, finding), FINDINGS)
    return Boxed(image, patient, name, (y, x, height, width))


def ceilings(mask: np.ndarray, cells: tuple[int, int]) -> tuple[bool, float]:
    """(whether a cell's middle lies in the box, best overlap of any union of whole cells) of a grid of cells."""
    side = len(mask)
    rows, columns = (np.minimum(np.arange(side) * count // side, count - 1) for count in cells)
    cell_of = (rows[:, None] * cells[1] + columns).ravel()
    pixels = np.bincount(cell_of, minlength=cells[0] * cells[1])
    inside = np.bincount(cell_of, weights=mask.ravel(), minlength=len(pixels))
    middles = [((np.arange(count) + 0.5) / count * side).astype(int) for count in cells]
    hit = bool(mask[np.ix_(*middles)].any())
    # of all unions, the best takes cells in the order of the share of them that the box fills
    fullest = np.argsort(-inside / np.maximum(pixels, 1), kind="stable")
    common, taken = np.cumsum(inside[fullest]), np.cumsum(pixels[fullest])
    return hit, float((common / (mask.sum() + taken - common)).max())
