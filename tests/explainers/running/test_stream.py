"""One stream for all jobs: order, failures, cancelling, closing and time limits."""

import threading

import pytest

from cxr.engine.scheduler import gives_way
from explainers.errors import Cancelled, OptionError
from explainers.running.stream import Job, stream


class Recorded(Job):
    """A job that reports (its name, words), and ends with (its name, "done")."""

    def __init__(self, name, work=lambda report, stop: None, limit_s=None):
        self._name, self._work, self.limit_s = name, work, limit_s

    @property
    def name(self):
        return self._name

    def started(self):
        return self.name, "started"

    def compute(self, report, stop):
        self._work(lambda words: report((self.name, words)), stop)
        return self.name, "done"

    def failed(self, code, reason):
        return self.name, code, reason


def raising(error):
    def work(report, stop):
        raise error

    return work


def until_stopped(ended):
    """Work that reports steps until it shall stop."""

    def work(report, stop):
        while not stop():
            report("step")
        ended.set()
        raise Cancelled("The run was cancelled.")

    return work


def test_jobs_run_one_after_another_and_their_events_come_in_order():
    jobs = [Recorded("one", lambda report, stop: report("half")), Recorded("two")]
    assert list(stream(jobs)) == [
        ("one", "started"), ("one", "half"), ("one", "done"), ("two", "started"), ("two", "done"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (OptionError("No such option."), "OPTION", "No such option."),
        (ZeroDivisionError("in /home/somebody/plugin.py"), "EXPLAINER", "It raised ZeroDivisionError: in plugin.py"),
        (SystemExit(3), "EXPLAINER", "It raised SystemExit: 3"),
        (KeyboardInterrupt(), "EXPLAINER", "It raised KeyboardInterrupt: no message"),
        (GeneratorExit(), "EXPLAINER", "It raised GeneratorExit: no message"),
        (ValueError("assignment destination is read-only"), "EXPLAINER", "context.input.copy()"),
    ],
)
def test_whatever_a_job_raises_is_its_own_failure(error, code, reason):
    *_, failed, started, done = stream([Recorded("bad", raising(error)), Recorded("good")])
    assert failed[:2] == ("bad", code)
    assert reason in failed[2]
    assert (started, done) == (("good", "started"), ("good", "done"))


def test_the_callers_own_interrupt_is_the_callers():
    def jobs():
        yield Recorded("one")
        raise KeyboardInterrupt  # as Python raises it in the thread that reads the stream

    events = stream(jobs())
    with pytest.raises(KeyboardInterrupt):
        list(events)


def test_a_cancelled_job_ends_at_its_next_step_and_the_rest_is_not_begun():
    ended, asked = threading.Event(), iter([False] * 4)
    events = list(stream([Recorded("long", until_stopped(ended)), Recorded("next")], lambda: next(asked, True)))
    assert ended.is_set()
    assert events[-2][:2] == ("long", "CANCELLED")
    assert events[-1][:2] == ("next", "CANCELLED")
    assert ("next", "started") not in events


def test_closing_the_iterator_ends_the_job_at_its_next_step():
    ended = threading.Event()
    events = stream([Recorded("long", until_stopped(ended))])
    assert [next(events), next(events)] == [("long", "started"), ("long", "step")]
    events.close()
    assert ended.wait(60)


def test_an_iterator_that_nobody_holds_any_more_ends_the_job():
    ended = threading.Event()
    next(events := stream([Recorded("long", until_stopped(ended))]))
    next(events)
    del events
    assert ended.wait(60)


def test_slices_of_long_work_ask_whether_they_shall_end():
    """Work that calls no progress, but computes in the scheduler's slices, ends too."""
    from cxr.engine.scheduler import FairSlots, WorkerPool

    pool, begun = WorkerPool(FairSlots()), threading.Event()
    cancelled = threading.Event()

    def slices():
        begun.set()
        cancelled.wait(60)
        while True:
            yield lambda: None

    events = stream([Recorded("long", lambda report, stop: pool.run(slices()))], cancelled.is_set)
    assert next(events) == ("long", "started")
    threading.Thread(target=lambda: (begun.wait(60), cancelled.set())).start()
    assert next(events)[:2] == ("long", "CANCELLED")


def test_jobs_give_way_to_scores():
    found = []
    list(stream([Recorded("any", lambda report, stop: found.append(gives_way()))]))
    assert found == [True]
    assert not gives_way()


def test_a_job_that_exceeds_its_limit_fails_at_once_and_ends_at_its_next_step():
    ended = threading.Event()
    *_, failed, started, done = stream([Recorded("long", until_stopped(ended), limit_s=0.05), Recorded("next")])
    assert failed == ("long", "TOO_SLOW", "It took longer than 0.05 seconds and was given up.")
    assert (started, done) == (("next", "started"), ("next", "done"))
    assert ended.wait(60)
