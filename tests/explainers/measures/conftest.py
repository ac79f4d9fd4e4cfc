"""Explanations of planted networks, whose evidence is known."""

from collections.abc import Callable

import numpy as np
import pytest

from explainers import Explainer, Explanation, Registry, compare
from explainers.running.comparison import Finished
from explainers.running.measuring import MeasureDone, measure


class _Given(Explainer):
    """Shows the picture that it was given."""

    name, title, unit, values = "given", "Given", "mark", np.zeros((2, 2))

    def explain(self, context, finding):
        return self.values


class Plugin:
    """A plugin of one explainer."""

    def __init__(self, explainer) -> None:
        self.explainer = explainer

    from explainers import hookimpl

    @hookimpl
    def cxr_lens_explainers(self):
        return [self.explainer]


@pytest.fixture(scope="session")
def planted():
    """The network that knows discs."""
    from cxr.planted_network import planted

    return planted()


@pytest.fixture(scope="session")
def disc_picture():
    """A picture with a bright disc in the upper right and its box; two dark ones, which draw edges and mean nothing."""
    from cxr.planted_network import Disc, picture

    disc = Disc(22.0, 66.0)
    return picture(disc, Disc(44.0, 20.0, bright=False), Disc(16.0, 34.0, bright=False)), disc.box


@pytest.fixture
def measured(planted, disc_picture) -> Callable:
    """measured(measure, explainer or map, finding="Mass", **options) -> MeasureDone, on the planted network."""

    def run(name, explainer, finding="Mass", *, box=None, options=None):
        registry = Registry.standard()
        if not isinstance(explainer, str):
            given = explainer if isinstance(explainer, type) else type("Given", (_Given,), {"values": explainer})
            registry.register(Plugin(given))
            explainer = given.name
        explanation = explained(planted, disc_picture[0], explainer, finding, registry, options)
        *_, done = measure(planted, disc_picture[0], [explanation], [name], registry=registry, box=box)
        assert isinstance(done, MeasureDone)
        return done

    return run


def explained(predictor, radiograph, explainer, finding, registry, options=None) -> Explanation:
    given = {explainer: options} if options else {}
    *_, done = compare(predictor, radiograph, finding, [explainer], options=given, registry=registry)
    assert isinstance(done, Finished), done
    return done.explanation
