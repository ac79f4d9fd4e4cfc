"""Parts of the page as Gradio's HTML components: static markup, and a script that fills it from the value."""

from functools import cache
from importlib.resources import files
from typing import Any

import gradio as gr


@cache
def asset(name: str) -> str:
    """The text of a file in `assets/`."""
    return (files("explainers.page") / "assets" / name).read_text(encoding="utf-8")


def component(name: str, markup: str, script: str, *, value: Any = None) -> gr.HTML:
    """A component of that element id.

    Gradio evaluates a template's text as a JavaScript template literal, values filled in by Handlebars included. So
    markup is static, and what comes from files or visitors is set by the script as text, or escaped in the value.
    """
    return gr.HTML(
        value,
        html_template=markup,
        js_on_load=script or None,
        elem_id=name,
        apply_default_css=False,
        padding=False,
    )
