"""Explanations of the planted network, and the map that is true of a disc."""

import numpy as np

from explainers import Registry, compare
from explainers.running.comparison import Finished


def explanations(planted, picture, *names, options=None):
    events = compare(planted, picture, "Mass", names, options=options or {}, registry=Registry.standard())
    return [event.explanation for event in events if isinstance(event, Finished)]


def true_map(y: float = 22.0, x: float = 66.0) -> np.ndarray:
    """1 on the disc, 0 elsewhere, with a slope so small that no two squares are equal."""
    from cxr.planted_network import SIZE, Disc

    top, left, height, width = Disc(y, x).box
    values = 1e-6 * np.arange(SIZE[0] * SIZE[1]).reshape(SIZE)
    values[top : top + height, left : left + width] += 1
    return values
