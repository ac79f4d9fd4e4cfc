"""The page after something changed behind it: a plugin's file was reloaded, a network left the memory."""

from types import SimpleNamespace

import pytest

from explainers import Explainer
from explainers.page.panels.comparison.run import Side
from explainers.page.panels.measures.run import _network_of


def side(explainer):
    predictor = SimpleNamespace(identity="network")
    return Side(predictor, {"mine": explainer}, {"mine": {}}, [0, 0, 1, 1], "Mass", "")


def test_a_reloaded_explainer_is_run_again():
    before, after = (type("Mine", (Explainer,), {"name": "mine"}) for _ in range(2))
    assert side(before).key("mine") == side(before).key("mine")
    assert side(before).key("mine") != side(after).key("mine")


@pytest.mark.parametrize("in_memory", [("one", "two", "three"), ("two", "three"), ()])
def test_a_map_is_measured_on_its_own_network_even_if_that_has_to_be_loaded_again(in_memory):
    networks = {name: SimpleNamespace(identity=SimpleNamespace(source=name)) for name in ("one", "two", "three")}
    state = SimpleNamespace(
        networks=SimpleNamespace(
            names=tuple(networks), loaded=lambda name: networks[name] if name in in_memory else None, find=networks.get
        )
    )
    for network in networks.values():
        assert _network_of(state, SimpleNamespace(model=network.identity)) is network
