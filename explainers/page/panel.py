"""What a panel of the page is: a folder with markup, script and style, and a class with its state and handlers.

    explainers/page/panels/NAME/
        __init__.py   one subclass of Panel
        panel.html    its markup
        panel.js      exports `start({root, trigger, watch, props, upload, page})`; other scripts may stand beside it
        panel.css     its style

Panels are found by `explainers.page.panels.discover`; adding one touches no other file.
"""

import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

from jinja2 import Environment

from explainers.errors import OptionError
from explainers.page.error_boundary import error_message
from explainers.page.words import words_of

if TYPE_CHECKING:
    from explainers.page.state import AppState

PLACES = ("header", "side", "main", "tab", "view")
"""Where a panel stands: above everything, beside the pictures, with them, in a tab below, or on a view of its own."""


@dataclass(frozen=True)
class Event:
    """What a browser sent: `data` may be anything, and anybody may send it.

    session_hash  Gradio's name for the browser's tab; None for a call that was not made by a page
    """

    data: object = None
    session_hash: str | None = None

    @property
    def visitor(self) -> str:
        """Whose session the event belongs to; OptionError for a call from outside of a page."""
        if not self.session_hash:
            raise OptionError(
                "This call belongs to the web page.", "Open the page, or call an endpoint such as /compare."
            )
        return self.session_hash

    def field(self, name: str) -> object:
        """One value of the data; None where there is none."""
        return self.data.get(name) if isinstance(self.data, Mapping) else None


@dataclass(frozen=True)
class Handler:
    """A method that answers an event.

    queue  Gradio's arguments on how the event waits: concurrency_id, concurrency_limit or queue
    """

    event: str
    method: Callable
    queue: Mapping[str, Any] = field(default_factory=dict)

    @property
    def answers(self) -> bool:
        """Whether it yields values for the panel."""
        return inspect.isgeneratorfunction(self.method) or inspect.isasyncgenfunction(self.method)


QUEUE = "_cxr_lens_queue"
"""Attribute of a handler: what Gradio's queue is given for its event."""


def handler(**queue: Any) -> Callable[[Callable], Callable]:
    """Make a method the handler of the event that has the method's name; `load` is the page's own.

    A generator's values become the panel's value one after another. A plain function changes nothing on the page.
    """

    def mark(method: Callable) -> Callable:
        setattr(method, QUEUE, queue)
        return method

    return mark


class Panel:
    """Base class. The folder's name is the panel's name, its element's id, and the prefix of its events."""

    place: ClassVar[str]
    # panels of one place stand in ascending order
    order: ClassVar[int] = 100

    def __init__(self, state: "AppState") -> None:
        self.state = state

    @cached_property
    def name(self) -> str:
        """The folder's name."""
        return type(self).__module__.rpartition(".")[2]

    @cached_property
    def folder(self) -> Traversable:
        """The folder with the panel's files."""
        return files(type(self).__module__)

    def file(self, name: str) -> str:
        """Text of a file in the folder; "" if there is none."""
        found = self.folder / name
        return found.read_text(encoding="utf-8") if found.is_file() else ""

    def markup(self) -> str:
        """The panel's HTML: a Jinja2 template, in which `w` holds the panel's sentences."""
        return Environment(autoescape=True).from_string(self.file("panel.html")).render(**self.template_values())

    def template_values(self) -> dict[str, Any]:
        """What the template may use."""
        return {"w": SimpleNamespace(**words_of(self.name))}

    @property
    def title(self) -> str:
        """What the panel's tab is called."""
        return words_of(self.name).get("tab", self.name.replace("_", " ").capitalize())

    def settings(self) -> dict[str, Any]:
        """What the panel's script knows from the start, as JSON."""
        return {}

    def value(self) -> Any:
        """The panel's value at the start."""
        return None

    @cached_property
    def handlers(self) -> tuple[Handler, ...]:
        """The methods that `handler` marked."""
        methods = [getattr(self, name) for name, member in vars(type(self)).items() if hasattr(member, QUEUE)]
        return tuple(Handler(method.__name__, method, getattr(method, QUEUE)) for method in methods)

    def stream(self, handler: Handler, event: Event) -> Iterator[Any]:
        """The values of a handler; an error becomes the last one."""
        try:
            yield from handler.method(event)
        except Exception as error:  # noqa: BLE001 - the last place before the visitor
            yield refusal(error)

    async def stream_async(self, handler: Handler, event: Event) -> AsyncIterator[Any]:
        """As `stream`, of an asynchronous handler."""
        try:
            async for value in handler.method(event):
                yield value
        except Exception as error:  # noqa: BLE001 - the last place before the visitor
            yield refusal(error)


def refusal(error: Exception) -> dict[str, Any]:
    """An error as the value of a panel."""
    return {"error": error_message(error).to_json()}
