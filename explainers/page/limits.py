"""Limits that an operator can set, with defaults that are safe for a public page."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace

from explainers.errors import OptionError
from hub.errors import names_hint

MEBIBYTE = 2**20


def _limit(default: int, meaning: str) -> int:
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Limits:
    """Each limit is a whole number above 0, except `calls_a_minute`, where 0 means none."""

    upload_mb: int = _limit(512, "megabytes of one uploaded file")
    uploads_mb: int = _limit(2048, "megabytes of all uploads that lie on the disk")
    pictures_mb: int = _limit(3072, "megabytes of memory for the radiographs of endpoints, and for decoding")
    waiting: int = _limit(48, "calls in the queue; more are refused with BUSY")
    calls_a_minute: int = _limit(120, "calls and uploads of one address a minute, this machine's own excepted; 0: any")
    explanation_s: int = _limit(300, "seconds for one explainer; one that takes longer fails with TOO_SLOW")
    plugin_mb: int = _limit(4096, "megabytes of memory for the process of an isolated plugin")
    shutdown_s: int = _limit(20, "seconds that running work has to end once the process is asked to end")
    sessions: int = _limit(64, "radiographs of visitors in memory")

    @classmethod
    def parse(cls, words: Iterable[str]) -> "Limits":
        """Limits from words NAME=NUMBER. Raises OptionError for an unknown name or another value."""
        known = {each.name for each in fields(cls)}
        given = {}
        for word in words:
            name, _, number = word.partition("=")
            if name not in known:
                raise OptionError(f"There is no limit {name!r}.", names_hint(name, sorted(known)))
            if not number.isascii() or not number.isdigit() or (int(number) == 0 and name != "calls_a_minute"):
                raise OptionError(f"The limit {name!r} must be a whole number above 0, not {number!r}.")
            given[name] = int(number)
        return replace(cls(), **given)

    @classmethod
    def help(cls) -> str:
        """Each limit with its meaning and default, for `--help`."""
        return "; ".join(f"{each.name}={each.default} ({each.metadata['meaning']})" for each in fields(cls))
