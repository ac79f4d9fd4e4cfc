"""Who computes when: told by what happened in which order, never by a clock."""

import threading
import time
from functools import partial

import pytest

from cxr.engine.scheduler import (
    URGENT_IN_A_ROW,
    FairSlots,
    SingleFlight,
    WorkerPool,
    cancel_when,
    gives_way,
    giving_way,
)


def until(condition) -> None:
    """Wait for another thread to get somewhere."""
    for _ in range(5000):
        if condition():
            return
        time.sleep(0.001)
    pytest.fail("nothing came of it")


def begun(target, *arguments) -> threading.Thread:
    thread = threading.Thread(target=target, args=arguments, daemon=True)
    thread.start()
    return thread


def test_urgent_work_comes_before_what_waited_longer():
    turns, order = FairSlots(), []

    def patient(name):
        with turns.patient():
            order.append(name)

    def urgent(name):
        with turns.urgent():
            order.append(name)

    with turns.patient():
        threads = []
        for number in range(3):
            threads.append(begun(patient, f"slice {number}"))
            until(lambda count=number + 1: len(turns._patient) == count)
        threads.append(begun(urgent, "score"))
        until(lambda: turns._urgent == 1)
    for thread in threads:
        thread.join(5)
    assert order == ["score", "slice 0", "slice 1", "slice 2"]


def test_long_work_is_not_held_up_for_ever():
    turns, order = FairSlots(), []

    def urgent():
        with turns.urgent():
            order.append("score")

    def patient():
        with turns.patient():
            order.append("slice")

    with turns.patient():
        threads = [begun(patient)]
        until(lambda: len(turns._patient) == 1)
        for number in range(2 * URGENT_IN_A_ROW):
            threads.append(begun(urgent))
            until(lambda count=number + 1: turns._urgent == count)
    for thread in threads:
        thread.join(5)
    assert order.index("slice") == URGENT_IN_A_ROW
    assert order.count("score") == 2 * URGENT_IN_A_ROW


@pytest.mark.parametrize("workers", [1, 2])
def test_as_many_compute_at_once_as_there_are_slots(workers):
    turns, inside, most = FairSlots(workers), [], []

    def work(number):
        for _ in range(20):
            with turns.patient() if number % 2 else turns.urgent():
                inside.append(number)
                most.append(len(inside))
                time.sleep(0.0005)
                inside.remove(number)

    threads = [begun(work, number) for number in range(6)]
    for thread in threads:
        thread.join(10)
    assert len(most) == 120
    assert max(most) == workers


def test_a_score_has_all_cores_only_if_nobody_else_computes_or_waits():
    turns, alone = FairSlots(2), []

    def score():
        with turns.urgent() as mine:
            alone.append(mine)

    score()
    with turns.patient():
        score()
        with turns.patient():
            threads = [begun(score), begun(score)]
            until(lambda: turns._urgent == 2)
    for thread in threads:
        thread.join(5)
    assert alone[:3] == [True, False, False]
    score()
    assert alone[4]


def test_a_slice_on_an_idle_machine_has_all_cores():
    turns = FairSlots(2)
    with turns.patient() as alone, turns.patient() as second:
        assert (alone, second) == (True, False)


def test_work_gives_way_in_its_block_and_its_thread_only():
    other = []
    with giving_way():
        begun(lambda: other.append(gives_way())).join(5)
        assert gives_way()
    assert not gives_way()
    assert other == [False]


def test_a_turn_ends_when_its_work_fails():
    turns = FairSlots()
    with pytest.raises(ZeroDivisionError), turns.patient():
        _ = 1 / 0
    with turns.urgent() as alone:
        assert alone


def test_slices_come_back_in_their_order_and_side_by_side():
    workers, both = WorkerPool(FairSlots(2)), threading.Barrier(2, timeout=5)

    def work(number):
        if number < 2:
            both.wait()  # a single lane would wait in vain
        return number

    assert workers.run([lambda number=number: work(number) for number in range(7)]) == list(range(7))


def test_what_fails_is_raised_and_the_rest_never_begins():
    workers, begun_ones, raised = WorkerPool(FairSlots(1)), [], threading.Event()

    def work(number):
        begun_ones.append(number)
        if number > 1:
            raised.wait(5)
        return 1 / (number - 1)

    with pytest.raises(ZeroDivisionError):
        workers.run([lambda number=number: work(number) for number in range(50)])
    raised.set()
    assert workers.run([lambda: 5, lambda: 6]) == [5, 6]
    assert begun_ones in ([0, 1], [0, 1, 2])


def test_slices_that_nobody_waits_for_any_more_are_dropped():
    class GoneError(Exception):
        pass

    workers, computed, left = WorkerPool(FairSlots(2)), [], threading.Event()

    def work(number):
        computed.append(number)
        if number == 3:
            left.set()

    def check():
        if left.is_set():
            raise GoneError

    with pytest.raises(GoneError), cancel_when(check):
        workers.run([lambda number=number: work(number) for number in range(50)])
    assert 3 in computed
    assert len(computed) < 8
    left.set()
    assert workers.run([lambda: 5]) == [5]  # others' work is nobody's to drop


def test_what_is_asked_for_twice_at_once_is_computed_once():
    once, computed, answers, go = SingleFlight(), [], [], threading.Event()

    def compute(key):
        computed.append(key)
        go.wait(5)
        return key + "'s"

    def ask(key):
        answers.append((key, once.run(key, lambda: compute(key))))

    threads = [begun(ask, key) for key in ("a", "b", "a", "a", "b")]
    until(lambda: len(computed) == 2)
    time.sleep(0.02)
    go.set()
    for thread in threads:
        thread.join(5)
    assert sorted(computed) == ["a", "b"]
    assert sorted(answers) == [("a", "a's")] * 3 + [("b", "b's")] * 2
    assert once.run("a", lambda: "anew") == "anew"


def test_everybody_who_waited_hears_of_a_failure():
    once, heard, go = SingleFlight(), [], threading.Event()

    def compute():
        go.wait(5)
        return 1 / 0

    def ask():
        try:
            once.run("key", compute)
        except ZeroDivisionError:
            heard.append("failed")

    threads = [begun(ask) for _ in range(3)]
    until(lambda: once._running)
    time.sleep(0.02)
    go.set()
    for thread in threads:
        thread.join(5)
    assert heard == ["failed"] * 3
    assert once.run("key", lambda: 1) == 1


def eight_occlusions(pool, order) -> list[threading.Thread]:
    """Eight visitors' slices; each notes its visitor's number. All have their first slices in the queue."""
    pulled = []

    def slices(number):
        for _ in range(20):
            pulled.append(number)
            yield partial(order.append, number)

    threads = [begun(pool.run, slices(number)) for number in range(8)]
    until(lambda: len(pulled) == 8 * 3)  # the third slice waits for the first one's result
    return threads


def test_a_ninth_visitors_pass_is_not_behind_eight_occlusions():
    slots, order = FairSlots(), []

    def single_pass():
        with slots.patient():
            order.append("pass")

    with slots.patient():
        threads = eight_occlusions(WorkerPool(slots), order)
        until(lambda: len(slots._patient) == 1)
        threads.append(begun(single_pass))
        until(lambda: len(slots._patient) == 2)
    for thread in threads:
        thread.join(60)
    assert order.index("pass") == 1
    assert len(order) == 8 * 20 + 1


def test_occlusions_of_eight_visitors_advance_together():
    slots, order = FairSlots(), []
    with slots.patient():
        threads = eight_occlusions(WorkerPool(slots), order)
    for thread in threads:
        thread.join(60)
    assert sorted(order[:16]) == sorted([*range(8)] * 2)
