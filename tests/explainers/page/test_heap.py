"""When the page collects garbage."""

from types import SimpleNamespace

import pytest

from explainers.page import heap
from explainers.page.background_network import BackgroundNetwork
from explainers.page.networks import Networks


@pytest.mark.parametrize(("names", "collections"), [(["a"], 0), (["a", "b"], 0), (["a", "b", "c"], 1)])
def test_garbage_is_collected_only_where_a_network_was_dropped(monkeypatch, tiny, names, collections):
    collected: list[int] = []
    monkeypatch.setattr(heap, "gc", SimpleNamespace(collect=lambda: collected.append(1)))

    def load(self):
        self._build(SimpleNamespace(build=lambda: None))
        return tiny

    monkeypatch.setattr(BackgroundNetwork, "_loaded_and_warm", load)
    networks = Networks(["a", "b", "c"])
    for name in names:
        networks.find(name)
        # a network that is being loaded is never dropped
        networks._by_name[name]._state = SimpleNamespace(state="ready")
    assert len(collected) == collections
