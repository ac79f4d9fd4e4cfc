"""How the page looks: theme, style sheets, and what the scripts know from the start."""

import base64
import json
from dataclasses import asdict

import gradio as gr

from cxr.findings import DESCRIPTIONS, display_name
from cxr.reading.radiograph import LARGEST_FILE_BYTES
from explainers.contract.explainer import Explainer
from explainers.contract.measure import Measure
from explainers.page.component import asset
from explainers.page.radiograph import reads_dicom
from explainers.page.samples import Samples
from explainers.pictures import COLOUR_MAPS, NOTICE, SIDES, VIEWS, colour_maps, lookup_table
from explainers.pictures.shading import CONTOUR_SHARE
from explainers.registry import BUILTIN, Registry

FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif")
MONO = ("ui-monospace", "SF Mono", "Menlo", "Consolas", "monospace")

STYLES = ("page.css", "reading.css", "bench.css", "belief.css", "region.css", "ledger.css")
SCRIPTS = ("lens.js", "shading.js", "sight.js", "tools.js", "picture.js", "options.js", "panel.js")

AT_FIRST = 3
"""Explainers that are compared unless the visitor chooses others."""


def theme() -> gr.themes.Base:
    """Gradio's plainest theme in the page's own colours; no font is fetched from elsewhere."""
    return gr.themes.Base(font=list(FONTS), font_mono=list(MONO)).set(
        body_background_fill="#f6f6f4",
        body_background_fill_dark="#131518",
        body_text_color="#1b1d20",
        body_text_color_dark="#e6e7e9",
        background_fill_primary="#f6f6f4",
        background_fill_primary_dark="#131518",
    )


def head(registry: Registry, samples: Samples) -> str:
    """What goes into the document's head: style sheets, settings, and the scripts that all components share.

    Style sheets stand here and not in `launch(css=…)`, which would prefix every rule with Gradio's container.
    """
    styles = "\n".join(asset(name) for name in STYLES)
    scripts = "\n".join(asset(name) for name in SCRIPTS)
    # "</" would end the element that the settings stand in
    settings = json.dumps(_settings(registry, samples), ensure_ascii=False).replace("</", "<\\/")
    return (
        '<meta name="description" content="Compare explanations of a chest X-ray network.">'
        f"<style>{styles}</style>"
        f"<script>window.cxrLens = {{settings: {settings}}};\n{scripts}</script>"
    )


def _settings(registry: Registry, samples: Samples) -> dict:
    return {
        "explainers": [_explainer(each, registry) for each in registry.explainers.values()],
        "atFirst": _at_first(registry),
        "measures": [_measure(each) for each in registry.measures.values() if not each.needs_box],
        "views": VIEWS,
        "contourShare": CONTOUR_SHARE,
        "colourMaps": {name: _colour_map(name) for name in COLOUR_MAPS},
        "suited": {view: list(colour_maps(view)) for view in VIEWS},
        "findings": {name: {"title": display_name(name), "description": text} for name, text in DESCRIPTIONS.items()},
        "samples": [{"name": name, "title": each.title, "said": each.said} for name, each in samples.items()],
        "dicom": reads_dicom(),
        "largestUploadBytes": LARGEST_FILE_BYTES,
        "notice": NOTICE,
        "sides": SIDES,
    }


def _explainer(explainer: type[Explainer], registry: Registry) -> dict:
    return {
        **explainer.describe(),
        "builtin": registry.origins[explainer.name] == BUILTIN,
        "options": [asdict(option) for option in explainer.options()],
    }


def _measure(measure: type[Measure]) -> dict:
    return {**measure.describe(), "atFirst": measure.quick}


def _at_first(registry: Registry) -> list[str]:
    return [name for name in registry.defaults if not registry.explainers[name].control][:AT_FIRST]


def _colour_map(name: str) -> dict:
    colour_map = COLOUR_MAPS[name]
    return {
        "title": colour_map.title,
        "diverging": colour_map.diverging,
        "legend": colour_map.legend,
        "table": base64.b64encode(lookup_table(name).tobytes()).decode(),
    }
