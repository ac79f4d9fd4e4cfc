"""What the server logs: what happened, never what a visitor sent.

Messages of exceptions may quote file names, tags of DICOM files or arguments, so of an exception only its type and the
places in the code are logged. Gradio prints tracebacks to standard error by itself; they come here instead.
"""

import json
import logging
import sys
import traceback
import warnings
from types import ModuleType, TracebackType
from typing import Any

from explainers.running.printed import is_record_allowed

FORMAT = "%(levelname)s %(name)s: %(message)s"

CHATTY = ("httpx", "httpx2", "httpcore", "gradio", "uvicorn.access", "highdicom")
"""Loggers that state addresses of requests."""

FIELDS = ("request", "endpoint", "explainer", "milliseconds", "outcome")
"""What a record may have beside its message; given as `extra`."""

log = logging.getLogger(__name__)


def configure(kind: str) -> None:
    """Log to standard error as "text" or "json", without anything that a visitor sent."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if kind == "json" else TextFormatter(FORMAT))
    handler.addFilter(is_record_allowed)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # names of tools and arguments that an agent sent
    logging.getLogger("mcp").setLevel(logging.ERROR)
    # pydicom quotes the values that it doesn't understand; its import sets the logger's level, but leaves filters
    logging.getLogger("pydicom").addFilter(lambda record: False)
    # a warning's text may quote values too, and libraries change the filters of warnings when they are imported
    warnings.showwarning = _log_warning


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: Any = None,
    line: str | None = None,
) -> None:
    log.info("%s in %s, line %d", category.__name__, _module_of(filename), lineno)


def _module_of(file: str) -> str:
    """The last two parts of a path, which name the module and say nothing of the machine."""
    return "/".join(file.replace("\\", "/").split("/")[-2:])


def places(error_traceback: TracebackType | None) -> str:
    """The places in the code that an exception came through, without the values there."""
    frames = traceback.extract_tb(error_traceback)
    return " < ".join(f"{_module_of(frame.filename)}:{frame.lineno}" for frame in reversed(frames))


class TextFormatter(logging.Formatter):
    """A line a record."""

    def format(self, record: logging.LogRecord) -> str:
        """The message, the extra fields, and an exception's type and places."""
        fields = " ".join(f"{name}={value}" for name, value in fields_of(record).items())
        text = f"{record.levelname} {record.name}: {record.getMessage()}"
        return " ".join(filter(None, (text, fields))).replace("\n", " ")


class JsonFormatter(logging.Formatter):
    """A JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, logger, message, the extra fields, and an exception's type and places."""
        time_s = round(record.created, 3)
        said = {"time": time_s, "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        return json.dumps(said | fields_of(record), default=str)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """The extra fields of a record that are set, and `error` and `at` for one of an exception."""
    fields = {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
    if record.exc_info and record.exc_info[0]:
        fields |= {"error": record.exc_info[0].__name__, "at": places(record.exc_info[2])}
    return fields


class _QuietTraceback(ModuleType):
    """Stands for the module `traceback` where it would print to standard error."""

    def print_exc(self, *_: object, **__: object) -> None:
        """Log the exception that is being handled."""
        log.error("an event failed", exc_info=True)

    def __getattr__(self, name: str) -> Any:
        return getattr(traceback, name)


def quiet_gradio() -> None:
    """Gradio's queue and routes print tracebacks, whose last line may quote what was sent."""
    from gradio import queueing, routes

    for module in (queueing, routes):
        module.traceback = _QuietTraceback("traceback")  # type: ignore[attr-defined]
