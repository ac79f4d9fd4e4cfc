"""A panel is a folder: it is found, stands on the page, and its handlers answer anybody in words."""

import asyncio
import inspect
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from explainers.page import panels as package
from explainers.page.head import head
from explainers.page.layout import page, panels_of
from explainers.page.panel import Event
from explainers.page.panels import discover
from explainers.page.scripts_route import Scripts

FOLDER = {
    "__init__.py": """
from explainers.page.panel import Panel, handler

class Notes(Panel):
    place, order = "tab", 1

    def settings(self):
        return {"lines": 3}

    @handler()
    def save(self, event):
        yield {"saved": event.field("text")}
""",
    "panel.html": "<section><h2>Notes of a reader</h2></section>",
    "panel.js": "export function start() {}",
    "panel.css": ".notes { color: teal; }",
}


@pytest.fixture
def notes_folder(tmp_path, monkeypatch):
    """A further panel in a folder outside of the project."""
    (tmp_path / "notes").mkdir()
    for name, text in FOLDER.items():
        (tmp_path / "notes" / name).write_text(text)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])


def test_a_new_folder_is_a_panel_of_the_page(notes_folder, loading_state):
    panels = panels_of(loading_state)
    (notes,) = [panel for panel in panels if panel.name == "notes"]
    tabs = [panel.name for panel in panels if panel.place == "tab"]
    assert tabs[0] == "notes"
    blocks = page(loading_state, panels)
    (component,) = [each for each in blocks.blocks.values() if getattr(each, "elem_id", None) == "notes"]
    assert "Notes of a reader" in component.html_template
    assert "page_notes_save" in {each.api_name for each in blocks.fns.values()}
    scripts = Scripts(panels)
    assert "panels/notes/panel.js" in scripts.places
    document_head = head(loading_state, panels, scripts)
    assert ".notes { color: teal; }" in document_head
    assert '"notes": {"lines": 3}' in document_head
    (save,) = notes.handlers
    assert list(notes.stream(save, Event({"text": "x"}))) == [{"saved": "x"}]


def test_every_panel_has_markup_and_stands_at_a_place():
    kinds = discover()
    assert {"header", "radiograph", "findings", "comparison", "measures", "region", "cam_sum"} <= {
        kind.__module__.rpartition(".")[2] for kind in kinds
    }
    assert all(kind(None).file("panel.html") for kind in kinds)


EVENTS = [
    pytest.param(kind, handler, id=f"{kind.__name__}.{handler.event}")
    for kind in discover()
    for handler in kind(None).handlers
    if handler.answers
]


@pytest.mark.parametrize("data", [None, {}, {"run": 10**400}, [1, 2]], ids=["nothing", "empty", "huge", "list"])
@pytest.mark.parametrize(("kind", "handler"), EVENTS)
def test_an_event_that_no_page_sent_ends_in_a_sentence(loading_state, kind, handler, data):
    """Without a session, and with anything in it: never an internal error."""
    panel = kind(loading_state)
    (handler,) = [each for each in panel.handlers if each.event == handler.event]
    loading_state.networks.state = lambda name="": SimpleNamespace(state="ready", notes=(), progress=None)
    values = values_of(panel, handler, Event(data))
    errors = [value["error"] for value in values if isinstance(value, dict) and "error" in value]
    assert all(error["code"] != "INTERNAL" for error in errors), errors


def values_of(panel, handler, event) -> list:
    if not inspect.isasyncgenfunction(handler.method):
        return list(panel.stream(handler, event))

    async def collected() -> list:
        return [value async for value in panel.stream_async(handler, event)]

    # in a thread of its own: Playwright's loop may be running in this one
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, collected()).result()
