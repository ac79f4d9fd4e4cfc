"""One fault: is it one, does the kit find it, and with which sentence."""

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from types import FrameType
from typing import Any

from explainers.contract.explainer import Explainer
from tests.mutations.behaviour import of_explainer, of_measure, same
from tests.mutations.subjects import Subject

EQUIVALENT, CAUGHT, SURVIVED = "equivalent", "caught", "survived"

LIMIT_S = 600
"""For one fault: what does not end is caught."""

NAMING: Mapping[str, tuple[str, ...]] = {
    "option ignored": ("options", "layer"),
    "randomness": ("determinism", "provenance", "batch", "threads", "randomness"),
    "finding": ("finding", "batch", "sign", "sums", "planted", "derivative", "channels", "names", "contract"),
    "layer": ("layer", "options", "batch", "sums", "frame"),
    "attribute": ("sign", "determinism", "unit", "derivative"),
}
"""Checks whose sentence names a fault of that kind. Faults of arithmetic show as a wrong shape, place, sign, unit or
sum, so there every check names what is wrong."""


@dataclass(frozen=True)
class Verdict:
    """What became of a fault.

    subject, kind, place  which fault
    outcome               "equivalent", "caught" or "survived"
    check, sentence       the first failed check that names the fault, else the first that failed
    named                 whether its sentence names the fault
    """

    subject: str
    kind: str
    place: str
    outcome: str
    check: str = ""
    sentence: str = ""
    named: bool = False
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class TimeLimit(KeyboardInterrupt):
    """The fault does not end. Of this kind, since the kit lets nothing else through."""


@contextmanager
def _limit(seconds: int) -> Iterator[None]:
    def end(number: int, frame: FrameType | None) -> None:
        raise TimeLimit

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@cache
def _original(subject: Subject) -> list[Any]:
    return list(_behaviour(subject.loaded()))


def _behaviour(cls: type) -> Iterator[Any]:
    return of_explainer(cls) if issubclass(cls, Explainer) else of_measure(cls)


def tried(subject: Subject, source: str, kind: str, place: str, text: str) -> Verdict:
    """What becomes of one fault."""
    begin = time.perf_counter()
    original = _original(subject)

    def verdict(outcome: str, check: str = "", sentence: str = "", *, named: bool = False) -> Verdict:
        return Verdict(
            subject.name, kind, place, outcome, check, sentence, named, round(time.perf_counter() - begin, 2)
        )

    try:
        with _limit(LIMIT_S):
            try:
                cls = subject.loaded(source, text)
            except Exception as error:  # noqa: BLE001 - the source does not load
                return verdict(CAUGHT, "import", f"{type(error).__name__}: {error}", named=True)
            if same(original, _behaviour(cls)):
                return verdict(EQUIVALENT)
            check, sentence, named = _found(cls, kind)
    except TimeLimit:
        return verdict(CAUGHT, "time", f"It did not end within {LIMIT_S} s.", named=True)
    return verdict(CAUGHT, check, sentence, named=named) if check else verdict(SURVIVED)


def _found(cls: type, kind: str) -> tuple[str, str, bool]:
    """(check, sentence, whether it names the fault); empty texts where nothing was found."""
    first = ("", "", False)
    for result in _results(cls):
        if result.ok:
            continue
        named = result.check in NAMING.get(kind, (result.check,))
        if named:
            return result.check, result.sentence, True
        first = first if first[0] else (result.check, result.sentence, False)
    return first


def _results(cls: type) -> Iterator[Any]:
    """Results of the checks, one at a time, so that the first that names the fault ends it."""
    from explainers.kit import check_explainer, check_measure, check_names, measure_check_names

    explainer = issubclass(cls, Explainer)
    check, names = (check_explainer, check_names()) if explainer else (check_measure, measure_check_names())
    for name in names:
        yield from check(cls, [name]).results
