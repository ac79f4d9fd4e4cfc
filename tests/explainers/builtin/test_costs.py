"""What each built-in declares to cost, against what it costs; the page computes the cheapest maps first."""

from functools import cache

import pytest

from explainers.kit.checks.behaviour import STARTER
from explainers.kit.explainer_runner import ExplainerRunner, network
from explainers.page.panels.comparison.run import cheapest_first
from explainers.registry import BUILTIN, Registry

REGISTRY = Registry.standard()
BUILT_IN = [
    name
    for name, origin in REGISTRY.origins.items()
    # the network has no attention
    if origin == BUILTIN and name in REGISTRY.explainers and name != "attention_relevance"
]


LONG = ("rise", "smoothgrad", "expected_gradients")
"""Built-ins whose passes on an input of that size take seconds."""


@cache
def passes(name: str) -> int:
    """Passes of a built-in on an input of the packaged network's size."""
    from cxr.planted_network import Disc, picture

    radiograph, predictor = picture(Disc(80.0, 150.0), size=STARTER), network(size=STARTER)
    return ExplainerRunner(REGISTRY.explainers[name]).run(radiograph, on=predictor).passes


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in BUILT_IN]
)
def test_a_built_in_declares_its_cost(name):
    explainer = REGISTRY.explainers[name]
    assert "most_passes" in vars(explainer)
    assert passes(name) <= explainer.most_passes <= max(4, 4 * passes(name))


def test_quick_maps_are_computed_before_slow_ones():
    order = cheapest_first(BUILT_IN, REGISTRY.explainers)
    assert set(order) == set(BUILT_IN)
    quick = [name for name in order if name not in LONG and passes(name) <= 10]
    assert order[: len(quick)] == quick
    assert order[-1] == "rise"
    assert cheapest_first(["occlusion", "saliency", "grad_cam"], REGISTRY.explainers) == [
        "saliency",
        "grad_cam",
        "occlusion",
    ]
