"""Grey pixels that a DICOM file stores as colour: three equal channels, YBR, or a grey palette."""

import numpy as np

from cxr.errors import RadiographError
from cxr.reading.colour import COLOURED_SHARE, coloured_share, luma
from cxr.reading.dicom_pixels import PixelForm
from cxr.reading.dicom_tags import DAMAGE, PALETTES, Tags

SAID = "The file's grey pixels are stored as colour, as in a secondary capture: brightness may not be the detector's."


def grey_of_colour(values: np.ndarray, form: PixelForm, tags: Tags) -> tuple[np.ndarray, int]:
    """Grey values (rows, columns) of colour ones, and how many bits they have.

    values  (rows, columns, 3) RGB, as pydicom gives YBR too, or (rows, columns) places in the file's palette

    Raises RadiographError for pixels in colour, and for a palette that can't be used.
    """
    colours, bits = _looked_up(values, tags) if form.photometric == "PALETTE COLOR" else (values, form.bits_stored)
    if colours.ndim != 3 or colours.shape[2] != 3:
        raise RadiographError(
            f"DICOM pixels with {form.samples} channels are not read.", "Give the original radiograph, which is grey."
        )
    if (colours == colours[..., :1]).all():
        return colours[..., 0], bits
    scaled = colours.astype(np.float32) / np.float32(2**bits - 1)
    if coloured_share(scaled) > COLOURED_SHARE:
        raise RadiographError("The DICOM file is in colour; a radiograph is grey.", "Give the original radiograph.")
    return np.rint(luma(scaled) * (2**bits - 1)).astype(np.int64), bits


def _looked_up(places: np.ndarray, tags: Tags) -> tuple[np.ndarray, int]:
    """Colours (rows, columns, 3) from the palette, by pydicom, which reads segmented tables; bits of its entries."""
    from pydicom import Dataset
    from pydicom.pixels import apply_color_lut

    palette = Dataset()
    for name in PALETTES:
        if name in tags and name not in tags.unusable:
            setattr(palette, name, _value(tags, name))
    try:
        bits = int(palette.RedPaletteColorLookupTableDescriptor[2])
        return apply_color_lut(places, palette), bits if bits in (8, 16) else 16
    except DAMAGE:
        raise RadiographError(
            "The DICOM file's palette can't be used, and its pixels mean nothing without it.", "Export it again."
        ) from None


def _value(tags: Tags, name: str) -> bytes | list[int]:
    if name.endswith("Data") and (content := tags.bytes_of(name)):
        return content
    numbers = [int(number or 0) for number in tags.numbers(name)]
    return np.asarray(numbers, "<u2").tobytes() if name.endswith("Data") else numbers
