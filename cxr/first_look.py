"""What a network says of a few synthetic chests: a wrong input rule shows in it, and nothing else does."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cxr.predictor import Predictor

CHESTS, SIDE = 3, 256
"""Synthetic chests that are scored, and their side in pixels."""

LEAST_SPREAD = 1e-4
"""Of scores of different pictures; below it the network does not look at its input."""

SATURATED = 1e-3
"""Distance from 0 or 1 below which a score is saturated."""

MOST_NAMED = 5


def first_look(predictor: "Predictor") -> list[str]:
    """Sentences: the input's range, the scores' ranges, and a warning for scores that no trained network gives."""
    from cxr.phantom import phantom

    radiographs = [phantom(number, size=SIDE).radiograph for number in range(CHESTS)]
    arrays = np.stack([predictor.prepare(each).array for each in radiographs])
    scores = np.array([[each.score for each in predictor.predict(of).findings] for of in radiographs])
    lowest, highest = scores.min(axis=0), scores.max(axis=0)
    named = [
        f"{label} {low:.2f} to {high:.2f}"
        for label, low, high in zip(predictor.labels[:MOST_NAMED], lowest, highest, strict=False)
    ]
    more = f" and {len(predictor.labels) - MOST_NAMED} more" if len(predictor.labels) > MOST_NAMED else ""
    ranges = f"{arrays.min():.3g} to {arrays.max():.3g}, mean {arrays.mean():.3g}"
    return [
        f"First look at {CHESTS} synthetic chests: the input ranges from {ranges}; scores of {', '.join(named)}{more}.",
        *_warnings(scores),
    ]


def _warnings(scores: np.ndarray) -> Iterator[str]:
    """scores: `(pictures, findings)`."""
    if np.ptp(scores, axis=0).max() < LEAST_SPREAD:
        yield "Warning: all pictures get the same scores. The input rule may be wrong, or the network untrained."
    elif (np.minimum(scores, 1 - scores) < SATURATED).all():
        yield "Warning: all scores are 0 or 1. The input rule may be wrong: its range is far from the one of training."
