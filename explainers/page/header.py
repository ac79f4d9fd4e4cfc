"""The head of the page: what this is, which network is in use, the notice."""

import gradio as gr

from explainers.page.component import asset, component
from explainers.page.desk import Desk
from explainers.pictures import NOTICE


def build() -> gr.HTML:
    """The component; its value is what `shown` returns."""
    return component("header", asset("header.html").replace("@notice", NOTICE), asset("header.js"))


def shown(desk: Desk) -> dict:
    """The network as the browser needs it: its name, layers, and how far loading is."""
    state, predictor = desk.network.state, desk.network.loaded
    value = {"state": state.state, "notes": list(state.notes)}
    if state.state == "ready" and predictor is not None:
        value |= {
            "name": predictor.identity.name,
            "layers": list(predictor.layers),
            "targetLayer": predictor.target_layer,
        }
    return value
