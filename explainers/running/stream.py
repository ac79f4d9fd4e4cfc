"""One stream for explainers and measures: jobs run one after another in threads, and what happens is yielded in order.

A job fails by whatever it raises, and never by another job. There is one channel for cancelling: the caller's
`cancelled`, the end of the caller's iterator, and the job's own time limit all end it at its next step.
"""

import logging
import queue
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from explainers.errors import Cancelled, ExplainerError, describe_plugin_error
from hub.errors import CxrLensError

log = logging.getLogger(__name__)

CANCELLED = "The run was cancelled."

Event = TypeVar("Event")


class Job(ABC, Generic[Event]):
    """A piece of work with a first event, events while it runs, and a last event.

    limit_s  seconds that it may take; None for no limit
    """

    limit_s: float | None = None

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
            yield from _events(job, stop)
    finally:
        closed.set()


def _events(job: Job[Event], stop: Callable[[], bool]) -> Iterator[Event]:
    """The events of one job, which runs in a thread of its own so that its progress is seen while it works."""
    expired = threading.Event()
    happened: queue.SimpleQueue[Event | _Last[Event]] = queue.SimpleQueue()

    def work() -> None:
        happened.put(_Last(_result(job, happened.put, lambda: expired.is_set() or stop())))

    deadline = None if job.limit_s is None else time.monotonic() + job.limit_s
    # a daemon: a job that never reaches a step must not keep the program from ending
    threading.Thread(target=work, name=job.name, daemon=True).start()
    while True:
        try:
            event = happened.get(timeout=_seconds_left(deadline))
        except queue.Empty:
            expired.set()
            yield job.failed(ExplainerError.code, f"It took longer than {job.limit_s:g} s and was given up.")
            return
        if isinstance(event, _Last):
            yield event.event
            return
        yield event


def _seconds_left(deadline: float | None) -> float | None:
    """Until the deadline; queue.Empty once it is over, even where events are waiting."""
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise queue.Empty
    return left


def _result(job: Job[Event], report: Callable[[Event], None], stop: Callable[[], bool]) -> Event:
    """The job's last event, whatever it raises."""
    from cxr.engine.scheduler import cancel_when

    def check() -> None:
        if stop():
            raise Cancelled(CANCELLED)

    try:
        with cancel_when(check):
            return job.compute(report, stop)
    except CxrLensError as error:
        return job.failed(error.code, str(error))
    # A plugin's code may raise anything, SystemExit and KeyboardInterrupt too. The user's own Ctrl-C never gets here:
    # Python raises it in the main thread.
    except BaseException as error:
        log.error("%s failed", job.name, exc_info=error)
        return job.failed(ExplainerError.code, describe_plugin_error(error))
