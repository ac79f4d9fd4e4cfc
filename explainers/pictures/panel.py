"""Pictures for files: an overlay with a caption that says what it shows, alone or several side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from cxr.checkpoint import Identity
from cxr.findings import display_name
from cxr.reading.radiograph import Radiograph
from explainers.contract.explanation import Explanation
from explainers.pictures.colour import COLOUR_MAPS, blended, check_colour_map, lookup_table
from explainers.pictures.lettering import Lettering
from explainers.pictures.overlay import LONGEST_PX, displayed, frame_on, is_cropped, outlined, picture, shading_on
from explainers.pictures.shading import Shading, number, with_unit
from explainers.regions import regions_of

GROUND, INK, GREY_INK = "#101214", "#f2f2f2", "#b4b8bd"
"""Dark in light and dark themes: a radiograph is read on dark ground."""

NOTICE = "Research and teaching. Not a medical device."
SIDES = "The picture's left is the patient's right."
SYNTHETIC = "The radiograph is synthetic: computed, not a patient."

FIGURE_PANEL_PX = 640
"""Longest side of each radiograph in a figure of several."""


@dataclass(frozen=True)
class PanelStyle:
    """How a panel is drawn: the same for all panels of a figure."""

    view: str = "positive"
    opacity: float = 0.6
    colour_map: str | None = None
    cells: bool = False
    scale: float | None = None
    regions: float | None = None
    smooth: bool = False
    clip: bool = False


def panel(
    radiograph: Radiograph,
    explanation: Explanation,
    *,
    view: str = "positive",
    opacity: float = 0.6,
    colour_map: str | None = None,
    longest: int = LONGEST_PX,
    cells: bool = False,
    scale: float | None = None,
) -> Image.Image:
    """The overlay under its explainer's name, finding and options, above its colour bar with unit and view; RGB.

    Arguments as `overlay`'s.
    """
    grey = displayed(radiograph, longest)
    head = _head(explanation, grey.shape[1])
    return _stacked([head, _body(grey, explanation, PanelStyle(view, opacity, colour_map, cells, scale))])


def figure(
    radiograph: Radiograph,
    explanations: Sequence[Explanation],
    *,
    view: str = "positive",
    opacity: float = 0.6,
    colour_map: str | None = None,
    longest: int | None = None,
    cells: bool = False,
    scale: float | None = None,
    origin: str = "",
    regions: float | None = None,
    smooth: bool = False,
    clip: bool = False,
) -> Image.Image:
    """Panels side by side over the notice, the side marker note, the network's name and `origin`; RGB.

    `longest` is each radiograph's longest side: None for 1,024 pixels alone, 640 among others. `origin` says where the
    radiograph comes from, see `origin_of`. `regions` is the share of the picture whose hottest part is outlined on each
    map, None for none. Other arguments as `overlay`'s. Without an explanation the radiograph stands
    alone.
    """
    style = PanelStyle(view, opacity, colour_map, cells, scale, regions, smooth, clip)
    grey = displayed(radiograph, longest or (LONGEST_PX if len(explanations) <= 1 else FIGURE_PANEL_PX))
    networks = _networks(explanations)
    heads = [_head(each, grey.shape[1], networks.get(each.model, "")) for each in explanations]
    panels = [_body(grey, each, style) for each in explanations] or [Image.fromarray(grey).convert("RGB")]
    names = dict.fromkeys(f"Network: {each.model.name}." for each in explanations)
    sentence = " ".join(filter(None, [NOTICE, SIDES, *names, origin_of(radiograph, origin)]))
    foot = _lines(sentence, _width(panels), GREY_INK, _type_px(grey.shape[1]))
    return _stacked([*([_side_by_side(heads)] if heads else []), _side_by_side(panels), foot])


def colour_bar(shading: Shading, width: int, *, opacity: float = 0.6, colour_map: str | None = None) -> Image.Image:
    """The bar that belongs to a shading, with its numbers and unit: RGB, `width` pixels wide.

    Its upper half lies on dark and its lower half on bright grey, since a colour that is laid on a radiograph looks
    different on lung and on bone. An empty shading leaves it blank; a contour has none: it is 1 pixel high.
    """
    if shading.view == "contour":
        return Image.new("RGB", (width, 1), GROUND)
    lettering = Lettering(_type_px(width))
    bar_px, margin = round(lettering.size_px * 1.1), lettering.size_px // 2
    result = Image.new("RGB", (width, bar_px + lettering.line_px + margin), GROUND)
    if shading.empty:
        return result
    strip = _strip(check_colour_map(colour_map, shading.view), width - 2 * margin, bar_px, opacity)
    result.paste(Image.fromarray(strip), (margin, 0))
    for place, text in _ticks(shading).items():
        left = margin + place * (width - 2 * margin - lettering.width(text))
        lettering.draw(result, left, bar_px + lettering.size_px // 4, text, INK)
    return result


def origin_of(radiograph: Radiograph, origin: str = "") -> str:
    """Where a radiograph comes from, as far as it is known; of a phantom at least that it is one, "" otherwise."""
    return origin or (SYNTHETIC if radiograph.kind == "phantom" else "")


def explanation_caption(explanation: Explanation) -> str:
    """What is explained and with which options: "Effusion, layer relu"."""
    return ", ".join([display_name(explanation.finding), *_options(explanation.options)])


def view_caption(shading: Shading, *, colour_map: str | None = None, cells: bool = False) -> str:
    """What was done to the map on its way to the picture, in sentences."""
    if shading.empty:
        return shading.note
    legend = COLOUR_MAPS[check_colour_map(colour_map, shading.view)].legend
    drawn = "Drawn in the map's own cells." if cells else "Enlarged bilinearly."
    return " ".join(filter(None, [shading.note, legend, drawn]))


def _networks(explanations: Sequence[Explanation]) -> dict[Identity, str]:
    """What each network is called where explanations are of several; {} where all are of the same one."""
    models = list(dict.fromkeys(each.model for each in explanations))
    if len(models) < 2:
        return {}
    distinct = len({model.name for model in models}) == len(models)
    return {model: model.name if distinct else model.source for model in models}


def _head(explanation: Explanation, width: int, network: str = "") -> Image.Image:
    size_px = _type_px(width)
    title = _lines(", ".join(filter(None, [explanation.title, network])), width, INK, size_px, scale=1.35)
    return _stacked([title, _lines(explanation_caption(explanation), width, GREY_INK, size_px)])


def captioned(
    radiograph: Radiograph,
    explanation: Explanation,
    *,
    view: str = "positive",
    opacity: float = 0.6,
    colour_map: str | None = None,
    longest: int = FIGURE_PANEL_PX,
    regions: float | None = None,
    smooth: bool = False,
    clip: bool = False,
) -> tuple[Image.Image, str]:
    """The overlay above its colour bar, and what was done to the map in sentences: for pages that set their own type.

    Arguments as `figure`'s.
    """
    style = PanelStyle(view, opacity, colour_map, regions=regions, smooth=smooth, clip=clip)
    *parts, sentence = _parts(displayed(radiograph, longest), explanation, style)
    return _stacked(parts), sentence


def _body(grey: np.ndarray, explanation: Explanation, style: PanelStyle) -> Image.Image:
    *parts, sentence = _parts(grey, explanation, style)
    return _stacked([*parts, _lines(sentence, grey.shape[1], GREY_INK, _type_px(grey.shape[1]))])


def _parts(
    grey: np.ndarray, explanation: Explanation, style: PanelStyle
) -> tuple[Image.Image, Image.Image, Image.Image, str]:
    """The overlay, a gap, its colour bar, and what was done to the map, in sentences."""
    shading = shading_on(
        grey.shape,
        explanation,
        view=style.view,
        cells=style.cells,
        scale=style.scale,
        smooth=style.smooth,
        clip=style.clip,
    )
    frame = frame_on(grey.shape, explanation.frame)
    drawn = picture(grey, shading, frame, opacity=style.opacity, colour_map=style.colour_map)
    if style.regions is not None:
        drawn = outlined(drawn, regions_of(explanation.map, frame, style.regions))
    gap = Image.new("RGB", (drawn.width, _type_px(drawn.width) // 2), GROUND)
    bar = colour_bar(shading, drawn.width, opacity=style.opacity, colour_map=style.colour_map)
    sentence = view_caption(shading, colour_map=style.colour_map, cells=style.cells)
    if style.regions is not None:
        sentence += f" Outlined: the hottest {number(100 * style.regions)} % of the image, which is no detection."
    if is_cropped(frame):
        sentence += " The network saw what lies inside the dashes."
    return drawn, gap, bar, sentence


def _ticks(shading: Shading) -> dict[float, str]:
    """{place along the bar, 0 to 1: what is written there}."""
    high = with_unit(number(shading.high), shading.unit)
    if shading.view == "signed":
        return {0.0: number(shading.low), 0.5: "0", 1.0: f"+{high}"}
    return {0.0: number(shading.low), 1.0: high}


def _strip(colour_map: str, width: int, height: int, opacity: float) -> np.ndarray:
    first = 1 if COLOUR_MAPS[colour_map].diverging else 0
    rows = np.broadcast_to(np.rint(np.linspace(first, 255, width)).astype(np.uint8), (height, width))
    ground = np.full((height, width), 40, np.uint8)
    ground[height // 2 :] = 190
    return blended(ground, rows, lookup_table(colour_map), opacity)


def _options(options: Mapping[str, object]) -> list[str]:
    return [f"{name.replace('_', ' ')} {value}" for name, value in options.items()]


def _type_px(width: int) -> int:
    return max(15, round(width / 44))


def _lines(text: str, width: int, colour: str, size_px: int, *, scale: float = 1.0) -> Image.Image:
    """A paragraph broken to the width, on dark ground; `scale` enlarges the type and keeps the margin."""
    lettering = Lettering(round(size_px * scale))
    margin = size_px // 2
    lines = lettering.wrapped(text, width - 2 * margin)
    result = Image.new("RGB", (width, lettering.line_px * len(lines) + margin), GROUND)
    for place, line in enumerate(lines):
        lettering.draw(result, margin, margin // 2 + place * lettering.line_px, line, colour)
    return result


def _stacked(parts: Sequence[Image.Image]) -> Image.Image:
    result = Image.new("RGB", (max(each.width for each in parts), sum(each.height for each in parts)), GROUND)
    top = 0
    for each in parts:
        result.paste(each, (0, top))
        top += each.height
    return result


def _side_by_side(panels: Sequence[Image.Image]) -> Image.Image:
    result = Image.new("RGB", (_width(panels), max(each.height for each in panels)), GROUND)
    left = 0
    for each in panels:
        result.paste(each, (left, 0))
        left += each.width + _gap(panels)
    return result


def _width(panels: Sequence[Image.Image]) -> int:
    return sum(each.width for each in panels) + _gap(panels) * (len(panels) - 1)


def _gap(panels: Sequence[Image.Image]) -> int:
    return max(8, panels[0].width // 40)
