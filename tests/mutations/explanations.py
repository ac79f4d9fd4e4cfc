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
def _explained(
    explainer: str,
    options: tuple,
    finding: str,
    kind: str,
    scale: float,
    place: tuple[float, float] = (22.0, 66.0),
    margin: tuple[int, int] = (0, 0),
) -> tuple[Explanation, Subject]:
    from cxr.planted_network import SIZE, Disc, picture

    on = network(kind, **({"scale": scale, "margin": margin} if kind == "planted" else {"seed": 11}))
    (down, across), (height, width) = margin, SIZE
    discs = [Disc(place[0] + down, place[1] + across), Disc(44.0 + down, 20.0 + across, bright=False)]
    radiograph = picture(*discs, size=(height + 2 * down, width + 2 * across), seed=3)
    given = {explainer: dict(options)} if options else {}
    *_, done = compare(on, radiograph, finding, [explainer], options=given, registry=_registry())
    assert isinstance(done, Finished), done
    subject = Subject(
        done.explanation, _registry().explainers[explainer], on, radiograph, on.prepare(radiograph),
        (18.0 + down, 60.0 + across, 9.0, 14.0),
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
        ("grad_cam", (("layer", "relu"),), "Mass", "planted", 1.0, (22.0, 66.0), (16, 8)),
    ]
    later = [
        ("grad_cam", (("layer", "relu"),), "Nodule", "planted", 1.0),
        ("grad_cam", (("layer", "relu"),), "Mass", "planted", 1.0, (40.0, 60.0)),
    ]
    for case in cases:
        explanation, subject = _explained(*case)
        yield replace(subject, shared={})
        noise = np.random.default_rng(1).normal(size=explanation.map.shape).astype(np.float32)
        noisy = replace(explanation, map=explanation.map + noise * explanation.map.std())
        yield replace(subject, explanation=noisy, shared={})
    explanation, subject = _explained(*cases[0])
    for values in (0 * explanation.map, -np.abs(explanation.map) - 1, np.ones((3, 5), np.float32)):
        yield replace(subject, explanation=replace(explanation, map=values), shared={})
    yield replace(subject, box=None, shared={})
    shared: dict = {}
    for case in (cases[0], *later):  # another finding, and another picture, after the first
        yield replace(_explained(*case)[1], shared=shared)
