"""Arguments of endpoints, which may be anything: checked one by one, each refusal saying what was expected."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from cxr.errors import RadiographError
from explainers.errors import OptionError
from explainers.page.call_filter import REFUSED
from explainers.page.private_folder import PrivateFolder
from hub.errors import names_hint

LARGEST_SEED = 2**32 - 1

REFUSALS = {
    "address": "Web addresses are not fetched.",
    "not uploaded": "The image's file was not uploaded to this server, or is gone.",
}


def image(given: object, folder: PrivateFolder) -> bytes:
    """The contents of the uploaded file; RadiographError if it is no such thing."""
    hint = "Upload the file first; in Python, pass handle_file('radiograph.png')."
    if not isinstance(given, Mapping):
        raise RadiographError("There is no image.", hint)
    if REFUSED in given:
        raise RadiographError(REFUSALS.get(str(given[REFUSED]), REFUSALS["not uploaded"]), hint)
    return folder.take(given.get("path"), at_once=False)


def text(name: str, given: object) -> str:
    """A string; OptionError for anything else."""
    if not isinstance(given, str):
        raise OptionError(f"{name!r} must be a text, not {type(given).__name__}.")
    return given


def texts(name: str, given: object) -> list[str]:
    """A list of one or more strings, each once; OptionError for anything else."""
    if not isinstance(given, list) or not given or not all(isinstance(each, str) for each in given):
        raise OptionError(f"{name!r} must be a list of names.", "Leave it out for the defaults.")
    return list(dict.fromkeys(given))


def options(given: object) -> Mapping[str, Any]:
    """{explainer: {option: value}}, the values not yet checked; OptionError for another form."""
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(each, Mapping) for each in given.values()):
        raise OptionError("'options' must be of the form {explainer: {option: value}}.")
    return given


def seed(given: object) -> int:
    """A whole number from 0 to 2³² − 1."""
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= LARGEST_SEED:
        raise OptionError(f"'seed' must be a whole number from 0 to {LARGEST_SEED}, not {given!r}.")
    return given


def measures(given: object, known: Iterable[str]) -> list[str]:
    """Names of measures; OptionError for one that isn't among those known."""
    names = [] if given in (None, []) else texts("measures", given)
    for name in names:
        if name not in known:
            raise OptionError(f"There is no measure {name!r}.", names_hint(name, known))
    return names


def box(given: object) -> tuple[float, float, float, float] | None:
    """(top, left, height, width) in pixels of the radiograph, or None; OptionError for anything else."""
    if given in (None, []):
        return None
    fits = isinstance(given, list) and len(given) == 4
    fits = fits and all(isinstance(each, int | float) and not isinstance(each, bool) for each in given)
    if not fits or not all(math.isfinite(each) for each in given) or given[2] <= 0 or given[3] <= 0:
        raise OptionError("'box' must be [top, left, height, width] in pixels of the radiograph.")
    top, left, height, width = map(float, given)
    return top, left, height, width
