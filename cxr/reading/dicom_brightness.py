"""From a DICOM file's values to brightness: modality table, then VOI table or window (PS3.3 C.11.1, C.11.2).

pydicom's `apply_modality_lut` and `apply_voi` are not used: they raise on tables of other depths than 8 and 16 bits, on
decimal commas and on unusable windows, where this module uses the next best brightness. Tests compare with them where
both give a result.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from cxr.errors import RadiographError
from cxr.reading.dicom_pixels import PixelForm
from cxr.reading.dicom_tags import Tags
from cxr.reading.dicom_transforms import LEAST_SPAN, Modality, Table, modality, voi_table, windowed
from cxr.reading.pixels import Window, bulk_range
from hub.errors import names_hint

LITTLE_OF_RANGE = 0.25
"""Without a window, pixels that use less than this share of their declared range are stretched: they would look
flat."""

LEAST_AFTER_WINDOW = 0.02
"""A window that leaves less contrast than this (5 of 255) does not fit the pixels, and is ignored."""

RANGE, PIXELS = "range", "pixels"
"""Windows that every file has: the full range of its bits, and the range that its pixels use."""

MOST_WINDOWS = 8
"""Largest number of a file's own windows, and of its tables: more would be too many to choose from."""

KNOWN_WORDS = ("normal", "harder", "softer", "soft tissue", "bone", "lung", "mediastinum", "abdomen")
"""Names of windows that are repeated. A file's text is free and may hold anything, so no other words are."""

FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
LEAST_WIDTH = {"LINEAR": 1.0}
"""Least width of a window by its function (PS3.3 C.11.2.1.2 and .3); the other functions need a width above zero."""

Brightness = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Shown:
    """Brightness (rows, columns) float32 in [0, 1], warnings, the name of the window that was used, and all windows."""

    brightness: np.ndarray
    warnings: tuple[str, ...]
    window: str
    windows: tuple[Window, ...]


def shown(stored: np.ndarray, padding: np.ndarray, form: PixelForm, tags: Tags, window: str = "") -> Shown:
    """Brightness of stored values (rows, columns), as the file says that they are to be shown.

    window  the name of one of the file's windows; "" for the first VOI table or, without one, the first window that
            can be used. Without either, the range that the stored bits can have becomes [0, 1], or the pixels' own
            where they use little of it

    MONOCHROME1 is inverted; `padding` is black. A tag that can't be used is named in a warning. Raises RadiographError
    for a window that the file doesn't have.
    """
    step = modality(form, tags)
    ways = _ways(tags, step)
    offered = (*(each for each, _ in ways.values()), *_always())
    _check_window(window, offered)
    values = step.apply(stored)
    inside = values[~padding]
    if inside.size == 0 or not np.isfinite(inside).all():
        raise RadiographError("All pixels of the DICOM file are padding, or not finite.", "Export it again.")
    brightness, taken, warnings = _first_that_shows(values, padding, ways, window)
    if brightness is None:
        brightness, taken, more = _without_window(values, inside, step, window)
        warnings += more
    if form.photometric == "MONOCHROME1":
        brightness = 1 - brightness
    brightness[padding] = 0
    return Shown(brightness, (*_unusable(tags, taken), *_contradiction(form, tags), *warnings), taken, offered)


def _ways(tags: Tags, step: Modality) -> dict[str, tuple[Window, Brightness]]:
    """{name: (window, its function)} of the file's own tables and windows that can be used, in the file's order."""
    ways: dict[str, tuple[Window, Brightness]] = {}
    tables = tags.items("VOILUTSequence")[:MOST_WINDOWS]
    for at, item in enumerate(tables, 1):
        table = voi_table(item, step)
        if table is None:
            tags.refuse("VOILUTSequence")
            continue
        window = Window(f"table-{at}", _numbered(_called("Table", item.word("LUTExplanation")), at, len(tables)))
        ways[window.name] = window, partial(_through_table, table)
    function = _function(tags)
    centres, widths = (tags.numbers(name)[:MOST_WINDOWS] for name in ("WindowCenter", "WindowWidth"))
    words = tags.words("WindowCenterWidthExplanation")
    for at in range(1, max(len(centres), len(widths)) + 1):
        centre, width = (each[at - 1] if at <= len(each) else None for each in (centres, widths))
        if not _is_usable(tags, centre, width, function) or centre is None or width is None:
            continue
        word = words[at - 1] if at <= len(words) else ""
        window = Window(f"window-{at}", _numbered(_called("Window", word), at, max(len(centres), len(widths))))
        ways[window.name] = window, partial(windowed, centre=centre, width=width, function=function)
    return ways


def _is_usable(tags: Tags, centre: float | None, width: float | None, function: str) -> bool:
    if centre is None or width is None:
        for name, number in (("WindowCenter", centre), ("WindowWidth", width)):
            if number is None and (centre, width) != (None, None):
                tags.refuse(name)
        return False
    if width < LEAST_WIDTH.get(function, np.finfo(np.float32).tiny) or max(abs(centre), width) > 1e30:
        tags.refuse("WindowWidth" if abs(centre) <= 1e30 else "WindowCenter")
        return False
    return True


def _function(tags: Tags) -> str:
    word = tags.word("VOILUTFunction")
    if word and word not in FUNCTIONS:
        tags.refuse("VOILUTFunction")
    return word if word in FUNCTIONS else "LINEAR"


def _through_table(table: Table, values: np.ndarray) -> np.ndarray:
    return table.looked_up(np.rint(values)) / np.float32(table.full_scale)


def _first_that_shows(
    values: np.ndarray, padding: np.ndarray, ways: dict[str, tuple[Window, Brightness]], window: str
) -> tuple[np.ndarray | None, str, tuple[str, ...]]:
    """Brightness by the requested window, or by the first of the file's own that leaves some contrast."""
    warnings: tuple[str, ...] = ()
    for name in [window] if window else ways:
        if name not in ways:
            break
        brightness = ways[name][1](values)
        if np.ptp(brightness[~padding]) >= LEAST_AFTER_WINDOW:
            return brightness, name, warnings
        kind = name.partition("-")[0]
        warnings = (f"The file's {kind} leaves no contrast; it was ignored.",)
    return None, "", warnings


def _unusable(tags: Tags, taken: str) -> tuple[str, ...]:
    """One sentence on the tags that can't be used, and on the range that is shown instead."""
    names = [name for name in tags.unusable if name in DISPLAY_TAGS]
    if not names:
        return ()
    listed = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]
    kind, _, number = taken.partition("-")
    always = {RANGE: "the full range of its bits", PIXELS: "the range that its pixels use"}
    by = always.get(taken, f"its {kind} {number}")
    return (f"The file's {listed} can't be used; the picture shows {by}.",)


DISPLAY_TAGS = (
    *("ModalityLUTSequence", "RescaleSlope", "RescaleIntercept", "VOILUTSequence", "VOILUTFunction"),
    *("WindowCenter", "WindowWidth", "PixelPaddingValue", "PixelPaddingRangeLimit"),
)


def _contradiction(form: PixelForm, tags: Tags) -> tuple[str, ...]:
    expected = {"MONOCHROME1": "INVERSE", "MONOCHROME2": "IDENTITY"}.get(form.photometric)
    shape = tags.word("PresentationLUTShape")
    if shape in ("INVERSE", "IDENTITY") and expected and shape != expected:
        return ("The file's PhotometricInterpretation and PresentationLUTShape disagree; the first was followed.",)
    return ()


def _check_window(window: str, offered: Sequence[Window]) -> None:
    names = [each.name for each in offered]
    if window and window not in names:
        raise RadiographError(f"The file has no window {window!r}.", names_hint(window, names))


def _always() -> tuple[Window, Window]:
    return Window(RANGE, "Full range of the file's bits"), Window(PIXELS, "Range that its pixels use")


def full_range(stored: np.ndarray, form: PixelForm, window: str = "") -> Shown:
    """Brightness of grey stored as colour, which the standard shows without modality table and window."""
    _check_window(window, _always())
    low, high = (0, 2**form.bits_stored - 1) if window != PIXELS else bulk_range(stored)
    return Shown(_stretched(stored.astype(np.float32), low, high), (), window or RANGE, _always())


def _called(kind: str, explanation: str) -> str:
    """`Window: harder` where the file gives it a known name, else `Window`."""
    word = explanation.lower()
    return f"{kind}: {word}" if word in KNOWN_WORDS else kind


def _numbered(title: str, at: int, count: int) -> str:
    """`The file's window`, or `Window 2: harder` of several."""
    kind, colon, word = title.partition(":")
    return f"{kind} {at}{colon}{word}" if count > 1 else f"The file's {kind.lower()}{colon}{word}"


def _without_window(
    values: np.ndarray, inside: np.ndarray, step: Modality, wanted: str
) -> tuple[np.ndarray, str, tuple[str, ...]]:
    """Brightness by the range of the bits or of the pixels, as requested or as fits; the range's name; warnings."""
    low, high = step.low, step.high
    own_low, own_high = bulk_range(inside)
    if wanted == RANGE:
        fits = min(high, own_high) - max(low, own_low) >= LEAST_AFTER_WINDOW * (high - low)
        why = "The pixels use very little of their range"
    else:
        slack = 1e-6 * (high - low)  # values of 32 bits are rounded
        within = low - slack <= float(inside.min()) and float(inside.max()) <= high + slack
        fits = within and own_high - own_low >= LITTLE_OF_RANGE * (high - low)
        why = "The file has no usable window, and its pixels use little of their range"
    if fits and wanted != PIXELS:
        return _stretched(values, low, high), RANGE, ()
    said = () if wanted == PIXELS else (f"{why}: that part was stretched.",)
    return _stretched(values, own_low, own_high), PIXELS, said


def _stretched(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.clip((values - np.float32(low)) / np.float32(max(high - low, LEAST_SPAN)), 0, 1)
