"""How the page looks: theme, style sheets, and what the scripts know from the start."""

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files

import gradio as gr

from cxr.findings import DESCRIPTIONS
from explainers.contract.explainer import Explainer
from explainers.page.expected_findings import entry
from explainers.page.panel import Panel
from explainers.page.scripts_route import FILES, Scripts
from explainers.page.state import AppState
from explainers.page.words import words
from explainers.pictures import COLOUR_MAPS, NOTICE, VIEWS, colour_maps, lookup_table
from explainers.pictures.shading import CONTOUR_SHARE
from explainers.registry import BUILTIN, Registry

STYLES = files("explainers.page") / "styles"

START = """
cxrLens.root = new URL(window.gradio_config?.root || "/", window.location.href).pathname.replace(/\\/$/, "");
cxrLens.scripts = `${cxrLens.root}ADDRESS`;
cxrLens.start = async (panel, gradio) => {
  const {start} = await import(`${cxrLens.scripts}/scripts/start.js`);
  await start(panel, gradio);
};
for (const place of PLACES) {
  const link = document.createElement("link");
  document.head.append(Object.assign(link, {rel: "modulepreload", href: `${cxrLens.scripts}/${place}`}));
}"""
"""Run by the browser before any panel is there."""

FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif")
MONO = ("ui-monospace", "SF Mono", "Menlo", "Consolas", "monospace")

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


def head(state: AppState, panels: Sequence[Panel], scripts: Scripts) -> str:
    """What goes into the document's head: style sheets, settings, and what starts a panel's script.

    Style sheets stand here and not in `launch(css=…)`, which would prefix every rule with Gradio's container.
    """
    shared = [file.read_text(encoding="utf-8") for file in sorted(STYLES.iterdir(), key=lambda file: file.name)]
    styles = "\n".join([*shared, *(panel.file("panel.css") for panel in panels)])
    settings = _settings(state.registry) | {
        "expected": state.networks.expected_findings(state.networks.in_use),
        "panels": {panel.name: panel.settings() for panel in panels},
        "tabs": [{"name": panel.name, "title": panel.title} for panel in panels if panel.place == "tab"],
        "ownViews": [panel.name for panel in panels if panel.place == "view"],
        "words": {name: dict(sentences) for name, sentences in words().items()},
    }
    # "</" would end the element that the settings stand in
    known = json.dumps(settings, ensure_ascii=False).replace("</", "<\\/")
    return f"<style>{styles}</style><script>window.cxrLens = {{settings: {known}}};\n{_start(scripts)}</script>"


def _start(scripts: Scripts) -> str:
    """Defines `cxrLens.start(panel, gradio)`. Below a proxy the page may live in a folder, which Gradio knows."""
    return START.replace("ADDRESS", f"{FILES}/{scripts.version}").replace("PLACES", json.dumps(scripts.places))


def _settings(registry: Registry) -> dict:
    return {
        "explainers": [_explainer(each, registry) for each in registry.explainers.values()],
        "atFirst": _at_first(registry),
        "views": VIEWS,
        "contourShare": CONTOUR_SHARE,
        "colourMaps": {name: _colour_map(name) for name in COLOUR_MAPS},
        "suited": {view: list(colour_maps(view)) for view in VIEWS},
        "findings": {name: entry(name, text) for name, text in DESCRIPTIONS.items()},
        "notice": NOTICE,
        "failures": [{"plugin": each.plugin, "reason": each.reason} for each in registry.failures],
    }


def _explainer(explainer: type[Explainer], registry: Registry) -> dict:
    return {
        **explainer.describe(),
        "builtin": registry.origins[explainer.name] == BUILTIN,
        "options": [asdict(option) for option in explainer.options() if not option.deprecated],
    }


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
