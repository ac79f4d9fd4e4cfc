"""The input check: statistics of the network's input, and whether the picture looks like a frontal chest radiograph.

Rules that standardise each picture always give mean 0 and standard deviation 1, so these two numbers can't warn of
anything. The verdict is therefore about the part of the picture that the network sees, before it is standardised. The
limits of brightness were set on 10,973 radiographs of NIH ChestX-ray14: more than 99.9 % of them pass each limit.
`cxr.plausibility` judges whether the picture is a frontal chest radiograph at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from cxr.frame import Box
from cxr.plausibility import packaged

DETAIL_PX = 128
"""Brightness is judged on the picture averaged to this side, so that noise is averaged out as in the input."""

DARKEST_MEAN, BRIGHTEST_MEAN = 0.24, 0.77
LEAST_CONTRAST = 0.29
"""Least distance between the 5th and the 95th percentile of brightness."""

BLACK, MOST_BLACK = 2 / 255, 0.52
WHITE, MOST_WHITE = 253 / 255, 0.05
"""Brightness at which a pixel counts as clipped, and the largest share of such pixels; collimated borders are black."""

FARTHEST = 8.0
"""Largest distance of a value from the input's mean, in standard deviations."""

CHEST = np.array(
    [
        [-1.5, -1.5, -1.0, 0.0, 0.0, -1.0, -1.5, -1.5],
        [0.0, 0.0, -0.5, 0.0, 0.0, -0.5, 0.0, 0.0],
        [0.5, 0.0, -1.0, 0.0, 0.0, -1.0, 0.0, 0.5],
        [0.0, 0.0, -1.0, 0.0, 0.0, -1.0, 0.0, 0.0],
        [0.0, 0.0, -0.5, 0.5, 0.5, -0.5, 0.0, 0.0],
        [-0.5, 0.0, 0.5, 1.0, 1.0, 0.5, 0.0, -0.5],
        [-1.0, 0.5, 1.0, 1.5, 1.5, 1.0, 0.5, -1.0],
        [-1.0, 0.5, 1.5, 1.5, 1.5, 1.5, 0.5, -1.0],
    ]
)
"""Layout of a frontal chest: mean of 8,144 radiographs of NIH ChestX-ray14, each averaged to 8×8 and
standardised; then made symmetrical and rounded to halves."""

SURE_LIKENESS, SURE_MARGIN = 0.5, 0.3
"""A picture is called turned or inverted if it correlates this well with the turned or inverted layout, and this much
better than with the upright one. Of NIH's radiographs, turned or inverted on purpose, 94 to 96 % are recognised;
unchanged, 17 of 10,973 are, most of which do lie on their side or upside down."""


@dataclass(frozen=True)
class InputStatistics:
    """Mean, standard deviation, minimum and maximum of the prepared array, and a verdict on the picture.

    verdict  one or more sentences for people
    ok       whether all checks pass; a network may still fail on the picture
    """

    mean: float
    std: float
    minimum: float
    maximum: float
    verdict: str
    ok: bool


def input_statistics(array: np.ndarray, grey: np.ndarray, crop: Box) -> InputStatistics:
    """Statistics of the prepared `array`, and a verdict on the part `crop` of the picture `grey` that it shows."""
    mean, std = float(array.mean(dtype=np.float64)), float(array.std(dtype=np.float64))
    low, high = float(array.min()), float(array.max())
    seen = _cut(grey, crop)
    detail = _averaged(seen, DETAIL_PX)
    faults = [*_exposure(seen, detail), *_layout(_averaged(detail, len(CHEST)), unusual=_unusual(grey, crop))]
    if max(mean - low, high - mean) > FARTHEST * std:
        faults.append("A few pixels are so far from all others that the rest has little contrast.")
    verdict = " ".join(faults) or "Brightness, contrast and layout are those of a frontal chest radiograph."
    return InputStatistics(mean, std, low, high, verdict, ok=not faults)


def _cut(grey: np.ndarray, crop: Box) -> np.ndarray:
    top, left, height, width = (round(edge) for edge in crop)
    return grey[top : top + height, left : left + width]


def _unusual(grey: np.ndarray, crop: Box) -> float:
    """How far the picture is from frontal chest radiographs; above 1 it is unusual.

    The reference was fitted to pictures with their borders. Where a rule crops these, the uncropped square is judged.
    """
    side = min(grey.shape)
    if max(crop[2:]) < side:
        crop = ((grey.shape[0] - side) / 2, (grey.shape[1] - side) / 2, side, side)
    return packaged().distance(_cut(grey, crop))


def _averaged(values: np.ndarray, side: int) -> np.ndarray:
    return cv2.resize(values, (side, side), interpolation=cv2.INTER_AREA)


def _exposure(seen: np.ndarray, detail: np.ndarray) -> Iterator[str]:
    dark, bright = np.percentile(detail, (5, 95))
    black, white = (seen <= BLACK).mean(), (seen >= WHITE).mean()
    if black > MOST_BLACK:
        yield f"{black:.0%} of the picture is black."
    if white > MOST_WHITE:
        yield f"{white:.0%} of the picture is white."
    if bright - dark < LEAST_CONTRAST:
        yield f"The contrast is low: most of the picture lies between {dark:.0%} and {bright:.0%} of full brightness."
    if not DARKEST_MEAN <= detail.mean() <= BRIGHTEST_MEAN:
        side = "dark" if detail.mean() < DARKEST_MEAN else "bright"
        yield f"The picture is unusually {side}: {detail.mean():.0%} of full brightness on average."


def _layout(cells: np.ndarray, *, unusual: float) -> Iterator[str]:
    """A sentence if the 8×8 cells look unlike an upright frontal chest; `unusual` is above 1 for other pictures."""
    upright, on_side, head_down, on_other_side = (_likeness(cells, np.rot90(CHEST, turns)) for turns in range(4))
    hypotheses = {
        "The picture looks turned on its side.": max(on_side, on_other_side),
        "The picture looks upside down.": head_down,
        "The picture looks like a negative: bone should be bright, air dark.": -upright,
    }
    sentence, likeness = max(hypotheses.items(), key=lambda item: item[1])
    if likeness > SURE_LIKENESS and likeness > upright + SURE_MARGIN:
        yield sentence
    elif unusual > 1:
        yield "The picture doesn't look like a frontal chest radiograph, so its scores may mean nothing."


def _likeness(cells: np.ndarray, layout: np.ndarray) -> float:
    deviations, expected = cells - cells.mean(), layout - layout.mean()
    norm = np.sqrt((deviations**2).sum() * (expected**2).sum())
    return float((deviations * expected).sum() / norm) if norm > 0 else 0.0
