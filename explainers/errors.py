"""Errors of explaining; the docstring of `hub.errors` shows the whole tree."""

import re

from hub.errors import CxrLensError

FOLDERS = re.compile(r"(?<![\w.~/\\:])(?:~|[A-Za-z]:)?[/\\](?:[^/\\\s'\"<>]+[/\\])+")
"""The folders before a file's name, from the root or from home."""

LONGEST_MESSAGE = 200

READ_ONLY = re.compile(r"read-?only")
"""NumPy's messages on writing to an array that is not writeable: "assignment destination is read-only" and others."""


class OptionError(CxrLensError):
    """An explainer's name, or an option's name, type or value, is not one that exists."""

    code = "OPTION"


class PluginError(CxrLensError):
    """A plugin can't be taken in: it fails to import, has a wrong signature, or a name that is taken."""

    code = "PLUGIN"


class ExplainerError(CxrLensError):
    """An explainer raised, or returned something that is no finite 2-D map."""

    code = "EXPLAINER"


class Cancelled(CxrLensError):
    """The caller asked to stop. Leaves an explainer through `context.progress`; never caught by one."""

    code = "CANCELLED"


class TooSlow(CxrLensError):
    """A piece of work took longer than it may."""

    code = "TOO_SLOW"


OWN_PACKAGES = ("hub", "cxr", "explainers")


def brief(error: BaseException) -> str:
    """A plugin's error as visitors may read it: its type and its first line, cut, with files but no folders."""
    lines = message_of(error).splitlines() or ["no message"]
    return f"{type(error).__name__}: {FOLDERS.sub('', lines[0])[:LONGEST_MESSAGE]}"


def message_of(error: BaseException) -> str:
    """The text of an error, also of one whose own `__str__` fails."""
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - a plugin's code may raise anything there too
        return "its message can't be printed"


def describe_failure(error: BaseException) -> tuple[str, str]:
    """(code, sentence) of whatever a plugin's code raised: a code of this project, never one of the plugin's own."""
    if not isinstance(error, CxrLensError):
        return ExplainerError.code, describe_plugin_error(error)
    try:
        code = error.code
    except BaseException:  # noqa: BLE001 - a plugin may have made it a property
        code = ExplainerError.code
    return code if code in _codes(CxrLensError) else ExplainerError.code, message_of(error)


def _codes(parent: type[CxrLensError]) -> set[str]:
    """The codes of this project's errors below one of them."""
    own = [each for each in parent.__subclasses__() if each.__module__.partition(".")[0] in OWN_PACKAGES]
    return {each.code for each in own}.union(*map(_codes, own))


def describe_plugin_error(error: BaseException) -> str:
    """A sentence on what a plugin's explainer or measure raised, with what to do where the cause is known."""
    if isinstance(error, ValueError) and READ_ONLY.search(message_of(error)):
        return "It writes to an array that is read-only, such as context.input. Work on a copy: context.input.copy()."
    return f"It raised {brief(error)}"
