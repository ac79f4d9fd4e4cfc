"""What each built-in declares to cost, against what it costs; the page computes the cheapest maps first."""

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


@pytest.fixture(scope="module")
def passes() -> dict[str, int]:
    """Passes of each built-in on an input of the packaged network's size."""
    from cxr.planted_network import Disc, picture

    radiograph, predictor = picture(Disc(80.0, 150.0), size=STARTER), network(size=STARTER)
    runners = {name: ExplainerRunner(REGISTRY.explainers[name]) for name in BUILT_IN}
    return {name: runner.run(radiograph, on=predictor).passes for name, runner in runners.items()}


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_declares_its_cost(name, passes):
    explainer = REGISTRY.explainers[name]
    assert "most_passes" in vars(explainer)
    assert passes[name] <= explainer.most_passes <= max(4, 4 * passes[name])


def test_quick_maps_are_computed_before_slow_ones(passes):
    order = cheapest_first(BUILT_IN, REGISTRY.explainers)
    assert set(order) == set(BUILT_IN)
    quick = [name for name in order if passes[name] <= 10]
    assert order[: len(quick)] == quick
    assert order[-1] == "rise"
    assert cheapest_first(["occlusion", "saliency", "grad_cam"], REGISTRY.explainers) == [
        "saliency",
        "grad_cam",
        "occlusion",
    ]
