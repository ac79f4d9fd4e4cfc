"""Every error that a user of cxr-lens can resolve.

    CxrLensError                catch this to show any of them: `str(error)` is a sentence and a hint
    ├── SourceError             hub.errors         no checkpoint under that name, or the Hub can't be reached
    ├── CheckpointError         hub.errors         files are there, but they are not what they should be
    ├── RadiographError         cxr.errors         the picture can't be read as a radiograph
    ├── FindingError            cxr.errors         the checkpoint doesn't score a finding of that name
    ├── LayerError              cxr.errors         the network has no such layer, or it can't serve here
    ├── NotAvailable            cxr.errors         the network gives no layers, or no gradients, for that
    ├── EngineError             cxr.errors         no engine of that name computes forward passes here
    ├── Busy                    cxr.errors         too much work is waiting; try again
    ├── LabelError              cxr.errors         a table of labels is not what it should be
    ├── FolderError             cxr.errors         a folder of results is of another run, or can't be opened
    ├── TrainingError           cxr.training.errors  a training run can't start or continue
    ├── OptionError             explainers.errors  an explainer's option, or an explainer's name, is not valid
    ├── PluginError             explainers.errors  a plugin can't be taken in
    ├── ExplainerError          explainers.errors  an explainer gave no usable map
    ├── TooSlow                 explainers.errors  a piece of work took longer than it may
    └── Cancelled               explainers.errors  the caller asked to stop

Anything else that is raised is a defect of the program and is not caught.
"""

import difflib
import logging
import secrets
from collections.abc import Iterable
from typing import ClassVar

log = logging.getLogger(__name__)


MOST_NAMES = 16
"""Names that an error lists in full: the findings of a network, the explainers."""

NEAREST_NAMES = 8
"""Names that an error shows where there are more."""


class CxrLensError(Exception):
    """Base of the tree: a sentence for people, a hint of what to do, and a stable `code` for programs."""

    code: ClassVar[str] = "ERROR"

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.sentence} {self.hint}".strip()


class SourceError(CxrLensError):
    """The source string leads to no checkpoint (unknown name, unreachable Hub, no permission)."""

    code = "SOURCE"


class CheckpointError(CxrLensError):
    """The checkpoint's files are not what they should be (missing or altered file, keys, shapes, labels)."""

    code = "CHECKPOINT"


def describe_error(error: Exception) -> tuple[str, str]:
    """(code, sentence) of any error, for the one place at each entry point where errors leave the program.

    An error of the tree gives its own sentence. Anything else is a defect: it is logged with its traceback under a new
    id, and the sentence gives that id and no details.
    """
    if isinstance(error, CxrLensError):
        return error.code, str(error)
    number = secrets.token_hex(4)
    log.error("defect %s", number, exc_info=error)
    return "INTERNAL", f"An internal error occurred. It was logged as {number}. Try again."


def names_hint(given: str, names: Iterable[str], *, list_all: str = "") -> str:
    """'Did you mean …? Known: …', the closest name first: the part of an error that lists the names that exist.

    list_all  how to list all names, shown where there are more than MOST_NAMES
    """
    known = list(names)
    close = difflib.get_close_matches(given, known, n=1, cutoff=0.5)
    first = f"Did you mean {close[0]!r}? " if close else ""
    if len(known) <= MOST_NAMES:
        return f"{first}Known: {', '.join(known) if known else 'none'}."
    nearest = difflib.get_close_matches(given, known, n=NEAREST_NAMES, cutoff=0.0)
    rest = f"; {list_all} lists all {len(known)}" if list_all else f" and {len(known) - len(nearest)} more"
    return f"{first}The closest names are {', '.join(nearest)}{rest}."
