"""Maps of all findings that several visitors ask for at the same time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cxr import read_radiograph
from explainers import Registry, compare
from explainers.contract.context import Context
from explainers.errors import Cancelled
from explainers.running.map_cache import MapCache

VISITORS = 8
THREE = ("grad_cam", "occlusion", "saliency")
OPTIONS = {"occlusion": {"patch": 8, "stride": 8}}
"""Of the tiny network's input of 32 pixels: 16 windows."""


@pytest.fixture
def covered(monkeypatch):
    """How many windows each occlusion that began was asked for."""
    asked, occluded = [], Context.occluded_in_steps

    def counted(self, windows, fill):
        asked.append(len(windows))
        return occluded(self, windows, fill)

    monkeypatch.setattr(Context, "occluded_in_steps", counted)
    return asked


def compared(tiny, pictures, findings) -> list:
    """The occlusion of each visitor's three-way comparison; all of them begin together, and share a cache."""
    cache, registry, together = MapCache(), Registry.standard(), threading.Barrier(VISITORS, timeout=60)

    def run(picture, finding):
        together.wait()
        events = compare(tiny, picture, finding, THREE, options=OPTIONS, cache=cache, registry=registry)
        return {event.explainer: event.explanation for event in events if hasattr(event, "explanation")}

    with ThreadPoolExecutor(VISITORS) as visitors:
        found = list(visitors.map(run, pictures, findings))
    assert all(each.keys() == set(THREE) for each in found)
    return [each["occlusion"] for each in found]


def test_eight_visitors_of_the_same_picture_share_the_windows_of_one(tiny, covered):
    picture = read_radiograph(np.random.default_rng(3).random((64, 64)))
    findings = [tiny.labels[at % len(tiny.labels)] for at in range(VISITORS)]
    maps = compared(tiny, [picture] * VISITORS, findings)
    assert covered == [16]
    assert sum(not each.cached for each in maps) == 1
    for each in maps:
        (alone,) = (e.explanation for e in compare(tiny, picture, each.finding, ["occlusion"], options=OPTIONS)
                    if hasattr(e, "explanation"))  # fmt: skip
        assert np.array_equal(each.map, alone.map)


def test_visitors_of_different_pictures_share_nothing(tiny, covered):
    pictures = [read_radiograph(np.random.default_rng(seed).random((64, 64))) for seed in range(VISITORS)]
    maps = compared(tiny, pictures, ["Effusion"] * VISITORS)
    assert covered == [16] * VISITORS
    assert not any(each.cached for each in maps)


def test_a_run_that_waits_for_anothers_maps_can_be_cancelled_and_the_next_has_its_turn():
    cache, entered = MapCache(), []

    def cancelled():
        raise Cancelled("The run was cancelled.")

    def waiting():
        with pytest.raises(Cancelled), cache.turn("key", cancelled):
            entered.append("never")

    with cache.turn("key", lambda: None):
        thread = threading.Thread(target=waiting)
        thread.start()
        thread.join(60)
        with cache.turn("another key", cancelled):
            entered.append("another")
    with cache.turn("key", cancelled):
        entered.append("next")
    assert entered == ["another", "next"]


def test_a_run_that_fails_ends_its_turn():
    cache = MapCache()
    with pytest.raises(ZeroDivisionError), cache.turn("key", lambda: None):
        _ = 1 / 0
    with cache.turn("key", lambda: pytest.fail("it should not wait")):
        assert cache.get("key") is None
