"""Who computes when: told by what happened in which order, never by a clock."""

import threading
import time

import numpy as np
import pytest

from cxr.engine.turns import IN_A_ROW, Together, Turns


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
    turns, order = Turns(), []

    def patient(name):
        with turns.patient():
            order.append(name)

    def urgent(name):
        with turns.urgent(lambda: False):
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
    turns, order = Turns(), []

    def urgent():
        with turns.urgent(lambda: False):
            order.append("score")

    def patient():
        with turns.patient():
            order.append("slice")

    with turns.patient():
        threads = [begun(patient)]
        until(lambda: len(turns._patient) == 1)
        for number in range(2 * IN_A_ROW):
            threads.append(begun(urgent))
            until(lambda count=number + 1: turns._urgent == count)
    for thread in threads:
        thread.join(5)
    assert order.index("slice") == IN_A_ROW
    assert order.count("score") == 2 * IN_A_ROW


def test_one_computes_at_a_time():
    turns, inside, most = Turns(), [], []

    def work(number):
        for _ in range(20):
            with turns.patient() if number % 2 else turns.urgent(lambda: False):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)

    threads = [begun(work, number) for number in range(6)]
    for thread in threads:
        thread.join(10)
    assert len(most) == 120
    assert max(most) == 1


def test_a_turn_ends_when_its_work_fails():
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.patient():
        _ = 1 / 0
    with turns.urgent(lambda: False) as mine:
        assert mine


def test_pictures_that_wait_together_are_computed_together_and_equal_ones_once():
    turns, batches, answers = Turns(), [], {}

    def compute(batch):
        batches.append(len(batch))
        return batch.sum(axis=(1, 2)), -batch

    together = Together(turns, compute, most=4)

    def ask(number):
        answers[number] = together.ask(np.full((2, 2), number // 2, np.float32))

    with turns.patient():
        threads = [begun(ask, number) for number in range(12)]
        until(lambda: turns._urgent == 12)
    for thread in threads:
        thread.join(5)
    assert sorted(batches) == [2, 4]  # six pictures, each asked for twice
    for number, (total, negative) in answers.items():
        assert total.tolist() == [4 * (number // 2)]
        assert negative.tolist() == [[[-(number // 2)] * 2] * 2]


def test_everybody_who_waited_hears_of_a_failure():
    turns, heard = Turns(), []
    together = Together(turns, lambda batch: 1 / 0, most=4)

    def ask():
        try:
            together.ask(np.zeros((1, 1), np.float32))
        except ZeroDivisionError:
            heard.append("failed")

    with turns.patient():
        threads = [begun(ask) for _ in range(3)]
        until(lambda: turns._urgent == 3)
    for thread in threads:
        thread.join(5)
    assert heard == ["failed"] * 3
