"""A data set with boxes: the picture, patient, finding and place of each."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from cxr.errors import LabelError, RadiographError
from cxr.evaluation.picture_folder import PictureFolder
from cxr.evaluation.table_columns import column_of
from cxr.evaluation.table_text import table_reader
from cxr.findings import FINDINGS, is_no_finding, is_other_finding, known_finding
from cxr.reading.radiograph import read_radiograph
from explainers.box_scores import SIDE
from explainers.errors import OptionError
from hub.errors import names_hint

NIH_SIDE = 1024
"""Side in pixels of NIH's pictures, in which its boxes are given."""

SIZES, CORNERS = ("x", "y", "w", "h"), ("left", "top", "right", "bottom")
COLUMNS: dict[str, tuple[str, ...]] = {
    "image": ("image", "imageindex", "imageid", "dicomid", "filename"),
    "finding": ("finding", "findinglabel", "classname", "label"),
    "patient": ("patient", "patientid", "subjectid"),
    # NIH's header has them in one text with commas in it: Bbox [x,y,w,h]
    **{"x": ("x", "bboxx"), "y": ("y",), "w": ("w", "width"), "h": ("h", "height")},
    **{"left": ("xmin",), "top": ("ymin",), "right": ("xmax",), "bottom": ("ymax",)},
}
"""What a column is, by its name in lower case without spaces and signs."""

NIH_IMAGE = re.compile(r"(\d{8})_\d{3}")


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
        """Findings with a box, in NIH's order."""
        there = {each.finding for each in self.boxes}
        return tuple(finding for finding in FINDINGS if finding in there)

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
    """`boxes.csv` and `images/` of a folder; boxes of findings in `labels` alone.

    Columns are image, finding, x, y, w and h, in pixels of a picture `side` wide and high, under NIH's names too; or,
    as VinDr-CXR has them, x_min, y_min, x_max and y_max, in pixels of each picture's file. The patient is a column
    `patient`, or the beginning of NIH's names. Patients are put into an order drawn by the seed, so that the first
    boxes are a sample of patients. Raises OptionError, naming line and column, for what can't be read.
    """
    file, images = folder / "boxes.csv", folder / "images"
    if not file.is_file() or not images.is_dir():
        raise OptionError(f"{folder.name!r} has no boxes.csv or no folder images.", "Check --data.")
    try:
        reader = table_reader(file.read_bytes(), file.name)
        columns = _columns(reader.fieldnames or ())
        rows = list(enumerate(reader, 2))
    except LabelError as error:
        raise OptionError(error.sentence, error.hint) from error
    except csv.Error as error:
        raise OptionError(f"boxes.csv is not a table in CSV: {error}.") from error
    pictures = PictureFolder(images)
    others: dict[str, None] = {}
    boxes = [_boxed(row, columns, line, side, pictures, others) for line, row in rows]
    known = _joined([each for each in boxes if each is not None and each.finding in labels])
    if not known:
        raise OptionError("No box is of a finding that the network scores.")
    patients = sorted({each.patient for each in known})
    place = dict(zip(np.random.default_rng(seed).permutation(patients), range(len(patients)), strict=True))
    ordered = tuple(sorted(known, key=lambda each: (place[each.patient], each.key)))
    return BoxedSet(ordered, images, tuple(others), pictures)


def _joined(boxes: Sequence[Boxed]) -> list[Boxed]:
    """One target for all boxes of a finding on a picture."""
    found: dict[tuple[str, str], Boxed] = {}
    for each in boxes:
        place = each.image, each.finding
        found[place] = replace(found[place], boxes=found[place].boxes + each.boxes) if place in found else each
    return list(found.values())


def _columns(header: Sequence[str]) -> dict[str, str]:
    """{what: column}. Raises OptionError if one is missing."""
    found = {what: column for what, names in COLUMNS.items() if (column := column_of(header, names)) is not None}
    needed = CORNERS if set(CORNERS) <= found.keys() else SIZES
    if lacking := [what for what in ("image", "finding", *needed) if what not in found]:
        raise OptionError(
            f"boxes.csv has no column {lacking[0]!r}.",
            "Expected image, finding, and x, y, w, h or x_min, y_min, x_max, y_max.",
        )
    return {what: found[what] for what in ("image", "finding", *needed)} | (
        {"patient": found["patient"]} if "patient" in found else {}
    )


def _boxed(
    row: Mapping[str, str],
    columns: Mapping[str, str],
    line: int,
    side: float,
    pictures: PictureFolder,
    others: dict[str, None],
) -> Boxed | None:
    """The box of a row; None for one that says that there is none, or of a finding that is none of these."""
    image, label = (str(row[columns[what]] or "").strip() for what in ("image", "finding"))
    finding = known_finding(label)
    if finding is None:
        if not is_no_finding(label) and not is_other_finding(label):
            raise OptionError(
                f"boxes.csv, line {line}, column {columns['finding']!r}: there is no finding {label!r}.",
                names_hint(label, FINDINGS),
            )
        if is_other_finding(label):
            others[label] = None
        return None
    corners = "right" in columns
    numbers = [_number(row, columns[what], line) for what in (CORNERS if corners else SIZES)]
    height, width = _size(pictures, image, line) if corners else (side, side)
    x, y, across, down = numbers
    if corners:
        across, down = across - x, down - y
    match = NIH_IMAGE.match(image)
    patient = (row.get(columns.get("patient", "")) or "").strip() or (match[1] if match else image)
    return Boxed(image, patient, finding, ((y / height, x / width, down / height, across / width),))


def _number(row: Mapping[str, str], column: str, line: int) -> float:
    text = (row[column] or "").strip()
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise OptionError(f"boxes.csv, line {line}, column {column!r}: {text!r} is no number of pixels.")
    return number


def _size(pictures: PictureFolder, image: str, line: int) -> tuple[int, int]:
    """(height, width) of a picture as its file has it, in whose pixels its boxes are given."""
    try:
        radiograph = read_radiograph(pictures.find(image))
    except RadiographError as error:
        raise OptionError(f"boxes.csv, line {line}: the size of its picture is not known. {error.sentence}") from error
    return radiograph.stored_size or (radiograph.height, radiograph.width)


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
