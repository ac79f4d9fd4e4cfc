"""The head of the page: what this is, which network is in use, the notice."""

import gradio as gr

from explainers.page.component import asset, component
from explainers.page.state import AppState
from explainers.pictures import NOTICE


def build() -> gr.HTML:
    """The component; its value is what `shown` returns."""
    return component("header", asset("header.html").replace("@notice", NOTICE), asset("header.js"))


def shown(state: AppState, chosen: str = "") -> dict:
    """The networks offered, as the browser needs them, and which of them this visitor chose ("" for the default)."""
    names = state.networks.names
    return {"chosen": chosen or names[0], "networks": {name: _network(state, name) for name in names}}


def _network(state: AppState, name: str) -> dict:
    """How far a network is and, once it is there, what its checkpoint is called and which layers it has."""
    state, predictor = state.networks.state(name), state.networks.loaded(name)
    value = {"model": name, "state": state.state, "notes": list(state.notes), "progress": state.progress}
    if state.state == "ready" and predictor is not None:
        value |= {
            "name": predictor.identity.name,
            "inPlace": predictor.identity.source != name,
            "layers": list(predictor.layers),
            "targetLayer": predictor.target_layer,
        }
    return value
