"""A map laid on its radiograph."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from PIL import Image

from cxr.frame import Frame
from cxr.reading.radiograph import Radiograph
from explainers.contract.explanation import Explanation
from explainers.pictures.colour import blended, check_colour_map, check_opacity, levels, lookup_table
from explainers.pictures.lettering import Lettering
from explainers.pictures.shading import Shading, shaded
from explainers.pictures.smoothing import SMOOTHING_PX, full_colour_at, is_pixel_map, smoothed
from explainers.regions import Region

LONGEST_PX = 1024
"""Longest side of a displayed picture."""

SHORTEST_PX = 384
"""A smaller radiograph is enlarged by a whole number, so that words fit on it; its pixels stay what they are."""

OUTLINE = (255, 190, 60)
HALO = (0, 0, 0)
"""Colours of the contour and of what keeps it visible on bright tissue."""


DASH_PX, DASH_GREY = 6, 160


def overlay(
    radiograph: Radiograph,
    explanation: Explanation,
    *,
    view: str = "positive",
    opacity: float = 0.6,
    colour_map: str | None = None,
    longest: int = LONGEST_PX,
    cells: bool = False,
    scale: float | None = None,
    smooth: bool = False,
    clip: bool = False,
) -> Image.Image:
    """The radiograph with the explanation's map on it, RGB, at most `longest` pixels long.

    view        one of `VIEWS`
    opacity     0 to 1, of the strongest colour
    colour_map  one of `colour_maps(view)`; None for the view's default
    cells       the map's own grid as flat cells, instead of the bilinear enlargement
    scale       the map's value that gets full colour, for pictures that share a scale; None for the map's own
    smooth      smooth a map of single pixels, which would hardly be seen; other maps stay as they are
    clip        give full colour from the 99.5th percentile of such a map, where no scale is given

    The radiograph is untouched where the map has no colour; a map that has nothing to show in this view says so in
    words. A thin line marks the border of what the network saw, where that is only a part.

    Raises OptionError for a view, colour map or opacity that does not exist.
    """
    grey = displayed(radiograph, longest)
    shading = shading_on(grey.shape, explanation, view=view, cells=cells, scale=scale, smooth=smooth, clip=clip)
    return picture(grey, shading, frame_on(grey.shape, explanation.frame), opacity=opacity, colour_map=colour_map)


def displayed(radiograph: Radiograph, longest: int = LONGEST_PX) -> np.ndarray:
    """The radiograph for display: (h, w) uint8, averaged to at most `longest` pixels; a small one in larger pixels."""
    grey = radiograph.display(longest)
    factor = min(-(-SHORTEST_PX // min(grey.shape)), max(1, longest // max(grey.shape)))
    return grey if factor == 1 else grey.repeat(factor, axis=0).repeat(factor, axis=1)


def frame_on(size: tuple[int, int], frame: Frame) -> Frame:
    """The frame of the same radiograph displayed at another size (height, width)."""
    down, across = size[0] / frame.image_size[0], size[1] / frame.image_size[1]
    top, left, height, width = frame.crop
    return replace(frame, image_size=size, crop=(top * down, left * across, height * down, width * across))


def shading_on(
    size: tuple[int, int],
    explanation: Explanation,
    *,
    view: str,
    cells: bool = False,
    scale: float | None = None,
    smooth: bool = False,
    clip: bool = False,
) -> Shading:
    """How a view shows the explanation on a displayed radiograph of `size` (height, width); see `overlay`."""
    frame = frame_on(size, explanation.frame)
    of_pixels = is_pixel_map(explanation.map)
    shown = smoothed(explanation.map) if smooth and of_pixels else explanation.map
    shading = shaded(
        explanation.map,
        view,
        unit=explanation.unit,
        finding=explanation.finding,
        scale=scale,
        full=full_colour_at(shown, view, clip=clip) if of_pixels and (smooth or clip) else None,
        enlarged=_flat_cells(shown, frame) if cells else frame.map_to_image(shown),
    )
    if shown is not explanation.map:
        return replace(shading, note=f"{shading.note} Smoothed for display (σ {SMOOTHING_PX} px).")
    return shading


def picture(
    grey: np.ndarray, shading: Shading, frame: Frame, *, opacity: float, colour_map: str | None = None
) -> Image.Image:
    """A shading laid on a displayed radiograph (h, w) uint8 of the same size; `frame` is that picture's."""
    name = check_colour_map(colour_map, shading.view)
    check_opacity(opacity)
    if shading.empty:
        coloured = np.repeat(grey[..., None], 3, axis=2)
    elif shading.view == "contour":
        coloured = _outlined(np.repeat(grey[..., None], 3, axis=2), shading.values > 0, opacity)
    else:
        coloured = blended(grey, levels(shading), lookup_table(name), opacity)
    _mark_crop(coloured, frame)
    result = Image.fromarray(coloured)
    if shading.empty:
        _write_across(result, shading.empty)
    return result


def outlined(drawn: Image.Image, regions: Sequence[Region]) -> Image.Image:
    """The picture with the outline of each region on a dark halo; the regions are in its own pixels."""
    pixels = np.array(drawn)
    corners = [np.rint([[x - 0.5, y - 0.5] for y, x in each.outline]).astype(np.int32) for each in regions]
    width = max(1, round(min(pixels.shape[:2]) / 400))
    for colour, wide in ((HALO, 3 * width), (OUTLINE, width)):
        cv2.polylines(pixels, corners, True, colour, wide, cv2.LINE_AA)
    return Image.fromarray(pixels)


def _flat_cells(cells: np.ndarray, frame: Frame) -> np.ndarray:
    """(height, width) float32: each pixel has the value of the cell that its centre lies in; NaN outside the crop."""
    top, left, height, width = frame.crop
    rows, inside_rows = _cell_of(frame.image_size[0], top, height, cells.shape[0])
    columns, inside_columns = _cell_of(frame.image_size[1], left, width, cells.shape[1])
    flat = np.asarray(cells, np.float32)[rows][:, columns]
    flat[~inside_rows, :] = np.nan
    flat[:, ~inside_columns] = np.nan
    return flat


def _cell_of(length: int, start: float, extent: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    shares = (np.arange(length) + 0.5 - start) / extent
    return np.clip(np.floor(shares * count), 0, count - 1).astype(int), (shares >= 0) & (shares <= 1)


def _outlined(coloured: np.ndarray, region: np.ndarray, opacity: float) -> np.ndarray:
    """The picture with a line around the region, dark on either side so that it shows on any tissue."""
    lines, _ = cv2.findContours(region.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    width = max(1, round(max(region.shape) / 400))
    drawn = coloured.copy()
    for colour, thickness in ((HALO, width + 2), (OUTLINE, width)):
        cv2.polylines(drawn, lines, True, colour, thickness, cv2.LINE_AA)
    return np.rint(coloured * (1 - opacity) + drawn * opacity).astype(np.uint8)


def is_cropped(frame: Frame) -> bool:
    """Whether the network saw only a part of the radiograph."""
    return not np.allclose(frame.crop, (0, 0, *frame.image_size), atol=0.5)


def _mark_crop(coloured: np.ndarray, frame: Frame) -> None:
    """Dash the sides of the crop that lie inside the picture, in place."""
    height, width = coloured.shape[:2]
    top, left = (max(0, round(start)) for start in frame.crop[:2])
    bottom = min(height, round(frame.crop[0] + frame.crop[2])) - 1
    right = min(width, round(frame.crop[1] + frame.crop[3])) - 1
    along = np.arange(left, right + 1), np.arange(top, bottom + 1)
    columns, rows = (places[places // DASH_PX % 2 == 0] for places in along)
    for row in {top, bottom} - {0, height - 1}:
        coloured[row, columns] = DASH_GREY
    for column in {left, right} - {0, width - 1}:
        coloured[rows, column] = DASH_GREY


def _write_across(picture: Image.Image, sentence: str) -> None:
    """The sentence on a dark band across the middle."""
    lettering = Lettering(max(16, round(picture.width / 26)))
    lines = lettering.wrapped(sentence, round(picture.width * 0.9))
    padding = lettering.line_px // 2
    top = (picture.height - lettering.line_px * len(lines)) // 2
    bottom = top + lettering.line_px * len(lines)
    band = picture.crop((0, top - padding, picture.width, bottom + padding))
    picture.paste(Image.blend(band, Image.new("RGB", band.size), 0.7), (0, top - padding))
    for number, line in enumerate(lines):
        left = (picture.width - lettering.width(line)) // 2
        lettering.draw(picture, left, top + number * lettering.line_px, line, "#f2f2f2")
