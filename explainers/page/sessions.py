"""Sessions of visitors: radiographs in memory only, bounded in number, size and age.

A session is one radiograph of one visitor. Its token, which only that visitor's browser has, gives access to the
picture and the maps; a new radiograph, a closed tab or an hour without use ends it.
"""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from cachetools import FIFOCache

from cxr.errors import RadiographError
from cxr.prediction import Prediction
from cxr.reading.radiograph import Radiograph
from explainers.contract.explanation import Explanation
from explainers.page.samples import Sample
from explainers.running.measuring import MeasureDone

if TYPE_CHECKING:
    from pydicom import Dataset

    from explainers.page.worked_case import WorkedCase

MOST_SESSIONS, MOST_BYTES = 64, 2**30
OLDEST_S = 3600

MOST_MAPS = 96
"""Maps kept for one session: explanations of several findings, and partial maps on the way."""


@dataclass(eq=False)
class Run:
    """One comparison of a session, or one test of its maps; it ends once `cancelled` is set.

    name  what the browser calls it: which kind, and its number
    """

    name: str = ""
    cancelled: threading.Event = field(default_factory=threading.Event)


def run_name(kind: str, number: object) -> str:
    """The name of a run with the browser's number, by which it can be stopped alone."""
    return f"{kind} {number}"


@dataclass(eq=False)
class Session:
    """A radiograph with what was computed for it.

    name     what people call it: "radiograph", or a sample's name
    sample   what is offered of it, if it is one of the page's pictures
    worked_case  results that were stored for it, if there are any
    shown    explanations of the comparison on the screen, by explainer
    measured what measures of this radiograph have in common
    tested   what tests found of the explanations on the screen: {explanation: {the test's title: its end}}
    dicom_source  what objects of DICOM refer to, of a file that is one; nothing in it says who the patient is
    """

    radiograph: Radiograph
    name: str
    sample: Sample | None = None
    worked_case: "WorkedCase | None" = None
    dicom_source: "Dataset | None" = None
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    prediction: Prediction | None = None
    shown: dict[str, Explanation] = field(default_factory=dict)
    measured: dict = field(default_factory=dict)
    tested: dict[Explanation, dict[str, MeasureDone]] = field(default_factory=dict)
    used: float = field(default_factory=time.monotonic)
    _maps: FIFOCache[str, np.ndarray] = field(default_factory=lambda: FIFOCache(MOST_MAPS))
    _done: FIFOCache[tuple, tuple[str, Explanation]] = field(default_factory=lambda: FIFOCache(MOST_MAPS // 2))
    _run: Run | None = None
    _stopped: str = ""
    _running: threading.Lock = field(default_factory=threading.Lock)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def size_bytes(self) -> int:
        """Memory that the picture takes."""
        return self.radiograph.grey.nbytes + (self.radiograph.rgb.nbytes if self.radiograph.colour else 0)

    def still_shown(self, panels: Collection[str]) -> dict[str, Explanation]:
        """The explanations in these panels, in the order of the comparison; all of them if no panel is named."""
        return {name: each for name, each in dict(self.shown).items() if not panels or name in panels}

    def found(self, explanation: Explanation, test: str, end: MeasureDone) -> None:
        """Keep what a test found for the report, as long as its explanation is on the screen."""
        shown = set(self.shown.values())
        self.tested = {each: tests for each, tests in self.tested.items() if each in shown}
        self.tested[explanation] = self.tested.get(explanation, {}) | {test: end}

    def keep_map(self, values: np.ndarray, place: str | None = None) -> str:
        """Store a map `(y, x)` for the browser to fetch, in place of an earlier one if given; returns its name."""
        with self._lock:
            self._maps.pop(place or "", None)
            place = secrets.token_hex(6)
            self._maps[place] = np.ascontiguousarray(values, np.float32)
        return place

    def map_at(self, place: str) -> np.ndarray | None:
        """A stored map, or None if it is no longer there."""
        with self._lock:
            return self._maps.get(place)

    def remember(self, key: tuple, explanation: Explanation) -> str:
        """Store an explanation under what was requested; returns the name of its map."""
        place = self.keep_map(explanation.map)
        with self._lock:
            self._done[key] = place, explanation
        return place

    def recall(self, key: tuple) -> tuple[str, Explanation] | None:
        """A stored explanation with the name of its map, if both are still there."""
        with self._lock:
            found = self._done.get(key)
            return found if found and found[0] in self._maps else None

    @contextmanager
    def run(self, name: str = "") -> Iterator[Run]:
        """A new comparison; one that is under way is cancelled and waited for."""
        run = Run(name)
        self.cancel()
        if name and name == self._stopped:
            run.cancelled.set()
        self._run = run
        with self._running:
            try:
                yield run
            finally:
                if self._run is run:
                    self._run = None

    def cancel(self, name: str = "") -> None:
        """End what is under way, if anything is, at its next step.

        With a name that run alone: it may wait for its turn yet, and then ends as it begins; or be over, and then what
        came after it goes on.
        """
        run, self._stopped = self._run, name or self._stopped
        if run is not None and name in ("", run.name):
            run.cancelled.set()


def _same(token: str, given: str) -> bool:
    """Equality in constant time; of bytes, since text that is not ASCII can't be compared so."""
    return secrets.compare_digest(token.encode(), given.encode("utf-8", "surrogatepass"))


class Sessions:
    """Sessions by visitor; the one that was used least recently makes room.

    most  sessions at once, MOST_SESSIONS if None
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = MOST_SESSIONS if most is None else most
        # no cache of cachetools: three bounds at once, a session that grows, and one that leaves has to be cancelled
        self._by_visitor: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        with self._lock:
            return len(self._by_visitor)

    def open(self, visitor: str, session: Session) -> None:
        """Put a session in the place of the visitor's last one."""
        self.close(visitor)
        with self._lock:
            self._by_visitor[visitor] = session
            while len(self._by_visitor) > 1 and not self._fits():
                self._by_visitor.popitem(last=False)[1].cancel()

    def of(self, visitor: str | None) -> Session:
        """The visitor's session; RadiographError if there is none, or none any more."""
        with self._lock:
            session = self._by_visitor.get(visitor or "")
            if visitor is None or session is None:
                raise RadiographError("The session expired.", "Reload the image.")
            self._by_visitor.move_to_end(visitor)
        session.used = time.monotonic()
        return session

    def with_token(self, token: str) -> Session | None:
        """The session that this token opens."""
        with self._lock:
            return next((each for each in self._by_visitor.values() if _same(each.token, token)), None)

    def cancel(self, visitor: str | None, name: str = "") -> None:
        """End what runs for a visitor, if anything does; with a name that run alone."""
        with self._lock:
            session = self._by_visitor.get(visitor or "")
        if session is not None:
            session.cancel(name)

    def close(self, visitor: str | None) -> None:
        """Cancel what runs for a visitor and forget the radiograph."""
        with self._lock:
            session = self._by_visitor.pop(visitor or "", None)
        if session is not None:
            session.cancel()

    def sweep(self) -> None:
        """Forget sessions that nobody used for an hour."""
        now = time.monotonic()
        with self._lock:
            old = [visitor for visitor, each in self._by_visitor.items() if now - each.used > OLDEST_S]
        for visitor in old:
            self.close(visitor)

    def _fits(self) -> bool:
        total = sum(session.size_bytes for session in self._by_visitor.values())
        return len(self._by_visitor) <= self._most and total <= MOST_BYTES
