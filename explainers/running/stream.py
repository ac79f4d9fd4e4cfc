"""One stream for explainers and measures: jobs run one after another in threads, and what happens is yielded in order.

A job fails by whatever it raises, and never by another job. There is one channel for cancelling: the caller's
`cancelled`, the end of the caller's iterator, and the job's own time limit all end it at its next step. A job that
never reaches a step is given up: nobody waits for it, though Python can't end its thread.
"""

import logging
import os
import queue
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Generic, TypeVar

from explainers.errors import Cancelled, ExplainerError, TooSlow, describe_failure
from explainers.running.children import end_children_of_thread
from explainers.running.environment import protected_environment
from explainers.running.printed import limited_printing
from hub.errors import CxrLensError

log = logging.getLogger(__name__)

CANCELLED = "The run was cancelled."

POLL_S = 0.1
"""Between two looks at the clock and at whether the job shall end."""

GRACE_S = 5.0
"""How long a job that shall end may take to its next step; then it is given up."""

MOST_GIVEN_UP = 4
"""Given-up threads of one name that may still run; more runs of it are refused, since each takes memory and time."""

Event = TypeVar("Event")


class Job(ABC, Generic[Event]):
    """A piece of work with a first event, events while it runs, and a last event.

    limit_s    seconds that it may take; None for no limit
    is_plugin  whether code that isn't this project's own runs in it
    """

    limit_s: float | None = None
    is_plugin: bool = False

    @property
    @abstractmethod
    def name(self) -> str:
        """For the log and the thread."""

    @abstractmethod
    def started(self) -> Event:
        """The first event."""

    @abstractmethod
    def compute(self, report: Callable[[Event], None], stop: Callable[[], bool]) -> Event:
        """Do the work and return the last event. `report` yields an event; `stop` says that the work shall end."""

    @abstractmethod
    def failed(self, code: str, reason: str) -> Event:
        """The last event of a job that gave no result: a stable code, and a sentence for people."""


@dataclass(frozen=True, eq=False)
class _Last(Generic[Event]):
    """Marks a job's last event."""

    event: Event


class _JobThread(threading.Thread):
    """A daemon: a job that never reaches a step must not keep the program from ending."""

    given_up = False

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        super().__init__(target=work, name=name, daemon=True)


def stream(jobs: Iterable[Job[Event]], cancelled: Callable[[], bool] | None = None) -> Iterator[Event]:
    """Run the jobs one after another; yields their events as they happen.

    cancelled  asked between steps; once it is true, the running job ends, and it and the rest fail as cancelled

    Closing the iterator ends the running job at its next step. A job that exceeds its limit is failed at once; its
    thread ends at its next step.
    """
    closed = threading.Event()

    def stop() -> bool:
        return closed.is_set() or (cancelled is not None and cancelled())

    try:
        for job in jobs:
            if stop():
                yield job.failed(Cancelled.code, CANCELLED)
                continue
            yield job.started()
            with protected_environment() if job.is_plugin else nullcontext(_nothing) as restore:
                yield from _events(job, stop, restore)
    finally:
        closed.set()


def _nothing() -> None:
    """What a job of this project's own code has to restore."""


def _events(job: Job[Event], stop: Callable[[], bool], restore: Callable[[], None]) -> Iterator[Event]:
    """The events of one job, which runs in a thread of its own so that its progress is seen while it works."""
    if _given_up(job.name) >= MOST_GIVEN_UP:
        yield job.failed(ExplainerError.code, "Earlier runs of it have not ended yet, so that it is not run again.")
        return
    expired = threading.Event()
    happened: queue.SimpleQueue[Event | _Last[Event]] = queue.SimpleQueue()

    def work() -> None:
        happened.put(_Last(result_of(job, happened.put, lambda: expired.is_set() or stop())))

    thread = _JobThread(job.name, work)
    thread.start()
    patience = _Patience(job.limit_s, stop)
    while True:
        if given_up := patience.is_over():
            expired.set()
            thread.given_up = True
            end_children_of_thread(thread.native_id or 0)
            yield job.failed(*given_up)
            return
        event = _next(happened, patience.poll_s())
        restore()
        if isinstance(event, _Last):
            yield event.event
            return
        if event is not None:
            yield event


def _given_up(name: str) -> int:
    """How many threads of jobs of that name were given up and still run."""
    jobs = [each for each in threading.enumerate() if isinstance(each, _JobThread)]
    return sum(each.given_up and each.name == name for each in jobs)


def _next(happened: "queue.SimpleQueue[Event]", timeout_s: float) -> Event | None:
    try:
        return happened.get(timeout=timeout_s)
    except queue.Empty:
        return None


class _Patience:
    """Decides when a job is given up: at its time limit, or GRACE_S seconds after it was asked to stop."""

    def __init__(self, limit_s: float | None, stop: Callable[[], bool]) -> None:
        self._limit_s, self._stop = limit_s, stop
        self._begin = time.monotonic()
        self._asked_to_stop: float | None = None

    def is_over(self) -> tuple[str, str] | None:
        """(code, sentence) for a job that is waited for no longer."""
        now = time.monotonic()
        if self._limit_s is not None and now - self._begin >= self._limit_s:
            return TooSlow.code, f"It took longer than {self._limit_s:g} seconds and was given up."
        if self._asked_to_stop is None and self._stop():
            self._asked_to_stop = now
        if self._asked_to_stop is not None and now - self._asked_to_stop >= GRACE_S:
            return Cancelled.code, CANCELLED
        return None

    def poll_s(self) -> float:
        """Seconds until the next look."""
        if self._limit_s is None:
            return POLL_S
        return min(POLL_S, max(0.0, self._begin + self._limit_s - time.monotonic()))


def result_of(job: Job[Event], report: Callable[[Event], None], stop: Callable[[], bool]) -> Event:
    """The job's last event, whatever it raises."""
    from cxr.engine.scheduler import cancel_when, giving_way

    def check() -> None:
        if stop():
            raise Cancelled(CANCELLED)

    process = os.getpid()
    try:
        with cancel_when(check), giving_way(), limited_printing():
            return job.compute(report, stop)
    # A plugin's code may raise anything, SystemExit and KeyboardInterrupt too. The user's own Ctrl-C never gets here:
    # Python raises it in the main thread.
    except BaseException as error:
        if not isinstance(error, CxrLensError):
            log.error("%s failed", job.name, exc_info=error)
        return job.failed(*describe_failure(error))
    finally:
        if os.getpid() != process:
            os._exit(1)  # a process that the plugin forked, which must not go on as this one
        if job.is_plugin:
            end_children_of_thread(threading.get_native_id())
