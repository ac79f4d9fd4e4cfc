"""Ranking regions of one size by what covering each does to the logit: the visitor's, each map's, a guess, chance."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from cxr.fills import BoxFill, logits_without
from cxr.frame import Box
from cxr.prediction import sigmoid
from cxr.predictor import Predictor
from cxr.reading.radiograph import Radiograph
from explainers.contract.random_numbers import random_numbers
from explainers.errors import ExplainerError
from explainers.page.sessions import Session
from explainers.page.state import AppState
from explainers.running.comparison import Finished, compare

RANDOM_PLACES = 5

GRID = 128
"""Places along a side that are tried for a map's hottest region."""

GUESS = "average_map"
"""The control that stands for a guess: where maps of this finding are hottest on average over other patients."""


def box_in_pixels(box: Box, radiograph: Radiograph) -> Box:
    """A box in shares of the picture's sides, in pixels of the radiograph."""
    top, left, height, width = box
    return top * radiograph.height, left * radiograph.width, height * radiograph.height, width * radiograph.width


@dataclass(frozen=True)
class Region:
    """A region that is covered.

    kind   "yours", "map", "guess" or "random"
    panel  the map's panel, "" for the others
    box    top, left, height, width in shares of the picture
    """

    kind: str
    panel: str
    box: Box


def regions(state: AppState, session: Session, predictor: Predictor, finding: str, yours: Box) -> Iterator[Region]:
    """The visitor's region, and others of its size."""
    yield Region("yours", "", yours)
    size = yours[2:]
    for panel, explanation in dict(session.shown).items():
        if not explanation.control and explanation.finding == finding:
            place = hottest_place(explanation.on_image(), size)
            if place is not None:
                yield Region("map", panel, (*place, *size))
    guess = _guess(state, session, predictor, finding)
    place = None if guess is None else hottest_place(guess, size)
    if place is not None:
        yield Region("guess", "", (*place, *size))
    rng = random_numbers(0, "random regions", predictor.prepare(session.radiograph).digest)
    for _ in range(RANDOM_PLACES):
        top, left = rng.uniform(0, 1 - size[0]), rng.uniform(0, 1 - size[1])
        yield Region("random", "", (float(top), float(left), *size))


def hottest_place(values: np.ndarray, size: tuple[float, float]) -> tuple[float, float] | None:
    """Where a window of this size, in shares of the sides, has the largest positive sum; None for a map without any."""
    positive = np.nan_to_num(np.maximum(values, 0)).astype(np.float32)
    grid = cv2.resize(positive, (GRID, GRID), interpolation=cv2.INTER_AREA).astype(np.float64)
    if grid.max() <= 0:
        return None
    height, width = (min(GRID, max(1, round(GRID * share))) for share in size)
    sums = np.pad(grid.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    windows = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    row, column = np.unravel_index(int(windows.argmax()), windows.shape)
    return min(row / GRID, 1 - size[0]), min(column / GRID, 1 - size[1])


def _guess(state: AppState, session: Session, predictor: Predictor, finding: str) -> np.ndarray | None:
    """The map of the control that stands for a guess; None where this network has none."""
    if GUESS not in state.registry.explainers:
        return None
    try:
        events = compare(
            predictor,
            session.radiograph,
            finding,
            [GUESS],
            registry=state.registry,
            cache=state.memory,
            limit_s=state.settings.limits.explanation_s,
        )
        return next((event.explanation.on_image() for event in events if isinstance(event, Finished)), None)
    except ExplainerError:
        return None


def ranked(
    predictor: Predictor, radiograph: Radiograph, finding: str, boxes: list[Region], fill: BoxFill, *, frozen: bool
) -> list[dict]:
    """Each region with the score before and after, the largest fall of the logit first."""
    at = predictor.labels.index(finding)
    before = predictor.predict(radiograph)[finding]
    found = []
    for region in boxes:
        pixels = box_in_pixels(region.box, radiograph)
        logit = float(logits_without(predictor, radiograph, pixels, fill=fill, frozen=frozen)[at])
        found.append(
            {
                "kind": region.kind,
                "panel": region.panel,
                "box": list(region.box),
                "before": before.score,
                "after": sigmoid(logit),
                "change": logit - before.logit,
            }
        )
    return sorted(found, key=lambda each: each["change"])
