"""Errors on their way out: one place that turns each into a sentence and a code, for every door of the page.

An error of ours is shown with its hint. Anything else is a defect: it is logged under an id, and the visitor is told
that id and nothing else. No traceback and no path leaves the server.
"""

import inspect
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any

import gradio as gr

from hub.errors import told

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Said:
    """An error as a visitor sees it."""

    code: str
    sentence: str

    def to_json(self) -> dict[str, str]:
        """As the browser gets it."""
        return {"code": self.code, "sentence": self.sentence}


def said(error: Exception) -> Said:
    """The sentence and the code of an error; a defect is logged here."""
    return Said(*told(error))


def endpoint(function: Callable) -> Callable:
    """For functions that programs call: errors become `gr.Error(sentence, title=CODE)`."""

    def told(error: Exception) -> gr.Error:
        shown = said(error)
        return gr.Error(shown.sentence, title=shown.code, print_exception=False)

    if inspect.isgeneratorfunction(function):

        @wraps(function)
        def stream(*args: Any, **kwargs: Any) -> Iterator:
            try:
                yield from function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - the last place before the visitor
                raise told(error) from None

        return stream

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - as above
            raise told(error) from None

    return call


def panel(shown: Callable[[Said], Any]) -> Callable[[Callable], Callable]:
    """For generators that fill panels of the page: an error becomes the last thing they show, made by `shown`."""

    def decorated(function: Callable) -> Callable:
        @wraps(function)
        def stream(*args: Any, **kwargs: Any) -> Iterator:
            try:
                yield from function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - the last place before the visitor
                yield shown(said(error))

        return stream

    return decorated
