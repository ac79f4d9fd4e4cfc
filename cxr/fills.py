"""Filling parts of an input or a radiograph, so that the network does not see what was there.

`fill_values` gives the values of filled pixels for occlusion, integrated gradients, RISE and removal;
`logits_without` fills a box of a radiograph.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from cxr.errors import RadiographError
from cxr.frame import Box
from cxr.reading.radiograph import Radiograph

if TYPE_CHECKING:
    from cxr.predictor import Predictor

BoxFill = Literal["mean", "surroundings"]
"""Names of the fills of a radiograph's box."""

InputFill = Literal["mean", "black", "white", "blur"]
"""Names of the fills of a prepared input's pixels."""

INPAINTED_PX = 256
"""Longer side in pixels at which a radiograph is inpainted: the result is smooth, and full size would take seconds."""

RADIUS_PX = 3
"""Neighbourhood of a pixel that the inpainting uses."""


def fill_values(network_input: np.ndarray, fill: InputFill = "mean", *, sigma_px: float = 0.0) -> np.ndarray:
    """What fills pixels of a prepared input `(h, w, c)`: an array that broadcasts to it.

    fill      "mean" of each channel, its darkest ("black") or brightest ("white") value, or the input itself blurred
              ("blur") by a Gaussian
    sigma_px  standard deviation of that Gaussian in pixels; only for "blur"
    """
    if fill == "blur":
        blurred = cv2.GaussianBlur(network_input, (0, 0), sigmaX=sigma_px, borderType=cv2.BORDER_REFLECT)
        return blurred.reshape(network_input.shape)
    if fill == "mean":
        return network_input.mean(axis=(0, 1))
    return network_input.min(axis=(0, 1)) if fill == "black" else network_input.max(axis=(0, 1))


def logits_without(
    predictor: "Predictor", radiograph: Radiograph, box: Box, *, fill: BoxFill = "mean", frozen: bool = True
) -> np.ndarray:
    """Logits `(n,)` float32 in the order of `predictor.labels`, with a box of the radiograph filled.

    box     (top, left, height, width) in pixels of the radiograph
    fill    "mean" of the picture, or its "surroundings", inpainted (Telea 2004, by OpenCV)
    frozen  True fills the prepared input, so that all other pixels stay as they are. False fills the radiograph and
            prepares it again; under per-image standardisation, all other pixels are rescaled too

    Raises RadiographError for a box that covers none or all of what the network sees.
    """
    prepared = predictor.prepare(radiograph)
    seen = _pixels(prepared.frame.box_to_input(box), prepared.array.shape[:2])
    if frozen:
        filled = np.stack([_filled(plane, seen, fill) for plane in np.moveaxis(prepared.array, -1, 0)], axis=-1)
        return predictor.forward(filled[None])[0]
    return predictor.forward(predictor.prepare(_filled_radiograph(radiograph, box, fill)).array[None])[0]


def _pixels(box: Box, shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns whose centres lie in the box."""
    ends = [np.clip(np.round([box[axis], box[axis] + box[axis + 2]]), 0, shape[axis]).astype(int) for axis in (0, 1)]
    (top, bottom), (left, right) = ends
    if bottom <= top or right <= left:
        raise RadiographError("The region covers no pixel that the network sees.", "Mark a larger one.")
    if (bottom - top, right - left) == tuple(shape):
        raise RadiographError("The region covers all that the network sees.", "Mark a smaller one.")
    return slice(top, bottom), slice(left, right)


def _filled(plane: np.ndarray, region: tuple[slice, slice], fill: BoxFill) -> np.ndarray:
    """(h, w) float32 with the region filled."""
    filled = plane.astype(np.float32)
    if fill == "mean":
        filled[region] = plane.mean(dtype=np.float64)
        return filled
    low, high = float(plane.min()), float(plane.max())
    scale = max(high - low, 1e-12)
    # OpenCV inpaints integers; 16 bits are enough for pictures of 8
    whole = np.rint((filled - low) / scale * 65535).astype(np.uint16)
    mask = np.zeros(plane.shape, np.uint8)
    mask[region] = 1
    filled[region] = cv2.inpaint(whole, mask, RADIUS_PX, cv2.INPAINT_TELEA)[region] / 65535 * scale + low
    return filled


def _filled_radiograph(radiograph: Radiograph, box: Box, fill: BoxFill) -> Radiograph:
    """The radiograph with the region filled in all of its channels."""
    region = _pixels(box, radiograph.grey.shape)
    grey = _filled_at_any_size(radiograph.grey, region, fill)
    planes = np.moveaxis(radiograph.rgb, -1, 0) if radiograph.colour else radiograph.rgb[None, ..., 0]
    filled = [np.clip(np.rint(_filled_at_any_size(plane, region, fill)), 0, 255).astype(np.uint8) for plane in planes]
    rgb = np.stack(filled if radiograph.colour else filled * 3, axis=-1)
    return replace(radiograph, grey=grey, rgb=rgb)


def _filled_at_any_size(plane: np.ndarray, region: tuple[slice, slice], fill: BoxFill) -> np.ndarray:
    """As `_filled`; in a large plane, the inpainting is computed on a smaller copy."""
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
