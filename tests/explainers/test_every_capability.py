"""Every built-in explainer on networks that give more and more: a map, or the reason why there is none."""

import numpy as np
import pytest

from cxr.capabilities import ATTENTIONS, CAPABILITIES
from cxr.own_preparation import OwnPreparation
from cxr.phantom import phantom
from cxr.predictor import Predictor
from explainers import Registry, compare
from explainers.contract.needs import needs_of
from explainers.plugin_network import METHODS, predictor_of
from explainers.running.comparison import Failed, Finished
from tests.plugins.networks.small_networks import CELLS, Layered, Scorer

OPTIONS = {
    "occlusion": {"patch": 8, "stride": 8},
    "rise": {"most": 256, "agreement": 0.5},
    "integrated_gradients": {"steps": 8},
    "expected_gradients": {"draws": 16},
    "smoothgrad": {"samples": 8},
}
"""The least work that each allows."""


class Attending(Scorer):
    """A scorer of one block and one head, whose 16 tokens each look at the next one."""

    name, token_grid, special_tokens = "attending", (CELLS, CELLS), 0

    def attentions(self, batch, output):
        weights = np.tile(np.roll(np.eye(CELLS**2), 1, axis=1), (len(batch), 1, 1, 1, 1))
        return weights, weights


class OnlyLayers(Scorer):
    """Activations, and no gradients."""

    name, layers, activations = "only_layers", ["cells"], Layered.activations


class OnlyTheInput(Scorer):
    """Gradients of the input, and no layers."""

    name, input_gradient = "only_the_input", Layered.input_gradient


class WithoutTheRest(Layered):
    """Layers and gradients, but not the part after a layer, and no random weights."""

    name, forward_from, randomised = "without_the_rest", Scorer.forward_from, Scorer.randomised


class Everything(Layered, Attending):
    """All that a network can give."""

    name = "everything"


NETWORKS = (Scorer, Attending, OnlyLayers, OnlyTheInput, WithoutTheRest, Layered, Everything)


def with_average_maps(network, *, source: str) -> Predictor:
    made = predictor_of(network, source=source)
    maps = {label: np.ones((2, 2), np.float32) for label in made.labels}
    assert isinstance(made.rule, OwnPreparation)
    return Predictor(made._network, made.config, made.identity, average_maps=maps, rule=made.rule)


CASES = [*((each, predictor_of) for each in NETWORKS), (Everything, with_average_maps)]


@pytest.fixture(scope="module")
def registry():
    return Registry.standard()


@pytest.mark.parametrize(("network", "made"), CASES, ids=[f"{each.name}, {made.__name__}" for each, made in CASES])
def test_an_explainer_has_a_map_or_says_what_it_needs(registry, network, made):
    predictor = made(network, source="test")
    radiograph = phantom(seed=1, size=64, effusion=True).radiograph
    events = compare(predictor, radiograph, "Left", list(registry.explainers), registry=registry, options=OPTIONS)
    ends = {each.explainer: each for each in events if isinstance(each, Finished | Failed)}
    assert set(ends) == set(registry.explainers)
    for name, end in ends.items():
        lacking = [each for each in needs_of(registry.explainers[name]) if each not in predictor.capabilities]
        if lacking:
            assert isinstance(end, Failed)
            assert end.code == "NOT_AVAILABLE"
            assert all(CAPABILITIES[each] in end.reason for each in lacking)
        else:
            assert isinstance(end, Finished), end.reason
            assert np.isfinite(end.explanation.map).all()


def test_the_networks_give_every_capability_once_and_lack_it_once():
    given = [{each for each, method in METHODS.items() if network.defines(method)} for network in NETWORKS]
    assert set.union(*given) == set(METHODS)
    assert not set.intersection(*given)
    assert any(each == {ATTENTIONS} for each in given)
