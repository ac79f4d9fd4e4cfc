"""What if a region could not be seen? The radiograph with a box covered, as the network then sees it."""

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from cxr.errors import RadiographError
from cxr.frame import Box
from cxr.reading.radiograph import Radiograph

if TYPE_CHECKING:
    from cxr.predictor import Predictor

Fill = Literal["mean", "surroundings"]

INPAINTED_PX = 256
"""Longer side at which a radiograph is inpainted: the filling is smooth, and at full size it would take seconds."""

RADIUS_PX = 3
"""From how far the inpainting takes the surroundings."""


def logits_without(
    predictor: "Predictor", radiograph: Radiograph, box: Box, *, fill: Fill = "mean", frozen: bool = True
) -> np.ndarray:
    """(n,) float32: the logits in the order of `predictor.labels`, a box of the radiograph covered.

    box     (top, left, height, width) in pixels of the radiograph
    fill    "mean" of the picture, or its "surroundings", inpainted (Telea 2004, by OpenCV)
    frozen  True covers the prepared input, whose brightness stays what it was: only the region's evidence is gone.
            False covers the radiograph and prepares it again, as if it had been taken so; under per-image
            standardisation everything else is rescaled too.

    Raises RadiographError for a box that covers nothing of what the network sees, or all of it.
    """
    prepared = predictor.prepare(radiograph)
    seen = _pixels(prepared.frame.box_to_input(box), prepared.array.shape[:2])
    if frozen:
        covered = np.stack([_filled(plane, seen, fill) for plane in np.moveaxis(prepared.array, -1, 0)], axis=-1)
        return predictor.forward(covered[None])[0]
    return predictor.forward(predictor.prepare(_covered(radiograph, box, fill)).array[None])[0]


def _pixels(box: Box, shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns whose centres lie in the box."""
    ends = [np.clip(np.round([box[axis], box[axis] + box[axis + 2]]), 0, shape[axis]).astype(int) for axis in (0, 1)]
    (top, bottom), (left, right) = ends
    if bottom <= top or right <= left:
        raise RadiographError("The region covers nothing that the network sees.", "Mark a larger one.")
    if (bottom - top, right - left) == tuple(shape):
        raise RadiographError("The region covers all that the network sees.", "Mark a smaller one.")
    return slice(top, bottom), slice(left, right)


def _filled(plane: np.ndarray, region: tuple[slice, slice], fill: Fill) -> np.ndarray:
    """(h, w) float32 with the region filled."""
    filled = plane.astype(np.float32)
    if fill == "mean":
        filled[region] = plane.mean(dtype=np.float64)
        return filled
    low, high = float(plane.min()), float(plane.max())
    scale = max(high - low, 1e-12)
    # OpenCV inpaints whole numbers: sixteen bits lose nothing that eight had
    whole = np.rint((filled - low) / scale * 65535).astype(np.uint16)
    mask = np.zeros(plane.shape, np.uint8)
    mask[region] = 1
    filled[region] = cv2.inpaint(whole, mask, RADIUS_PX, cv2.INPAINT_TELEA)[region] / 65535 * scale + low
    return filled


def _covered(radiograph: Radiograph, box: Box, fill: Fill) -> Radiograph:
    """The radiograph with the region filled in all of its channels."""
    region = _pixels(box, radiograph.grey.shape)
    grey = _planed(radiograph.grey, region, fill)
    planes = np.moveaxis(radiograph.rgb, -1, 0) if radiograph.colour else radiograph.rgb[None, ..., 0]
    filled = [np.clip(np.rint(_planed(plane, region, fill)), 0, 255).astype(np.uint8) for plane in planes]
    rgb = np.stack(filled if radiograph.colour else filled * 3, axis=-1)
    return replace(radiograph, grey=grey, rgb=rgb)


def _planed(plane: np.ndarray, region: tuple[slice, slice], fill: Fill) -> np.ndarray:
    """As `_filled`, at any size: surroundings come from a smaller picture."""
    scale = INPAINTED_PX / max(plane.shape)
    if fill == "mean" or scale >= 1:
        return _filled(plane, region, fill)
    small = cv2.resize(plane.astype(np.float32), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    rows, columns = (slice(int(part.start * scale), max(int(part.start * scale) + 1, int(np.ceil(part.stop * scale))))
                     for part in region)  # fmt: skip
    smooth = cv2.resize(_filled(small, (rows, columns), fill), plane.shape[::-1], interpolation=cv2.INTER_LINEAR)
    filled = plane.astype(np.float32)
    filled[region] = smooth[region]
    return filled
