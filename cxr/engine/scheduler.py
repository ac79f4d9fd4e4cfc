"""Scheduling of forward passes: a fixed number of slots compute at once, and long work doesn't delay single scores.

With few cores, each slot has one core: two passes in parallel on one core each take less time than two passes one after
the other on both cores. Long work comes in slices of a few hundred milliseconds. Each slice waits for a slot, and is
dropped if its caller has cancelled by then.
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

MAX_WORKERS = 4
"""On machines with more cores, each worker uses several of them: every further worker needs memory for a slice."""

URGENT_IN_A_ROW = 4
"""Urgent pieces of work after which one that is not urgent may run."""


def cores() -> int:
    """Number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_workers() -> int:
    """Number of workers on this machine."""
    return min(MAX_WORKERS, cores())


class FairSlots:
    """A number of slots and two queues for them: urgent work first, patient work in order of arrival."""

    def __init__(self, count: int = 1) -> None:
        self.count = count
        self._changed = threading.Condition()
        self._busy = 0
        self._urgent = 0
        self._in_a_row = 0
        self._patient: deque[object] = deque()

    @contextmanager
    def patient(self) -> Iterator[bool]:
        """For a slice of long work: the `with` block holds one slot. Yields whether the machine is otherwise idle."""
        ticket = object()
        with self._changed:
            self._patient.append(ticket)
            self._changed.wait_for(lambda: self._free and self._patient[0] is ticket and not self._urgent_first)
            self._patient.popleft()
            alone = self._nobody_else
            self._begin(in_a_row=0)
        try:
            yield alone
        finally:
            self._end()

    @contextmanager
    def urgent(self) -> Iterator[bool]:
        """For a single score: the `with` block holds one slot. Yields whether the machine is otherwise idle."""
        with self._changed:
            self._urgent += 1
            self._changed.wait_for(lambda: self._free and (self._urgent_first or not self._patient))
            self._urgent -= 1
            alone = self._nobody_else
            self._begin(in_a_row=self._in_a_row + 1)
        try:
            yield alone
        finally:
            self._end()

    @property
    def _free(self) -> bool:
        return self._busy < self.count

    @property
    def _nobody_else(self) -> bool:
        return not (self._busy or self._urgent or self._patient)

    @property
    def _urgent_first(self) -> bool:
        return bool(self._urgent) and (self._in_a_row < URGENT_IN_A_ROW or not self._patient)

    def _begin(self, *, in_a_row: int) -> None:
        self._busy += 1
        self._in_a_row = in_a_row
        self._changed.notify_all()  # the next in a queue may find another slot free

    def _end(self) -> None:
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()


NICENESS = 10
"""Niceness of a worker's thread: long work on every core must not delay quick responses."""


def _lower_priority() -> None:
    """Lower this thread's priority; only Linux has a priority per thread."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


class WorkerPool:
    """Threads that compute slices of long work in parallel, each in a slot."""

    def __init__(self, slots: FairSlots) -> None:
        self._slots = slots
        self._workers = ThreadPoolExecutor(slots.count, thread_name_prefix="worker", initializer=_lower_priority)

    def run(self, slices: Iterable[Callable[[], Any]], *, ahead: int | None = None) -> list:
        """The slices' results in order; see `stream`."""
        return list(self.stream(slices, ahead=ahead))

    def stream(self, slices: Iterable[Callable[[], Any]], *, ahead: int | None = None) -> Iterator[Any]:
        """The slices' results in order; the next slices are computed while the caller uses the last result.

        ahead  slices that are submitted before their results are taken. Default: two for each slot, since more would
               make other callers wait for longer

        Raises what the first failing slice raised, or what the check of `cancel_when` raised. Slices that have not
        begun by then, or when the iterator is closed, are cancelled.
        """
        check, most = _cancel_check.get(), ahead or 2 * self._slots.count
        begun: deque[Future] = deque()
        try:
            for each in slices:
                if len(begun) == most:
                    yield begun.popleft().result()
                begun.append(self._workers.submit(self._run_in_slot, each, check))
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()

    def _run_in_slot(self, compute: Callable[[], Any], check: Callable[[], None]) -> Any:
        with self._slots.patient():
            check()
            return compute()


_cancel_check: ContextVar[Callable[[], None]] = ContextVar("cancel_check", default=lambda: None)


@contextmanager
def cancel_when(check: Callable[[], None]) -> Iterator[None]:
    """In the `with` block, this thread's long work calls `check` before every slice; `check` raises to cancel it."""
    token = _cancel_check.set(check)
    try:
        yield
    finally:
        _cancel_check.reset(token)


_gives_way: ContextVar[bool] = ContextVar("gives_way", default=False)


@contextmanager
def giving_way() -> Iterator[None]:
    """In the `with` block, single pictures that this thread computes wait behind scores, as slices of long work do."""
    token = _gives_way.set(True)
    try:
        yield
    finally:
        _gives_way.reset(token)


def gives_way() -> bool:
    """Whether this thread is in a block of `giving_way`."""
    return _gives_way.get()


class SingleFlight:
    """Concurrent requests for one key share a single computation."""

    def __init__(self) -> None:
        self._running: dict[Hashable, Future] = {}
        self._lock = threading.Lock()

    def run(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """What `compute` returns or raises; callers that come while it runs for `key` wait for that result."""
        with self._lock:
            answer = self._running.get(key)
            if first := answer is None:
                answer = self._running[key] = Future()
        if first:
            try:
                answer.set_result(compute())
            except BaseException as error:  # noqa: BLE001 - it is raised again below, in every thread that waits
                answer.set_exception(error)
            finally:
                with self._lock:
                    del self._running[key]
        return answer.result()
