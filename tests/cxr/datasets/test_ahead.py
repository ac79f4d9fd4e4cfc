"""Working ahead: order, batches, failures, and how much is held."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from cxr.datasets import ahead
from cxr.datasets.ahead import batches, one_ahead
from cxr.errors import RadiographError


def picture(pixels: int = 1) -> SimpleNamespace:
    """Stands for a radiograph."""
    return SimpleNamespace(grey=np.zeros(pixels, np.uint8))


def test_radiographs_come_in_their_order_in_batches_of_the_asked_size():
    found = list(batches(range(10), lambda item: picture(item + 1), lambda read: read.grey.size, size=4))
    assert [[each.item for each in batch] for batch in found] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert [each.prepared for batch in found for each in batch] == list(range(1, 11))
    assert not list(batches([], picture, lambda read: read, size=4))


def test_a_radiograph_that_fails_is_an_error_of_its_own(caplog):
    def read(item):
        if item == 1:
            raise RadiographError("It is no picture.", "Give another.")
        if item == 2:
            raise ZeroDivisionError("a defect")
        return picture()

    (found,) = batches(range(4), read, lambda each: "prepared", size=4)
    assert [each.prepared for each in found] == ["prepared", None, None, "prepared"]
    assert found[1].error.cell() == {"code": "RADIOGRAPH", "sentence": "It is no picture. Give another."}
    assert found[2].error.code == "INTERNAL"
    assert "a defect" in caplog.text


def test_large_radiographs_make_smaller_batches_and_few_are_read_ahead(monkeypatch):
    monkeypatch.setattr(ahead, "MOST_PIXELS", 100)
    begun = []
    found = batches(range(50), lambda item: (begun.append(item), picture(60))[1], lambda read: read, size=16)
    assert len(next(found)) == 2, "120 pixels are more than 100"
    assert len(begun) < 12
    found.close()


def test_the_next_batch_is_computed_while_the_last_is_used():
    began = threading.Event()

    def compute(number):
        if number == 1:
            began.set()
        return 10 * number

    for number, answer in one_ahead([0, 1, 2], compute):
        assert answer.result() == 10 * number
        if number == 0:
            assert began.wait(10)


def test_an_answer_that_fails_is_raised_where_it_is_used():
    def compute(number):
        raise ValueError("no answer")

    ((_, answer),) = one_ahead([0], compute)
    with pytest.raises(ValueError, match="no answer"):
        answer.result()


def test_nothing_is_left_running_when_the_caller_goes_away():
    found = one_ahead(batches(range(100), lambda item: picture(), lambda read: read, size=4), len)
    next(found)
    found.close()
    names = ("reading", "scoring")
    import gc

    gc.collect()
    assert not [each for each in threading.enumerate() if each.name.startswith(names)]
