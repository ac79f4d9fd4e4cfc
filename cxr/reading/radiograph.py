"""Reading a radiograph: from a path, bytes, a picture or an array to upright pixels of full depth.

Every source becomes a `Radiograph`. Files are read in memory; nothing is written. Of a DICOM file, only the tags that
say how its pixels are to be shown are read (see `cxr.reading.dicom`).
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from cxr.errors import RadiographError
from cxr.reading import dicom, picture_file
from cxr.reading.colour import COLOURED_SHARE, coloured_share, luma
from cxr.reading.pixels import SourcePixels, Window

LARGEST_FILE_BYTES = 512 * 2**20
"""More than 50 megapixels of 16-bit colour need (300 MB): the picture in a larger file would be too large anyway."""

ELONGATED = 1.8
"""Ratio of the sides above which a warning is given. Chest films are at most 43 cm × 35 cm, a ratio of 1.23."""

LITTLE_DETAIL_PX = 128
"""Shorter side in pixels below which a warning is given: on 128 pixels, a 1 cm nodule is three pixels wide."""


@dataclass(frozen=True, eq=False)
class Radiograph:
    """One upright picture; its arrays are read-only.

    grey      (height, width) float32 in [0, 1], as bright as it is shown (bone bright), in the source's full depth;
              of a colour picture its luma (ITU-R BT.601)
    rgb       (height, width, 3) uint8, as rules trained on 8-bit pictures want it; of a grey picture a view of one
              channel, three times
    kind      "png", "jpeg", "webp", "tiff", "dicom", "image" (a PIL image), "array" or "phantom"
    warnings  sentences on what makes its scores less trustworthy
    colour    whether the channels differ anywhere
    notes     sentences that are worth knowing and are no warnings
    windows   of a DICOM file: the ways in which its values could be shown
    window    the name of the one that was taken
    stored_size  (height, width) in the file of a DICOM picture, which differs where its pixels are not square
    view      "AP" or "PA" where a DICOM file says so, else ""
    """

    grey: np.ndarray
    rgb: np.ndarray
    kind: str
    warnings: tuple[str, ...] = ()
    colour: bool = False
    notes: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()
    window: str = ""
    stored_size: tuple[int, int] | None = None
    view: str = ""

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.grey.shape[0]

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.grey.shape[1]

    @property
    def size_in_file(self) -> tuple[int, int]:
        """(height, width) in the file's own pixels, in which tables give boxes."""
        return self.stored_size or (self.height, self.width)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of size and pixels, in hex: equal for equal pixels, whatever file they came in."""
        digest = hashlib.sha256(f"{self.height} {self.width} {self.colour}".encode())
        digest.update(np.ascontiguousarray(self.grey).data)
        if self.colour:
            digest.update(np.ascontiguousarray(self.rgb).data)
        return digest.hexdigest()

    def display(self, longest: int = 1024) -> np.ndarray:
        """The grey picture for the screen: (h, w) uint8, area-averaged to at most `longest` pixels, never enlarged."""
        grey = self.grey
        scale = longest / max(grey.shape)
        if scale < 1:
            height, width = (max(1, round(side * scale)) for side in grey.shape)
            grey = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
        return _bytes(grey)


def read_radiograph(source: str | Path | bytes | Image.Image | np.ndarray, *, window: str = "") -> Radiograph:
    """Read a chest radiograph from a path, the bytes of a file, a PIL image or an array.

    Files: PNG, JPEG, WebP, TIFF and, with the extra `dicom`, DICOM. EXIF orientation is followed; transparent parts are
    laid on black; a palette is looked up. Integers that need more than 8 bits are divided by the largest value of the
    smallest usual depth (10, 12, 14, 16 bits) that holds them all, so that 12-bit pixels in a 16-bit file are not
    nearly black. DICOM is shown as its modality and VOI tables or window say, MONOCHROME1 inverted.

    window  of a DICOM file: the name of one of the `windows` that the radiograph then has; "" for the first

    Arrays: (height, width), or channels last: 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha). Integers and
    floats that are whole numbers are scaled as above, floats within [0, 1] are taken as they are. Other numbers are
    stretched from their minimum to their maximum, with a warning.

    Raises RadiographError for what is no picture, is damaged, is larger than 50 megapixels (checked before decoding),
    smaller than 64 pixels a side, has several frames, or has constant or non-finite pixels; and for a window that the
    file doesn't have.
    """
    if isinstance(source, np.ma.MaskedArray) and np.ma.is_masked(source):
        raise RadiographError("Some pixels of the array are masked.", "Say what they are: array.filled(0) is black.")
    if isinstance(source, np.ndarray):
        return _radiograph(SourcePixels(np.asarray(source), "array"))
    if isinstance(source, Image.Image):
        return _radiograph(picture_file.pixels_of_image(source))
    if isinstance(source, bytes | bytearray | memoryview):
        return _radiograph(_pixels_of_bytes(bytes(source), window))
    if isinstance(source, str | Path):
        return _radiograph(_pixels_of_bytes(_file_bytes(source), window))
    hint = "Of an open file, give the bytes: file.read()." if hasattr(source, "read") else ""
    raise RadiographError(
        f"A radiograph is read from a path, bytes, a PIL image or an array, not from {type(source).__name__!r}.", hint
    )


def _file_bytes(source: str | Path) -> bytes:
    if re.match(r"(data:|[A-Za-z][A-Za-z0-9+.-]+://)", str(source)):
        raise RadiographError("Web addresses are not fetched.", "Give a path or the bytes of the file.")
    path = Path(source)
    try:
        if not path.is_file():
            raise RadiographError("There is no file at the given path.", "Check the path; a folder can't be read.")
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise RadiographError(f"The file is larger than {LARGEST_FILE_BYTES // 2**20} MB.", "Give a smaller one.")
        return path.read_bytes()
    except OSError as error:
        # the system's own sentence names the path, which may name a patient
        raise RadiographError(f"The file can't be read: {error.strerror}.") from None


def _pixels_of_bytes(content: bytes, window: str) -> SourcePixels:
    if dicom.is_dicom(content):
        return dicom.pixels(content, window)
    if window:
        raise RadiographError("Only DICOM files have windows to choose from.", "Leave the window out.")
    return picture_file.pixels_of_file(content)


def _radiograph(samples: SourcePixels) -> Radiograph:
    scaled, warnings = samples.scaled()
    grey, colour, share = _grey(scaled)
    if not grey.min() < grey.max():
        raise RadiographError("Every pixel of the picture has the same value.", "Give a radiograph with contrast.")
    channels = _bytes(scaled if colour else grey[..., None])
    return Radiograph(
        grey=_locked(grey),
        rgb=np.broadcast_to(_locked(channels), (*grey.shape, 3)),
        kind=samples.kind,
        warnings=(*samples.warnings, *warnings, *_warnings(grey.shape, share)),
        colour=colour,
        notes=samples.notes,
        windows=samples.windows,
        window=samples.window,
        stored_size=samples.stored_size,
        view=samples.view,
    )


def _grey(scaled: np.ndarray) -> tuple[np.ndarray, bool, float]:
    """Grey (height, width) of (height, width, 1 or 3), whether channels differ, and the share of coloured pixels."""
    if scaled.shape[2] == 1:
        return scaled[..., 0], False, 0.0
    difference = scaled.max(axis=2) - scaled.min(axis=2)
    if not difference.any():
        return np.ascontiguousarray(scaled[..., 0]), False, 0.0
    return luma(scaled), True, coloured_share(scaled)


def _warnings(size: tuple[int, int], coloured_share: float) -> Iterable[str]:
    if coloured_share > COLOURED_SHARE:
        yield f"{coloured_share:.0%} of the picture is coloured; a radiograph is grey. Its scores may mean nothing."
    if max(size) > ELONGATED * min(size):
        ratio = f"{max(size) / min(size):.1f} times as {'high as wide' if size[0] > size[1] else 'wide as high'}"
        yield f"The picture is {ratio}; chest radiographs are nearly square."
    if min(size) < LITTLE_DETAIL_PX:
        yield f"The picture has only {min(size)} pixels a side: small findings can't be seen in it."


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.rint(values * 255).astype(np.uint8)


def _locked(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
