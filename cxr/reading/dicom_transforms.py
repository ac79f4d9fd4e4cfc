"""The arithmetic of DICOM's greyscale pipeline: modality table or rescaling, VOI table, window."""

from dataclasses import dataclass

import numpy as np

from cxr.reading.dicom_pixels import PixelForm
from cxr.reading.dicom_tags import Tags
from cxr.reading.pixels import full_scale

LARGEST = 1e30
"""Largest rescaled value; larger ones would overflow float32."""


LEAST_SPAN = 1e-30
"""Least distance of black and white that float32 divides by; a smaller rescaled range has no use."""

LARGEST_STEPS = 2.0**24
"""Whole numbers that float32 tells apart: beside a larger intercept, neighbouring pixel values become equal."""


@dataclass(frozen=True, eq=False)
class Table:
    """A lookup table: float32 entries, and the input value of the first entry."""

    entries: np.ndarray
    first: int

    @property
    def full_scale(self) -> int:
        """The largest value of the smallest usual depth that holds all entries."""
        return full_scale(int(self.entries.max()))

    def looked_up(self, values: np.ndarray) -> np.ndarray:
        """Entries of whole input values; inputs below the first or above the last get the first or last entry."""
        places = np.clip(values.astype(np.int64) - self.first, 0, len(self.entries) - 1)
        return self.entries[places]


@dataclass(frozen=True, eq=False)
class Modality:
    """The step from stored to modality values, and the range [low, high] that it can give."""

    low: float
    high: float
    table: Table | None = None
    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, stored: np.ndarray) -> np.ndarray:
        """float32 values of stored ones."""
        if self.table is not None:
            return self.table.looked_up(stored)
        return stored.astype(np.float32) * np.float32(self.slope) + np.float32(self.intercept)


def modality(form: PixelForm, tags: Tags) -> Modality:
    """The file's modality table or, without a usable one, its slope and intercept. Unusable tags are recorded."""
    low, high = _stored_range(form)
    for item in tags.items("ModalityLUTSequence")[:1]:
        if (table := _table(item, signed=low < 0)) is not None:
            return Modality(0.0, float(table.full_scale), table)
        tags.refuse("ModalityLUTSequence")
    slope, intercept = tags.number("RescaleSlope"), tags.number("RescaleIntercept")
    if slope is not None and not LEAST_SPAN <= max(abs(slope * low), abs(slope * high)) <= LARGEST:
        tags.refuse("RescaleSlope")
        slope = None
    if intercept is not None and abs(intercept) > LARGEST:
        tags.refuse("RescaleIntercept")
        intercept = None
    slope, intercept = (1.0 if slope is None else slope), (0.0 if intercept is None else intercept)
    if not form.is_float and abs(intercept) > LARGEST_STEPS * abs(slope):
        tags.refuse("RescaleIntercept")
        intercept = 0.0
    low, high = sorted((low * slope + intercept, high * slope + intercept))
    return Modality(low, high, slope=slope, intercept=intercept)


def _stored_range(form: PixelForm) -> tuple[float, float]:
    if form.is_float:
        return 0.0, 1.0
    bits = form.bits_stored
    return (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1) if form.signed else (0.0, 2.0**bits - 1)


def voi_table(item: Tags, step: Modality) -> Table | None:
    """A VOI table, or None for one that can't be used; its first value is signed where its input may be negative."""
    return _table(item, signed=step.low < 0)


def _table(item: Tags, *, signed: bool) -> Table | None:
    """A table's entries. The first input value's sign is that of what goes in (PS3.3 C.11.1.1.1 and C.11.2.1.1)."""
    descriptor = [int(number) for number in item.numbers("LUTDescriptor") if number is not None]
    if len(descriptor) != 3:
        return None
    entries, first, bits = descriptor
    entries = entries % 2**16 or 2**16
    if first >= 2**15 and signed:
        first -= 2**16
    if first < 0 and not signed and "LUTDescriptor" not in item.signed:
        first += 2**16
    values = _entries(item, entries, bits)
    return Table(values, first) if values is not None and np.ptp(values) > 0 else None


def _entries(item: Tags, entries: int, bits: int) -> np.ndarray | None:
    content = item.bytes_of("LUTData")
    if content:
        order = ">u2" if item.big_endian else "<u2"
        # 8-bit entries come as they are, or with one more byte that makes their number even
        narrow = bits <= 8 and len(content) in (entries, entries + 1)
        values = np.frombuffer(content if narrow else content[: len(content) // 2 * 2], "u1" if narrow else order)
    else:
        numbers = item.numbers("LUTData")
        if None in numbers:
            return None
        values = np.asarray(numbers, np.float64)
    values = np.asarray(values, np.float32)[:entries]
    # entries that are declared but missing would have to be guessed
    return np.where(values < 0, values + 2**16, values).astype(np.float32) if len(values) == entries else None


def windowed(values: np.ndarray, centre: float, width: float, *, function: str) -> np.ndarray:
    """Values through a window to [0, 1] float32. `function`: LINEAR, LINEAR_EXACT or SIGMOID (PS3.3 C.11.2.1.2, .3)."""
    if function == "SIGMOID":
        exponent = np.clip(-4 * (values - np.float32(centre)) / np.float32(max(width, LEAST_SPAN)), -80, 80)
        return 1 / (1 + np.exp(exponent))
    if function == "LINEAR":
        # the standard's linear window counts pixel values: its ends are 0.5 - width / 2 and width / 2 - 0.5 from centre
        centre, width = centre - 0.5, width - 1
    low = np.float32(centre - width / 2)
    return np.clip((values - low) / np.float32(max(width, LEAST_SPAN)), 0, 1)
