"""Maps to pictures. A map is first shaded (what counts, on which scale), then coloured, then laid on its radiograph."""

from explainers.pictures.colour import COLOUR_MAPS, blended, colour_maps, levels, lookup_table
from explainers.pictures.overlay import LONGEST_PX, displayed, overlay
from explainers.pictures.panel import (
    NOTICE,
    SIDES,
    SYNTHETIC,
    captioned,
    colour_bar,
    explanation_caption,
    figure,
    origin_of,
    panel,
    view_caption,
)
from explainers.pictures.shading import VIEWS, Contour, Shading, contour, number, shaded, with_unit

__all__ = [
    "COLOUR_MAPS",
    "LONGEST_PX",
    "NOTICE",
    "SIDES",
    "SYNTHETIC",
    "VIEWS",
    "Contour",
    "Shading",
    "blended",
    "captioned",
    "colour_bar",
    "colour_maps",
    "contour",
    "displayed",
    "explanation_caption",
    "figure",
    "levels",
    "lookup_table",
    "number",
    "origin_of",
    "overlay",
    "panel",
    "shaded",
    "view_caption",
    "with_unit",
]
