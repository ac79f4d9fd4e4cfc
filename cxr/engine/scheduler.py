"""Whose turn it is: as many pieces of work compute at once as there are lanes, and nobody's long work holds up a score.

One lane computes on one core where there are few: two passes side by side on two cores take less time than two passes
one after the other, on both cores each. Long work comes in slices of a few hundred milliseconds; each of them waits for
its turn, and is dropped if nobody wants it by then.
"""

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

MOST_LANES = 4
"""More cores than that are shared out among the lanes: each lane takes memory for a slice of its own."""

IN_A_ROW = 4
"""Urgent turns after which one that can wait comes in between."""


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_workers() -> int:
    """WorkerPool on this machine."""
    return min(MOST_LANES, cores())


class FairSlots:
    """Slots to compute in, and two queues for them: urgent work first, patient work in the order it came."""

    def __init__(self, lanes: int = 1) -> None:
        self.lanes = lanes
        self._changed = threading.Condition()
        self._busy = 0
        self._urgent = 0
        self._in_a_row = 0
        self._patient: deque[object] = deque()

    @contextmanager
    def patient(self) -> Iterator[None]:
        """For a slice of long work: the `with` block computes in one lane."""
        ticket = object()
        with self._changed:
            self._patient.append(ticket)
            self._changed.wait_for(lambda: self._free and self._patient[0] is ticket and not self._urgent_first)
            self._patient.popleft()
            self._begin(in_a_row=0)
        try:
            yield
        finally:
            self._end()

    @contextmanager
    def urgent(self) -> Iterator[bool]:
        """For a score. True if nobody else computes or waits, so that all cores are free for it."""
        with self._changed:
            self._urgent += 1
            self._changed.wait_for(lambda: self._free and (self._urgent_first or not self._patient))
            self._urgent -= 1
            alone = not (self._busy or self._urgent or self._patient)
            self._begin(in_a_row=self._in_a_row + 1)
        try:
            yield alone
        finally:
            self._end()

    @property
    def _free(self) -> bool:
        return self._busy < self.lanes

    @property
    def _urgent_first(self) -> bool:
        return bool(self._urgent) and (self._in_a_row < IN_A_ROW or not self._patient)

    def _begin(self, *, in_a_row: int) -> None:
        self._busy += 1
        self._in_a_row = in_a_row
        self._changed.notify_all()  # whoever is first in a queue now may find another lane free

    def _end(self) -> None:
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()


STEP_BACK = 10
"""Niceness of a lane's thread: long work on every core must not keep answers of milliseconds from going out."""


def _step_back() -> None:
    """Of this thread alone, where threads have priorities of their own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), STEP_BACK)


class WorkerPool:
    """Slices of long work, side by side, each in its turn."""

    def __init__(self, slots: FairSlots) -> None:
        self._slots = slots
        self._workers = ThreadPoolExecutor(slots.lanes, thread_name_prefix="lane", initializer=_step_back)

    def run(self, slices: Iterable[Callable[[], Any]], *, ahead: int | None = None) -> list:
        """What each of them returns, in their order; see `stream`."""
        return list(self.stream(slices, ahead=ahead))

    def stream(self, slices: Iterable[Callable[[], Any]], *, ahead: int | None = None) -> Iterator[Any]:
        """What each of them returns, in their order, while the next ones are computed.

        At most `ahead` are begun or wait for their turns: two a lane, since more would let others wait for longer.
        Raises what the first of them raised, or what `cancel_when` says; slices that have not begun never do, nor
        those that have not when the iterator is closed.
        """
        check, most = _cancel_check.get(), ahead or 2 * self._slots.lanes
        begun: deque[Future] = deque()
        try:
            for each in slices:
                if len(begun) == most:
                    yield begun.popleft().result()
                begun.append(self._workers.submit(self._turn, each, check))
            while begun:
                yield begun.popleft().result()
        finally:
            for each in begun:
                each.cancel()

    def _turn(self, compute: Callable[[], Any], check: Callable[[], None]) -> Any:
        with self._slots.patient():
            check()
            return compute()


_cancel_check: ContextVar[Callable[[], None]] = ContextVar("cancel_check", default=lambda: None)


@contextmanager
def cancel_when(check: Callable[[], None]) -> Iterator[None]:
    """Long work of this thread in the `with` block asks before every slice; `check` raises once nobody waits for it."""
    token = _cancel_check.set(check)
    try:
        yield
    finally:
        _cancel_check.reset(token)


class SingleFlight:
    """What is asked for while the same is being computed is not computed again."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, Future] = {}
        self._lock = threading.Lock()

    def ask(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """What `compute` returns or raises, of whoever asked for `key` first."""
        with self._lock:
            answer = self._under_way.get(key)
            if first := answer is None:
                answer = self._under_way[key] = Future()
        if first:
            try:
                answer.set_result(compute())
            except BaseException as error:  # noqa: BLE001 - it is raised again below, in every thread that waits
                answer.set_exception(error)
            finally:
                with self._lock:
                    del self._under_way[key]
        return answer.result()
