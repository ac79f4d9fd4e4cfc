"""Colour maps as one table each, and the one formula by which they are laid on a radiograph.

A table has 256 rows of red, green, blue, alpha. A shading's value picks its row (`levels`), and with the opacity o of
the whole overlay a pixel becomes

    α = o · alpha / 255          pixel = grey · (1 − α) + colour · α

which a browser's canvas does in the same way. Where alpha is 0 the radiograph is left exactly as it is. Jet is not
among the maps: its brightness goes up and down, and draws edges that are not in the data.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from explainers.errors import OptionError
from explainers.pictures.shading import Shading
from hub.errors import names_hint

ZERO = 128
"""Row of a diverging table that stands for zero; rows 1 to 255 run from −1 to 1."""


@dataclass(frozen=True)
class ColourMap:
    """A colour map.

    title      what people choose by
    stops      colours in hex, evenly apart in CIELAB, from zero to full; of a diverging map from −1 to 1, the two
               middle ones on either side of zero. Empty for OpenCV's inferno (van der Walt, Smith 2015; CC0)
    diverging  whether it is for signed values
    legend     what a diverging map's colours mean
    """

    title: str
    stops: tuple[str, ...]
    diverging: bool = False
    legend: str = ""


COLOUR_MAPS: dict[str, ColourMap] = {
    "inferno": ColourMap("Inferno", ()),
    "amber": ColourMap("Amber", ("#3a1d00", "#b35c00", "#ffa928", "#fff0c2")),
    "blue_orange": ColourMap(
        "Blue and orange", ("#0a6cff", "#6fb0ff", "#ffb765", "#ff7a00"), True, "Blue lowers, orange raises."
    ),
    "green_purple": ColourMap(
        "Green and purple", ("#00b36b", "#7fdcb0", "#d9a8ff", "#b04dff"), True, "Green lowers, purple raises."
    ),
}
"""The colour maps by name; the first sequential one and the first diverging one are the defaults."""


def colour_maps(view: str) -> tuple[str, ...]:
    """Names of the colour maps that suit a view, the default first."""
    return tuple(name for name, each in COLOUR_MAPS.items() if each.diverging == (view == "signed"))


def check_colour_map(name: str | None, view: str) -> str:
    """The name, or the view's default for None. Raises OptionError for one that does not exist or suit the view."""
    suited = colour_maps(view)
    if name is None:
        return suited[0]
    if name not in suited:
        why = f"does not suit the view {view!r}" if name in COLOUR_MAPS else "does not exist"
        raise OptionError(f"The colour map {name!r} {why}.", names_hint(str(name), suited))
    return name


@cache
def lookup_table(name: str) -> np.ndarray:
    """The colour map's (256, 4) uint8 table, read-only.

    Sequential: row 0 is transparent, row r stands for r / 255. Diverging: row 128 is transparent and stands for 0, row
    r for (r − 128) / 127; row 0 repeats row 1. Alpha is the magnitude: little evidence lets the radiograph through.
    """
    if name not in COLOUR_MAPS:
        raise OptionError(f"There is no colour map {name!r}.", names_hint(name, COLOUR_MAPS))
    colour_map = COLOUR_MAPS[name]
    places = np.arange(256)
    strength = np.abs(np.maximum(places, 1) - ZERO) / 127 if colour_map.diverging else places / 255
    colours = _inferno() if not colour_map.stops else _between(colour_map)
    table = np.column_stack([colours, np.rint(255 * strength).astype(np.uint8)])
    table.flags.writeable = False
    return table


def levels(shading: Shading) -> np.ndarray:
    """The row of the colour map's table for each value: (y, x) uint8; NaN gets the transparent one."""
    if shading.view == "signed":
        return np.rint(ZERO + 127 * np.nan_to_num(shading.values)).astype(np.uint8)
    return np.rint(255 * np.nan_to_num(shading.values)).astype(np.uint8)


def blended(grey: np.ndarray, rows: np.ndarray, table: np.ndarray, opacity: float) -> np.ndarray:
    """The colours of `rows` of the table (y, x) laid on a grey picture (y, x) uint8: (y, x, 3) uint8."""
    coloured = table[rows].astype(np.float32)
    share = np.float32(opacity) * coloured[..., 3:] / np.float32(255)
    return np.rint(grey[..., None] * (1 - share) + coloured[..., :3] * share).astype(np.uint8)


def check_opacity(opacity: float) -> float:
    """The opacity, if it is a number from 0 to 1; else OptionError."""
    if not isinstance(opacity, int | float) or not 0 <= opacity <= 1:
        raise OptionError(f"The opacity is {opacity!r}.", "It must be a number from 0 to 1.")
    return opacity


def _inferno() -> np.ndarray:
    return cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_INFERNO)[:, 0, ::-1]


def _between(colour_map: ColourMap) -> np.ndarray:
    """(256, 3) uint8 between the stops, even steps in CIELAB; a diverging map has its two arms apart."""
    stops = np.array([list(bytes.fromhex(stop[1:])) for stop in colour_map.stops])
    if not colour_map.diverging:
        return _ramp(stops, 256)
    below, above = np.array_split(stops, 2)
    arms = [_ramp(below, ZERO - 1), _ramp(above, ZERO)]
    return np.concatenate([below[:1], *arms]).astype(np.uint8)


def _ramp(stops: np.ndarray, count: int) -> np.ndarray:
    lab = cv2.cvtColor((stops[None] / 255).astype(np.float32), cv2.COLOR_RGB2Lab)[0]
    places = np.linspace(0, len(stops) - 1, count)
    channels = [np.interp(places, np.arange(len(stops)), lab[:, channel]) for channel in range(3)]
    rgb = cv2.cvtColor(np.stack(channels, axis=-1)[None].astype(np.float32), cv2.COLOR_Lab2RGB)[0]
    return np.rint(255 * np.clip(rgb, 0, 1)).astype(np.uint8)
