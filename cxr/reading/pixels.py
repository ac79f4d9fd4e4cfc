"""The pixels of a source, and their scaling to [0, 1]."""

from dataclasses import dataclass

import numpy as np

from cxr.errors import RadiographError

LARGEST_PIXELS = 50_000_000
"""A radiograph of 43 cm at 0.1 mm has 15 megapixels; beyond 50 a file is a mistake, or made to exhaust the memory."""

SMALLEST_SIDE_PX = 64

FEW = 2
"""Per cent of the pixels at either end that may be cut off, so that a few can't set the brightness of all others."""

SAMPLED = 2**18
"""Number of pixels from which percentiles are estimated."""

USUAL_BITS = (8, 10, 12, 14, 16)
"""Depths in bits that detectors and scanners use, in files of the same depth or a larger one."""


@dataclass(frozen=True)
class Window:
    """One way to show a file's values: a name for programs, and a title for people, in this project's words."""

    name: str
    title: str


@dataclass(frozen=True, eq=False)
class SourcePixels:
    """Upright pixels of one picture before scaling.

    pixels    (height, width) or (height, width, channels): grey; grey, alpha; RGB; RGB, alpha
    negative  whether zero is the brightest value
    notes     sentences that are worth knowing and are no warnings
    windows   ways in which the file could be shown, and the name of the one that was taken; of DICOM alone
    stored_size  (height, width) in the file, where the pixels were resampled to square ones; None: as they are
    view      "AP" or "PA" where the file says so, else ""; of DICOM alone
    """

    pixels: np.ndarray
    kind: str
    warnings: tuple[str, ...] = ()
    negative: bool = False
    notes: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()
    window: str = ""
    stored_size: tuple[int, int] | None = None
    view: str = ""

    def scaled(self) -> tuple[np.ndarray, tuple[str, ...]]:
        """Pixels (height, width, 1 or 3) float32 in [0, 1], on black where there is alpha; and warnings."""
        pixels = _with_channels(self.pixels)
        check_size(*pixels.shape[:2])
        _check_numbers(pixels)
        low, high, warnings = _scale(pixels)
        with np.errstate(over="ignore"):  # values far outside of a narrow range are clipped all the same
            scaled = (pixels - np.asarray(low, np.result_type(pixels, np.float32))) / (high - low)
        scaled = np.clip(scaled, 0, 1).astype(np.float32, copy=False)
        if self.negative:
            scaled = 1 - scaled
        if pixels.shape[2] in (2, 4):
            scaled = scaled[..., :-1] * scaled[..., -1:]
        return scaled, warnings


def check_size(height: int, width: int) -> None:
    """Refuse a picture by its declared size, before anything is decoded."""
    if height * width > LARGEST_PIXELS:
        raise RadiographError(
            f"The picture has {height * width / 1e6:.0f} megapixels; at most {LARGEST_PIXELS // 10**6} are read.",
            "Shrink it first.",
        )
    if min(height, width) < SMALLEST_SIDE_PX:
        raise RadiographError(
            f"The picture is {width} × {height} pixels; each side must have at least {SMALLEST_SIDE_PX}.",
            "Give the radiograph itself, not a thumbnail of it.",
        )


def full_scale(largest: int) -> int:
    """The largest value of the smallest usual depth that holds `largest`: 4095 for 3000, whatever the file's depth."""
    return next((2**bits - 1 for bits in USUAL_BITS if largest < 2**bits), largest)


def _with_channels(pixels: np.ndarray) -> np.ndarray:
    if pixels.ndim == 2:
        return pixels[..., None]
    if pixels.ndim == 3 and 1 <= pixels.shape[2] <= 4:
        return pixels
    raise RadiographError(
        f"An array of shape {pixels.shape} is not one picture.",
        "Give (height, width), or (height, width, channels) with 1 to 4 channels.",
    )


def _check_numbers(pixels: np.ndarray) -> None:
    if pixels.dtype.kind not in "uif":
        raise RadiographError(
            f"Pixels of type {pixels.dtype} are not brightness values.", "Give integers, or floats from 0 to 1."
        )
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise RadiographError("Some pixels are NaN or infinite.", "Replace them before the picture is read.")


def _scale(pixels: np.ndarray) -> tuple[float, float, tuple[str, ...]]:
    """The values that become 0 and 1, and a warning where they are a guess."""
    low, high = pixels.min().item(), pixels.max().item()
    if pixels.dtype.kind == "f" and low >= 0 and high <= 1:
        return 0.0, 1.0, ()
    if low >= 0 and high < 2 ** USUAL_BITS[-1] and (pixels.dtype.kind in "ui" or (pixels == np.rint(pixels)).all()):
        return 0, *_depth(pixels, int(high))
    low, high = bulk_range(pixels)
    warning = f"The pixels run from {low:g} to {high:g}; these were taken as black and white, which is a guess."
    return low, max(high, np.nextafter(low, np.inf)), (warning,)


def _depth(pixels: np.ndarray, largest: int) -> tuple[int, tuple[str, ...]]:
    """The full scale of the depth that nearly all pixels need, and a warning where some need more."""
    if largest < 2 ** USUAL_BITS[0]:
        return full_scale(largest), ()
    needed = full_scale(int(bulk_range(pixels)[1]))
    if needed == full_scale(largest):
        return needed, ()
    bits = needed.bit_length()
    return needed, (f"Nearly all pixels need {bits} bits; the few that are brighter, such as a marker, were cut off.",)


def bulk_range(values: np.ndarray) -> tuple[float, float]:
    """(lowest, highest) of the values without a few that lie far from all others, such as a marker or dead pixels.

    Far is farther from the middle 96 % than these are wide.
    """
    flat = np.ravel(values)
    low, high = np.percentile(flat[:: max(1, flat.size // SAMPLED)], (FEW, 100 - FEW)).tolist()
    width = high - low
    with np.errstate(over="ignore"):  # the limits may lie beyond what the type of the values holds
        inside = flat[(flat >= low - width) & (flat <= high + width)]
    return inside.min().item(), inside.max().item()
