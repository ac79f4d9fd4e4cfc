"""The page put together from its panels: each at its place, each with its own events."""

import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import Any

import gradio as gr
from gradio.events import EventListener

from explainers.page.api.registration import define_endpoints
from explainers.page.panel import Event, Handler, Panel
from explainers.page.panels import discover
from explainers.page.state import AppState
from explainers.page.words import words_of

HIDDEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "multiple"}
"""Of the page's own events. Each has an `api_name` too: Gradio's default, the function's name, may be an endpoint's."""


def panels_of(state: AppState) -> list[Panel]:
    """The page's panels, in the order in which they stand."""
    return [kind(state) for kind in discover()]


def page(state: AppState, panels: Sequence[Panel] | None = None) -> gr.Blocks:
    """The whole page with its endpoints, not yet served."""
    panels = panels_of(state) if panels is None else panels
    with gr.Blocks(title=words_of("page")["title"], analytics_enabled=False, fill_width=True) as blocks:
        components = _at(panels, "header")
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="side", scale=0):
                components |= _at(panels, "side")
            with gr.Column(elem_id="main"):
                components |= _at(panels, "main") | _at(panels, "tab")
        components |= _at(panels, "view")
        for panel, component in components.items():
            for handler in panel.handlers:
                _connect(blocks, panel, component, handler)
        blocks.unload(_leave(state))
        define_endpoints(state)
    return blocks.queue(max_size=state.settings.limits.waiting, default_concurrency_limit=4, api_open=False)


def _leave(state: AppState) -> Callable[[gr.Request], None]:
    """Forgets a visitor whose page is closed."""

    def leave(request: gr.Request) -> None:
        state.sessions.close(request.session_hash)

    return leave


def _at(panels: Sequence[Panel], place: str) -> dict[Panel, gr.HTML]:
    return {panel: _component(panel) for panel in panels if panel.place == place}


def _component(panel: Panel) -> gr.HTML:
    """A panel as Gradio's HTML component: static markup, and a script that fills it from the value.

    Gradio evaluates a template's text as a JavaScript template literal, values filled in by Handlebars included. So
    markup is static, and what comes from files or visitors is set by the script as text, or escaped in the value.
    """
    return gr.HTML(
        panel.value(),
        html_template=panel.markup(),
        js_on_load=_script(panel),
        elem_id=panel.name,
        elem_classes=["lens-panel", *({"tab": ["lens-tab"], "view": ["lens-view"]}.get(panel.place, []))],
        apply_default_css=False,
        padding=False,
    )


def _script(panel: Panel) -> str | None:
    """What Gradio runs as the body of a function once the panel is there; it loads the panel's module."""
    if not panel.file("panel.js"):
        return None
    return f'window.cxrLens.start("{panel.name}", {{root: element, trigger, watch, props, upload}});'


def _connect(blocks: gr.Blocks, panel: Panel, component: gr.HTML, handler: Handler) -> None:
    # not as the component's attribute: an event may be called as one of its methods
    own = partial(EventListener(event_name=handler.event).listener, component)
    listen = blocks.load if handler.event == "load" else own
    listen(
        _function(panel, handler),
        None,
        component if handler.answers else None,
        api_name=f"page_{panel.name}_{handler.event}",
        **handler.queue,
        **HIDDEN,
    )


def _function(panel: Panel, handler: Handler) -> Any:
    """The handler as Gradio calls it, which passes what is annotated."""

    def event_of(event: gr.EventData | None, request: gr.Request | None) -> Event:
        return Event(getattr(event, "_data", None), getattr(request, "session_hash", None))

    if inspect.isasyncgenfunction(handler.method):

        async def stream_async(event: gr.EventData, request: gr.Request) -> AsyncIterator[Any]:
            async for value in panel.stream_async(handler, event_of(event, request)):
                yield value

        return stream_async

    if inspect.isgeneratorfunction(handler.method):

        def stream(event: gr.EventData, request: gr.Request) -> Iterator[Any]:
            yield from panel.stream(handler, event_of(event, request))

        return stream

    def call(event: gr.EventData, request: gr.Request) -> None:
        handler.method(event_of(event, request))

    return call
