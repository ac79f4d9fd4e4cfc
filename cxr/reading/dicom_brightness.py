"""How bright a DICOM file's values are shown: modality table, then VOI table or window (PS3.3 C.11.1, C.11.2)."""

from typing import TYPE_CHECKING

import numpy as np

from cxr.errors import RadiographError
from cxr.reading.pixels import Window, full_scale
from hub.errors import names_hint

if TYPE_CHECKING:
    from pydicom import Dataset

LITTLE_OF_RANGE = 0.25
"""Without a window, pixels that use less than this share of their declared range are stretched: they would be flat."""

LEAST_AFTER_WINDOW = 0.02
"""A window that leaves less contrast than this (5 of 255) was written for other pixels, and is ignored."""

RANGE, PIXELS = "range", "pixels"
"""Windows that every file has: all that its bits can hold, and what its pixels use of it."""

MOST_WINDOWS = 8
"""Of a file's own, and as many tables: more are no choice for a person."""

KNOWN_WORDS = ("normal", "harder", "softer", "soft tissue", "bone", "lung", "mediastinum", "abdomen")
"""What a file may call a window. Its text is free and may hold anything, so only these words are ever repeated."""


def windows(dataset: "Dataset") -> tuple[Window, ...]:
    """The ways in which the file can be shown, the one that it asks for first."""
    tables = [_called("Table", item.get("LUTExplanation")) for item in _items(dataset)]
    words = _listed(dataset.get("WindowCenterWidthExplanation"))
    own = [_called("Window", words[at] if at < len(words) else "") for at in range(len(_pairs(dataset)))]
    return (
        *(Window(f"table-{at + 1}", _numbered(title, at, len(tables))) for at, title in enumerate(tables)),
        *(Window(f"window-{at + 1}", _numbered(title, at, len(own))) for at, title in enumerate(own)),
        Window(RANGE, "All that the file's bits can hold"),
        Window(PIXELS, "All that its pixels use"),
    )


def shown(stored: np.ndarray, dataset: "Dataset", window: str = "") -> tuple[np.ndarray, tuple[str, ...], str]:
    """Stored values (rows, columns) to brightness (rows, columns) float32 in [0, 1], warnings, and the window taken.

    window  the name of one of `windows`; "" for the first VOI table or, without one, the first window. Without either,
            the range that the stored bits can have becomes [0, 1], or the pixels' own where they use little of it

    MONOCHROME1 is inverted; padding is black. Raises RadiographError for a window that the file doesn't have.
    """
    known = [each.name for each in windows(dataset)]
    if window and window not in known:
        raise RadiographError(f"The file has no window {window!r}.", names_hint(window, known))
    values = _modality(stored, dataset)
    padding = _padding(stored, dataset)
    taken, warnings = window or known[0], ()
    brightness = _through_voi(values, dataset, taken)
    if brightness is not None and np.ptp(brightness) < LEAST_AFTER_WINDOW:
        brightness, warnings = None, ("The file's window leaves nothing to see; it was ignored.",)
    if brightness is None:
        brightness, more, taken = _without_window(values, padding, dataset, window)
        warnings += more
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        brightness = 1 - brightness
    brightness[padding] = 0
    return brightness, warnings, taken


def _modality(stored: np.ndarray, dataset: "Dataset") -> np.ndarray:
    if dataset.get("ModalityLUTSequence"):
        table, first = _table(dataset.ModalityLUTSequence[0])
        return _looked_up(stored, table, first)
    slope, intercept = _rescale(dataset)
    return stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)


def _rescale(dataset: "Dataset") -> tuple[float, float]:
    slope, intercept = dataset.get("RescaleSlope"), dataset.get("RescaleIntercept")
    return (1.0 if slope is None else float(slope)), (0.0 if intercept is None else float(intercept))


def _through_voi(values: np.ndarray, dataset: "Dataset", window: str) -> np.ndarray | None:
    """Brightness by the file's VOI table or window of that name; None for a window that isn't the file's own."""
    kind, _, number = window.partition("-")
    if kind == "table":
        table, first = _table(_items(dataset)[int(number) - 1])
        return _looked_up(np.rint(values), table / np.float32(full_scale(int(table.max()))), first)
    if kind == "window":
        centre, width = _pairs(dataset)[int(number) - 1]
        return windowed(values, centre, width, function=str(dataset.get("VOILUTFunction") or "LINEAR").upper())
    return None


def _items(dataset: "Dataset") -> list["Dataset"]:
    """The file's VOI tables."""
    return list(dataset.get("VOILUTSequence") or ())[:MOST_WINDOWS]


def _pairs(dataset: "Dataset") -> list[tuple[float, float]]:
    """(centre, width) of the file's windows."""
    centres, widths = (_listed(dataset.get(tag))[:MOST_WINDOWS] for tag in ("WindowCenter", "WindowWidth"))
    pairs = zip(centres, widths, strict=False)
    return [(float(centre), float(width)) for centre, width in pairs if "" not in (str(centre), str(width))]


def _listed(value: object) -> list:
    """The values of a tag that may have none, one or several."""
    if value is None or value == "":
        return []
    return list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else [value]


def _called(kind: str, explanation: object) -> str:
    """`Window: harder` where the file calls it something that is known here, else `Window`."""
    word = str(explanation or "").strip().lower()
    return f"{kind}: {word}" if word in KNOWN_WORDS else kind


def _numbered(title: str, at: int, count: int) -> str:
    """`The file's window`, or `Window 2: harder` of several."""
    kind, colon, word = title.partition(":")
    return f"{kind} {at + 1}{colon}{word}" if count > 1 else f"The file's {kind.lower()}{colon}{word}"


def windowed(values: np.ndarray, centre: float, width: float, *, function: str) -> np.ndarray:
    """Values through a window to [0, 1] float32. `function`: LINEAR, LINEAR_EXACT or SIGMOID (PS3.3 C.11.2.1.2, .3)."""
    if function == "SIGMOID":
        exponent = np.clip(-4 * (values - np.float32(centre)) / np.float32(max(width, 1e-6)), -80, 80)
        return 1 / (1 + np.exp(exponent))
    if function == "LINEAR":
        # the standard's linear window counts pixel values: its ends are 0.5 - width / 2 and width / 2 - 0.5 from centre
        centre, width = centre - 0.5, width - 1
    low = np.float32(centre - width / 2)
    return np.clip((values - low) / np.float32(max(width, 1e-6)), 0, 1)


def _table(item: "Dataset") -> tuple[np.ndarray, int]:
    """A lookup table's entries and the value that its first entry stands for."""
    entries, first, _ = (int(value) for value in item.LUTDescriptor)
    entries = entries or 2**16
    table = item.LUTData
    if isinstance(table, bytes):
        table = np.frombuffer(table, "<u2" if len(table) >= 2 * entries else "u1")
    table = np.asarray(table, np.float32)[:entries]
    if table.size == 0:
        raise ValueError("an empty lookup table")
    return table, first


def _looked_up(values: np.ndarray, table: np.ndarray, first: int) -> np.ndarray:
    return table[np.clip(values.astype(np.int64) - first, 0, len(table) - 1)].astype(np.float32)


def _without_window(
    values: np.ndarray, padding: np.ndarray, dataset: "Dataset", wanted: str
) -> tuple[np.ndarray, tuple[str, ...], str]:
    """Brightness by the bits' range or by the pixels', whichever is wanted or suits them; warnings; which it was."""
    inside = values[~padding]
    if inside.size == 0 or not np.isfinite(inside).all():
        raise RadiographError("The DICOM file's pixels are all padding, or not finite.", "Export it once more.")
    low, high = _declared_range(dataset)
    own_low, own_high = float(inside.min()), float(inside.max())
    if wanted == RANGE:
        fits = min(high, own_high) - max(low, own_low) >= LEAST_AFTER_WINDOW * (high - low)
        why = "The pixels use next to nothing of their range"
    else:
        fits = low <= own_low and own_high <= high and own_high - own_low >= LITTLE_OF_RANGE * (high - low)
        why = "The file has no window, and its pixels use little of their range"
    if fits and wanted != PIXELS:
        return _stretched(values, low, high), (), RANGE
    said = () if wanted == PIXELS else (f"{why}: it was stretched to what they use.",)
    return _stretched(values, own_low, own_high), said, PIXELS


def _stretched(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.clip((values - np.float32(low)) / np.float32(max(high - low, 1e-6)), 0, 1)


def _declared_range(dataset: "Dataset") -> tuple[float, float]:
    if dataset.get("ModalityLUTSequence"):
        return 0.0, float(full_scale(int(_table(dataset.ModalityLUTSequence[0])[0].max())))
    bits = int(dataset.get("BitsStored") or 16)
    signed = dataset.get("PixelRepresentation") == 1
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    slope, intercept = _rescale(dataset)
    low, high = sorted((low * slope + intercept, high * slope + intercept))
    return low, high


def _padding(stored: np.ndarray, dataset: "Dataset") -> np.ndarray:
    """Where the detector saw nothing; such pixels are shown black, also in an inverted picture."""
    value, limit = dataset.get("PixelPaddingValue"), dataset.get("PixelPaddingRangeLimit")
    if not isinstance(value, int):
        return np.zeros(stored.shape, bool)
    low, high = sorted((value, limit if isinstance(limit, int) else value))
    return (stored >= low) & (stored <= high)
