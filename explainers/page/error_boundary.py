"""The place where errors leave the page: each becomes a sentence and a code.

An error of the project's tree is shown with its hint. Anything else is a defect: it is logged under an id, and the
visitor sees that id and nothing else. No traceback and no path leaves the server.
"""

import inspect
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any

import gradio as gr

from hub.errors import describe_error

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ErrorMessage:
    """An error as a visitor sees it."""

    code: str
    sentence: str

    def to_json(self) -> dict[str, str]:
        """As the browser gets it."""
        return {"code": self.code, "sentence": self.sentence}


LONGEST_SENTENCE = 1000
"""Characters: an error may repeat what was sent, which may be megabytes."""


def error_message(error: Exception) -> ErrorMessage:
    """The sentence and the code of an error; a defect is logged here."""
    code, sentence = describe_error(error)
    if len(sentence) > LONGEST_SENTENCE:
        sentence = f"{sentence[:LONGEST_SENTENCE]}…"
    return ErrorMessage(code, sentence.encode("utf-8", "replace").decode())


def endpoint(function: Callable) -> Callable:
    """For functions that programs call: errors become `gr.Error(sentence, title=CODE)`."""

    def as_gradio_error(error: Exception) -> gr.Error:
        shown = error_message(error)
        return gr.Error(shown.sentence, title=shown.code, print_exception=False)

    if inspect.isgeneratorfunction(function):

        @wraps(function)
        def stream(*args: Any, **kwargs: Any) -> Iterator:
            try:
                yield from function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - the last place before the visitor
                raise as_gradio_error(error) from None

        return stream

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - as above
            raise as_gradio_error(error) from None

    return call


def panel(shown: Callable[[ErrorMessage], Any]) -> Callable[[Callable], Callable]:
    """For generators that fill panels of the page: an error becomes the last thing they show, made by `shown`."""

    def decorated(function: Callable) -> Callable:
        @wraps(function)
        def stream(*args: Any, **kwargs: Any) -> Iterator:
            try:
                yield from function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - the last place before the visitor
                yield shown(error_message(error))

        return stream

    return decorated
