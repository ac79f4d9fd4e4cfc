"""A check of symmetry: the planted network sees a turned or transposed picture as the picture, so maps turn with it."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from explainers.kit.checks.arithmetic import choices
from explainers.kit.explainer_runner import ExplainerRunner, network
from explainers.kit.report import CheckFailed, NotApplicable

if TYPE_CHECKING:
    from cxr.reading.radiograph import Radiograph

RELATIVE = 2e-3
"""Of the largest value: by which a map of a turned picture may miss the turned map. Sums in another order round."""

ROUNDING = 1e-6
"""Largest value of a map below which it is rounding: as where gradients of both signs cancel."""


def symmetry(runner: ExplainerRunner) -> str:
    """The map of a transposed picture is the transposed map, and that of a picture turned by half the turned map."""
    from cxr.planted_network import SIZE

    tried = 0
    for settings in choices(runner):
        if runner.explainer.is_stochastic(runner.options(settings, network())):
            continue  # the random numbers do not turn with the picture
        maps = [runner.map(_picture(), on=network(stride=1), options=settings)]
        maps.append(runner.map(_changed(np.transpose), on=network(size=SIZE[::-1], stride=1), options=settings).T)
        maps.append(runner.map(_changed(_turned), on=network(stride=1), options=settings)[::-1, ::-1])
        _check_same(*maps)
        tried += 1
    if not tried:
        raise NotApplicable("Its random numbers do not turn with the picture.")
    return "maps turn with the picture"


def _picture() -> "Radiograph":
    """Two discs at places without symmetry."""
    from cxr.planted_network import Disc, picture

    return picture(Disc(22.0, 66.0), Disc(50.0, 35.0), seed=5)


def _changed(change: Callable[[np.ndarray], np.ndarray]) -> "Radiograph":
    """The picture with rows and columns moved."""
    radiograph = _picture()
    grey = np.ascontiguousarray(change(radiograph.grey))
    grey.flags.writeable = False
    rgb = np.stack([change(plane) for plane in np.moveaxis(radiograph.rgb, -1, 0)], axis=-1)
    return replace(radiograph, grey=grey, rgb=rgb)


def _turned(values: np.ndarray) -> np.ndarray:
    return values[::-1, ::-1]


def _check_same(own: np.ndarray, transposed: np.ndarray, turned: np.ndarray) -> None:
    scale = RELATIVE * max(float(np.abs(own).max()), ROUNDING)
    if own.shape != transposed.shape or np.abs(own - transposed).max() > scale:
        raise CheckFailed(
            "The map of the transposed picture is not the transposed map, though the network treats rows and columns "
            "alike. Look for rows and columns that are exchanged, or for one axis that is treated in another way."
        )
    if own.shape != turned.shape or np.abs(own - turned).max() > scale:
        raise CheckFailed(
            "The map of the picture turned by half is not the map turned by half. Look for a map that is shifted, for "
            "an index that is off by one, and for middles of cells that are not at (i + 0.5) ÷ n."
        )
