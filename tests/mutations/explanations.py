"""Explanations of planted networks that measures are compared on: right, noisy, wrong, empty, negative."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np

from explainers.contract.explanation import Explanation
from explainers.contract.measure import Subject
from explainers.kit.explainer_runner import network
from explainers.registry import Registry
from explainers.running.comparison import Finished, compare


@cache
def _registry() -> Registry:
    return Registry.standard()


@cache
def _explained(explainer: str, options: tuple, finding: str, kind: str, scale: float) -> tuple[Explanation, Subject]:
    from cxr.planted_network import Disc, picture

    on = network(kind, **({"scale": scale} if kind == "planted" else {"seed": 11}))
    radiograph = picture(Disc(22.0, 66.0), Disc(44.0, 20.0, bright=False), seed=3)
    given = {explainer: dict(options)} if options else {}
    *_, done = compare(on, radiograph, finding, [explainer], options=given, registry=_registry())
    assert isinstance(done, Finished), done
    subject = Subject(
        done.explanation, _registry().explainers[explainer], on, radiograph, on.prepare(radiograph),
        (18.0, 60.0, 9.0, 14.0),
    )  # fmt: skip
    return done.explanation, subject


def explanations() -> Iterator[Subject]:
    """A new subject of each, since measures may draw random numbers."""
    cases = [
        ("grad_cam", (("layer", "relu"),), "Mass", "planted", 1.0),
        ("grad_cam", (("layer", "relu"),), "Nodule", "planted", 2.0),
        ("grad_cam", (("layer", "relu"),), "Effusion", "randomised", 1.0),
        ("integrated_gradients", (), "Mass", "planted", 1.0),
        ("saliency", (), "Nodule", "randomised", 1.0),
        ("random_map", (), "Mass", "planted", 1.0),
    ]
    for case in cases:
        explanation, subject = _explained(*case)
        yield replace(subject)
        noise = np.random.default_rng(1).normal(size=explanation.map.shape).astype(np.float32)
        yield replace(subject, explanation=replace(explanation, map=explanation.map + noise * explanation.map.std()))
    explanation, subject = _explained(*cases[0])
    for values in (0 * explanation.map, -np.abs(explanation.map) - 1, np.ones((3, 5), np.float32)):
        yield replace(subject, explanation=replace(explanation, map=values))
    yield replace(subject, box=None)
