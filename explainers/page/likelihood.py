"""What a score is worth: a likelihood ratio, and what that makes of any prevalence."""

import gradio as gr

from explainers.page.component import asset, component


def build() -> gr.HTML:
    """The component; it lives in the browser alone."""
    return component("likelihood", asset("likelihood.html"), asset("likelihood.js"))
