"""Taking it along: one archive of pictures, maps, scores and settings."""

import gradio as gr

from explainers.page.component import asset, component


def build() -> gr.HTML:
    """The component; the archive itself is fetched by the browser (see `deliveries`)."""
    return component("takeaway", asset("takeaway.html"), asset("takeaway.js"))
