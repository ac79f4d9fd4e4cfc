"""Visitors' radiographs in memory: bounded, separate, forgotten."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from cxr import read_radiograph
from cxr.errors import RadiographError
from explainers.page import sessions as module
from explainers.page.downloads import _map
from explainers.page.sessions import Session, Sessions


def a_session(seed: int = 0) -> Session:
    return Session(read_radiograph(np.random.default_rng(seed).random((64, 64))), name="a radiograph")


def test_each_visitor_has_one_session():
    sessions = Sessions()
    first, second, other = a_session(1), a_session(2), a_session(3)
    sessions.open("ada", first)
    sessions.open("ada", second)
    sessions.open("bob", other)
    assert sessions.of("ada") is second
    assert sessions.of("bob") is other
    assert sessions.with_token(first.token) is None
    assert sessions.with_token(other.token) is other


@pytest.mark.parametrize("visitor", ["nobody", "", None])
def test_without_a_session_there_is_a_sentence(visitor):
    with pytest.raises(RadiographError, match="The session expired"):
        Sessions().of(visitor)


def test_the_one_not_used_for_longest_makes_room(monkeypatch):
    monkeypatch.setattr(module, "MOST_SESSIONS", 2)
    sessions = Sessions()
    for number, visitor in enumerate(("ada", "bob")):
        sessions.open(visitor, a_session(number))
    sessions.of("ada")
    sessions.open("eve", a_session(9))
    assert sessions.of("ada")
    assert sessions.of("eve")
    with pytest.raises(RadiographError):
        sessions.of("bob")


def test_memory_is_bounded_and_the_newest_always_fits(monkeypatch):
    sessions = Sessions()
    monkeypatch.setattr(module, "MOST_BYTES", a_session().size_bytes + 1)
    sessions.open("ada", a_session(1))
    sessions.open("bob", a_session(2))
    assert sessions.of("bob")
    with pytest.raises(RadiographError):
        sessions.of("ada")


def test_an_hour_without_use_ends_it(monkeypatch):
    sessions, now = Sessions(), module.time.monotonic()
    old = a_session()
    sessions.open("ada", old)
    monkeypatch.setattr(module.time, "monotonic", lambda: now + module.OLDEST_S + 60)
    sessions.open("bob", a_session(1))
    assert sessions.of("bob")
    sessions.sweep()
    assert sessions.with_token(old.token) is None
    assert sessions.of("bob")


def test_a_new_run_cancels_the_last_and_waits_for_it():
    each, order = a_session(), []
    begun = threading.Event()

    def first():
        with each.run() as run:
            begun.set()
            assert run.cancelled.wait(10)
            order.append("first ended")

    thread = threading.Thread(target=first)
    thread.start()
    begun.wait(10)
    with each.run() as run:
        order.append("second began")
        assert not run.cancelled.is_set()
    thread.join()
    assert order == ["first ended", "second began"]


def test_a_late_stop_ends_the_run_it_was_meant_for_and_no_other():
    each = a_session()
    with each.run("compare 1"):
        pass
    with each.run("compare 2") as run:
        each.cancel("compare 1")
        assert not run.cancelled.is_set()
        each.cancel("measure 2")
        assert not run.cancelled.is_set()
        each.cancel("compare 2")
        assert run.cancelled.is_set()


def test_a_run_that_was_stopped_while_it_waited_ends_as_it_begins():
    each = a_session()
    with each.run("compare 1") as first:
        each.cancel("compare 2")
        assert not first.cancelled.is_set()
    with each.run("compare 2") as run:
        assert run.cancelled.is_set()
    with each.run("compare 3") as run:
        assert not run.cancelled.is_set()


def test_closing_cancels_what_runs():
    sessions, each = Sessions(), a_session()
    sessions.open("ada", each)
    with each.run() as run:
        sessions.close("ada")
        assert run.cancelled.is_set()


def test_maps_are_bounded_and_can_be_replaced(monkeypatch):
    monkeypatch.setattr(module, "MOST_MAPS", 2)
    each = a_session()
    first = each.keep_map(np.zeros((2, 2)))
    second = each.keep_map(np.ones((2, 2)), first)
    assert each.map_at(first) is None
    assert each.map_at(second).tolist() == [[1, 1], [1, 1]]
    each.keep_map(np.ones((1, 1)))
    each.keep_map(np.ones((1, 1)))
    assert each.map_at(second) is None


def test_a_map_that_was_put_away_is_no_error():
    """A slow browser asks for partial maps that others have replaced; an error would stand in its console."""
    own = a_session()
    place = own.keep_map(np.array([[1.5, -2.0]]))

    def answer(place: str):
        return _map(own, SimpleNamespace(path_params={"place": place}))

    assert np.frombuffer(answer(place).body, "<f4").tolist() == [1.5, -2.0]
    own.keep_map(np.zeros((1, 1)), place)
    gone = answer(place)
    assert (gone.status_code, gone.body) == (204, b"")
