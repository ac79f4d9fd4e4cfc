"""Regions of a map: outline and box of its hottest part, beside what is known without looking at this radiograph.

A region says where a map is hot, not where a finding is. So it never stands alone: with it come the region that the
finding's average map gives, which is a guess from other patients, and the box of whole cells around it, since a map
can't be more exact than its own cells.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from cxr.frame import Box, Frame
from explainers.contract.explanation import Explanation
from explainers.errors import OptionError
from explainers.map_statistics import hottest

SMALLEST_SHARE, LARGEST_SHARE = 0.001, 0.5
MOST_REGIONS = 8
"""Of a map; more would be specks."""

NOTICE = "Regions show where a map is hottest. They are no detection of a disease; the guess is the same for everyone."


@dataclass(frozen=True)
class Region:
    """One connected part of a map's hottest share, in pixels of the radiograph.

    outline  corners (y, x) in continuous pixels, in order
    box      (top, left, height, width)
    area     share of the part of the radiograph that the network saw
    mass     share of all that is positive in the map
    """

    outline: tuple[tuple[float, float], ...]
    box: Box
    area: float
    mass: float

    def to_json(self) -> dict:
        """As JSON has it; points as [x, y], which is what drawing programs expect."""
        top, left, height, width = self.box
        return {
            "outline": [[x, y] for y, x in self.outline],
            "box": {"left": left, "top": top, "width": width, "height": height},
            "area": round(self.area, 6),
            "mass": round(self.mass, 6),
        }


def check_share(share: float) -> None:
    """OptionError for a share of the picture that a region can't have."""
    if not SMALLEST_SHARE <= share <= LARGEST_SHARE:
        raise OptionError(f"The share of a region is {share:g}.", f"It lies from {SMALLEST_SHARE} to {LARGEST_SHARE}.")


def regions_of(values: np.ndarray, frame: Frame, share: float) -> tuple[Region, ...]:
    """Regions of a map `(y, x)` on its own cells, largest first; none where nothing in it is positive.

    share  of the part of the radiograph that the network saw, which the hottest part is to have

    Raises OptionError for a share out of range.
    """
    check_share(share)
    enlarged = frame.map_to_image(values)
    seen = np.isfinite(enlarged)
    positive = np.where(seen, np.maximum(enlarged, 0), 0)
    if not positive.any():
        return ()
    hot = np.zeros(enlarged.shape, np.uint8)
    hot[seen] = hottest(positive[seen], share)
    hot[positive <= 0] = 0
    contours, _ = cv2.findContours(hot, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found = [_region(contour, hot, positive, int(seen.sum())) for contour in contours]
    return tuple(sorted(found, key=lambda each: (-each.area, each.box))[:MOST_REGIONS])


def _region(contour: np.ndarray, hot: np.ndarray, positive: np.ndarray, seen: int) -> Region:
    left, top, width, height = cv2.boundingRect(contour)
    inside = np.zeros((height, width), np.uint8)
    cv2.drawContours(inside, [contour], -1, 1, cv2.FILLED, offset=(-left, -top))
    part = (slice(top, top + height), slice(left, left + width))
    inside &= hot[part]
    return Region(
        # OpenCV gives the places of pixels, whose middles are half a pixel further
        outline=tuple((float(y) + 0.5, float(x) + 0.5) for x, y in contour[:, 0]),
        box=(float(top), float(left), float(height), float(width)),
        area=float(inside.sum() / seen),
        mass=float(positive[part][inside > 0].sum() / positive.sum()),
    )


def whole_cells(region: Region, frame: Frame, cells: tuple[int, int]) -> Box:
    """The smallest box of whole cells of a map around a region: no box from that map can be more exact."""
    top, left, height, width = frame.crop
    down, across = height / cells[0], width / cells[1]
    first = np.floor((region.box[0] - top) / down), np.floor((region.box[1] - left) / across)
    last = (
        np.ceil((region.box[0] + region.box[2] - top) / down),
        np.ceil((region.box[1] + region.box[3] - left) / across),
    )
    return (
        float(top + first[0] * down),
        float(left + first[1] * across),
        float((last[0] - first[0]) * down),
        float((last[1] - first[1]) * across),
    )


def regions_record(explanation: Explanation, share: float, average_maps: Mapping[str, np.ndarray]) -> dict:
    """Regions of an explanation as JSON has them, with the guess from other patients and the boxes of whole cells.

    average_maps  {finding: mean map}, as a checkpoint may carry them; without one there is no guess
    """
    found = regions_of(explanation.map, explanation.frame, share)
    average = average_maps.get(explanation.finding)
    guess = () if average is None else regions_of(average, explanation.frame, share)
    cells = (explanation.map.shape[0], explanation.map.shape[1])
    records = []
    for region in found:
        top, left, height, width = whole_cells(region, explanation.frame, cells)
        around = {"left": left, "top": top, "width": width, "height": height}
        records.append(region.to_json() | {"whole_cells": around})
    return {
        "explainer": explanation.explainer,
        "finding": explanation.finding,
        "share": share,
        "notice": NOTICE,
        "regions": records,
        "guess": [region.to_json() for region in guess],
        "guess_is_known": average is not None,
        "cells": list(cells),
        "image_size": list(explanation.frame.image_size),
    }
