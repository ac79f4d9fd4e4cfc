"""The place where errors leave the page: each becomes a sentence and a code.

An error of the project's tree is shown with its hint. Anything else is a defect: it is logged under an id, and the
visitor sees that id and nothing else. No traceback and no path leaves the server.
"""

import inspect
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
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


request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Of the call that runs, for the log."""


class _LoggedCall:
    """One call of an endpoint in the log: how it ended and how long it took, not what was sent."""

    def __init__(self, name: str) -> None:
        self._name, self._begin, self._request = name, time.perf_counter(), secrets.token_hex(4)
        request_id.set(self._request)

    def ended(self, outcome: str) -> None:
        milliseconds = round((time.perf_counter() - self._begin) * 1000)
        fields = {"request": self._request, "endpoint": self._name, "milliseconds": milliseconds, "outcome": outcome}
        log.info("call ended", extra=fields)

    def failed(self, error: Exception) -> gr.Error:
        message = error_message(error)
        self.ended(message.code)
        return gr.Error(message.sentence, title=message.code, print_exception=False)


def endpoint(function: Callable) -> Callable:
    """For functions that programs call: errors become `gr.Error(sentence, title=CODE)`, and each call is logged."""
    name = function.__name__
    if inspect.isgeneratorfunction(function):

        @wraps(function)
        def stream(*args: Any, **kwargs: Any) -> Iterator:
            call = _LoggedCall(name)
            try:
                yield from function(*args, **kwargs)
            except GeneratorExit:
                call.ended("CANCELLED")
                raise
            except Exception as error:  # noqa: BLE001 - the last place before the visitor
                raise call.failed(error) from None
            call.ended("OK")

        return stream

    @wraps(function)
    def respond(*args: Any, **kwargs: Any) -> Any:
        call = _LoggedCall(name)
        try:
            answer = function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - as above
            raise call.failed(error) from None
        call.ended("OK")
        return answer

    return respond


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
