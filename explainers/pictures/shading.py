"""From a map to what its picture shows: which values get how much colour, and what the colour bar says about them.

A map stays signed and in its unit until here. Nothing is stretched to a range that the map doesn't have: zero is
always zero, so that a map without positive evidence is drawn without colour and says so.
"""

from dataclasses import dataclass

import numpy as np

from cxr.findings import display_name
from explainers.errors import OptionError
from hub.errors import names_hint

VIEWS: dict[str, str] = {
    "positive": "Positive evidence",
    "signed": "Evidence for and against",
    "percentile": "Rank of each pixel among all",
    "contour": "Outline of the highest values",
}
"""What each view shows, by its name."""

CONTOUR_SHARE = 0.1
"""Share of the area that the contour encloses, from which boxes and maps are usually compared (5, 10 or 20 %)."""


@dataclass(frozen=True, eq=False)
class Contour:
    """The part of a map with the highest values.

    region     (y, x) bool
    threshold  lowest value inside, in the map's unit
    area       the region's true share of the map's finite area: more than was asked for where values are tied, less
               where fewer are positive
    """

    region: np.ndarray
    threshold: float
    area: float


@dataclass(frozen=True, eq=False)
class Shading:
    """A map as one view shows it.

    view    name of the view
    values  (y, x) float32, how much colour: 0 to 1; "signed" −1 to 1; "contour" 1 inside; NaN where the map has none
    low     the map's value where the colour bar starts, in `unit`
    high    the map's value where the colour bar ends: full colour
    unit    of `low` and `high`; "%" of the pixels for ranks
    note    sentences on what was done to the map and what is not shown
    empty   a sentence that takes the colours' place where there is nothing to show, else None
    """

    view: str
    values: np.ndarray
    low: float
    high: float
    unit: str
    note: str
    empty: str | None = None


def shaded(
    cells: np.ndarray,
    view: str,
    *,
    unit: str = "",
    finding: str = "",
    scale: float | None = None,
    full: float | None = None,
    enlarged: np.ndarray | None = None,
) -> Shading:
    """How `view` shows the map `cells` (y, x).

    scale     the value, in the map's unit, that gets full colour; values beyond it are drawn as it. None for the map's
              own maximum ("positive") or its largest magnitude ("signed")
    full      such a value of this map alone, where no scale is given
    enlarged  the same map on the picture's pixels, NaN outside a crop: it is shaded in place of the cells, whose
              extremes are still the ones that the scale and the words go by
    unit      appears in words only, as does `finding`

    Raises OptionError for a view that does not exist.
    """
    check_view(view)
    cells = np.asarray(cells, np.float32)
    drawn = cells if enlarged is None else np.asarray(enlarged, np.float32)
    if empty := emptiness(cells, view, finding) or emptiness(drawn, view, finding):
        return Shading(view, np.where(np.isnan(drawn), drawn, np.float32(0)), 0.0, 0.0, unit, _span(cells, unit), empty)
    return _SHADERS[view](cells, drawn, unit, scale, full)


def check_view(view: str) -> None:
    """Raise OptionError if there is no such view."""
    if view not in VIEWS:
        raise OptionError(f"There is no view {view!r}.", names_hint(str(view), VIEWS))


def emptiness(cells: np.ndarray, view: str, finding: str = "") -> str | None:
    """The sentence to show in place of colours if `view` has nothing to show of this map, else None."""
    highest, lowest = float(np.nanmax(cells)), float(np.nanmin(cells))
    if highest == lowest == 0:
        return "The map is zero everywhere."
    if view in ("positive", "contour") and highest <= 0:
        return f"No region raises the score of {display_name(finding)}." if finding else "No region raises the score."
    if view in ("percentile", "contour") and highest == lowest:
        return "The map has the same value everywhere."
    return None


def contour(cells: np.ndarray, share: float = CONTOUR_SHARE) -> Contour | None:
    """The `share` of the area with the highest values, or None for a map without positive or without different values.

    Values tied with the lowest one inside are all taken in, unless that is the whole map; then all of them are left
    out. Only positive values count: what lowers the score is not among the "highest" evidence for it.
    """
    finite = cells[np.isfinite(cells)]
    if finite.size == 0 or finite.max() <= 0 or finite.max() == finite.min():
        return None
    count = int(np.ceil(share * finite.size))
    threshold = np.partition(finite, finite.size - count)[finite.size - count]
    region = (cells >= threshold) & (cells > 0)
    if region.sum() == finite.size:
        region = cells > threshold
    return Contour(region, float(cells[region].min()), float(region.sum() / finite.size))


def number(value: float) -> str:
    """A figure for people: two significant digits, a true minus, "0" for zero."""
    if value == 0:
        return "0"
    if not 1e-6 <= abs(value) < 1e6:
        digits, exponent = f"{value:.1e}".split("e")
        return f"{digits}e{int(exponent)}".replace("-", "−")
    rounded = float(f"{value:.1e}")
    decimals = max(0, 1 - int(np.floor(np.log10(abs(rounded)))))
    return f"{rounded:,.{decimals}f}".replace("-", "−")


def with_unit(text: str, unit: str) -> str:
    """The unit after a space, if there is one."""
    return f"{text} {unit}".rstrip()


def _positive(
    cells: np.ndarray, drawn: np.ndarray, unit: str, scale: float | None, full: float | None = None
) -> Shading:
    high, lowest = scale or full or float(cells.max()), float(cells.min())
    note = f"Positive values, {_scaled('divided by their maximum', cells, unit, scale, full)}."
    if lowest < 0:
        note += f" Not shown: negative values, down to {with_unit(number(lowest), unit)}."
    return Shading("positive", np.clip(drawn / np.float32(high), 0, 1), 0.0, high, unit, note)


def _signed(cells: np.ndarray, drawn: np.ndarray, unit: str, scale: float | None, full: float | None) -> Shading:
    magnitude = np.abs(cells)
    high = scale or full or float(magnitude.max())
    note = f"Both signs, {_scaled('divided by the largest magnitude', magnitude, unit, scale, full)}."
    return Shading("signed", np.clip(drawn / np.float32(high), -1, 1), -high, high, unit, note)


def _percentile(cells: np.ndarray, drawn: np.ndarray, unit: str, scale: float | None, full: float | None) -> Shading:
    note = f"Rank of each pixel among all; size and sign don't show. {_span(cells, unit)}"
    return Shading("percentile", ranks(drawn), 0.0, 100.0, "% of the pixels lie below", note)


def _contour(cells: np.ndarray, drawn: np.ndarray, unit: str, scale: float | None, full: float | None) -> Shading:
    top = contour(drawn)
    if top is None:
        return _positive(cells, drawn, unit, scale)
    values = np.where(np.isnan(drawn), drawn, top.region.astype(np.float32))
    highest = float(cells.max())
    span = f"{number(top.threshold)} to {with_unit(number(highest), unit)}"
    note = f"Outline of the highest {number(100 * top.area)} % of the area: {span}."
    return Shading("contour", values, top.threshold, highest, unit, note)


def _scaled(alone: str, cells: np.ndarray, unit: str, scale: float | None, full: float | None) -> str:
    if scale is None:
        return alone if full is None else f"full colour from {with_unit(number(full), unit)} on"
    beyond = "; what is beyond is drawn as that" if cells.max() > scale else ""
    return f"on a shared scale of {with_unit(number(scale), unit)}{beyond}"


def _span(cells: np.ndarray, unit: str) -> str:
    low, high = number(float(np.nanmin(cells))), with_unit(number(float(np.nanmax(cells))), unit)
    return f"The map runs from {low} to {high}."


_SHADERS = {"positive": _positive, "signed": _signed, "percentile": _percentile, "contour": _contour}


def ranks(cells: np.ndarray) -> np.ndarray:
    """Share of the other finite values that lie below each one, ties counted half: (y, x) float32, 0 to 1, NaN kept."""
    finite = np.isfinite(cells)
    _, place, counts = np.unique(cells[finite], return_inverse=True, return_counts=True)
    below = np.cumsum(counts) - counts
    shares = np.full(cells.shape, np.nan, np.float32)
    shares[finite] = ((below + (counts - 1) / 2) / max(1, finite.sum() - 1))[place]
    return shares
