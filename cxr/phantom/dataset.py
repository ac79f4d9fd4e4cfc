"""A labelled data set of synthetic chests to try training and evaluation with: pictures, labels and boxes."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cxr.phantom.synthesis import phantom

SIGN_SETS: tuple[tuple[str, ...], ...] = (
    (),
    ("effusion",),
    ("cardiomegaly",),
    ("nodule",),
    ("pneumothorax",),
    (),
    ("effusion", "cardiomegaly"),
    ("nodule", "pneumothorax"),
)
"""Signs of the pictures of a part, in turn: eight pictures have positives and negatives of every finding."""

PICTURES_A_PATIENT = 2
PARTS = ("train", "train", "train", "validation", "test")
"""Parts of the data set, by patient, in turn."""

IMAGES, BOXES = "images", "boxes.csv"
NO_FINDING = "No Finding"


@dataclass(frozen=True)
class SyntheticPicture:
    """A picture of the data set. signs: names of `phantom`'s arguments; patient: also the seed of the body."""

    name: str
    patient: int
    part: str
    signs: tuple[str, ...]


def synthetic_pictures(count: int, *, seed: int = 1) -> Iterator[SyntheticPicture]:
    """`count` pictures, two per patient; patients are numbered from `seed`, and each is in one part only."""
    in_part = dict.fromkeys(PARTS, 0)
    for number in range(count):
        patient, follow_up = divmod(number, PICTURES_A_PATIENT)
        part = PARTS[patient % len(PARTS)]
        signs = SIGN_SETS[in_part[part] % len(SIGN_SETS)]
        in_part[part] += 1
        yield SyntheticPicture(f"{seed + patient:08d}_{follow_up:03d}.png", seed + patient, part, signs)


def write_dataset(out: Path, labels: Path, count: int, *, size: int, seed: int = 1) -> None:
    """Write `images/` and `boxes.csv` into the folder `out`, and the table `labels`; files of those names are replaced.

    size  of each side of a picture in pixels

    The table has NIH's columns: Image Index, Finding Labels, Patient ID, and `part`. The boxes are (x, y, w, h) in
    pixels around each sign, in the columns that the benchmark of explainers reads. Raises ValueError for a size or a
    seed out of range.
    """
    (out / IMAGES).mkdir(parents=True, exist_ok=True)
    labels.parent.mkdir(parents=True, exist_ok=True)
    rows, boxes = [], []
    for each in synthetic_pictures(count, seed=seed):
        made = phantom(each.patient, size=size, **dict.fromkeys(each.signs, True))
        Image.fromarray(made.radiograph.display(size)).save(out / IMAGES / each.name, "PNG")
        rows.append((each.name, "|".join(made.truth) or NO_FINDING, each.patient, each.part))
        boxes += [(each.name, finding, *_box(mask)) for finding, mask in made.truth.items()]
    _write(labels, ("Image Index", "Finding Labels", "Patient ID", "part"), rows)
    _write(out / BOXES, ("image", "finding", "x", "y", "w", "h"), boxes)


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Box (x, y, w, h) around the True pixels."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top


def _write(file: Path, header: tuple[str, ...], rows: list[tuple]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *rows])
