"""The figures of one explanation on one target."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from explainers.benchmark.boxes import Boxed, ceilings
from explainers.benchmark.protocol import Entry, Protocol
from explainers.benchmark.rows import Row
from explainers.box_scores import SIDE, box_scores
from explainers.claims import CONFIRMED, CONTRADICTED, DEPENDS, Claims, Covering, Grid
from explainers.contract.random_numbers import random_numbers
from explainers.map_statistics import on_grid, spearman
from explainers.perturbation import with_noise
from explainers.removal import FILLS, relevance_gain, removal_curves, removal_order

if TYPE_CHECKING:
    from explainers.contract.explanation import Explanation
    from explainers.contract.measure import Subject

VERIFIED_CELLS = 12
"""Cells of each map whose claims are tried, those with the strongest."""


def figures_of_prior(occupancy: np.ndarray, boxed: Boxed) -> Row:
    """Of a map `(side, side)` over the whole picture that asks no network."""
    return box_scores(_on_square(occupancy), boxed.mask()) | {"seconds": 0, "forward": 0, "backward": 0}


def figures_of(subject: "Subject", protocol: Protocol, entry: Entry, place: int, boxed: Boxed, covered: dict) -> Row:
    """Of an explanation.

    place    of the target in the order of patients, which says how many of the costlier measures are taken
    covered  stores what claims of all explainers of a picture share
    """
    made, mask = subject.explanation, boxed.mask()
    row: dict[str, Any] = {**box_scores(_on_square(_whole(made)), mask)}
    height, width = made.frame.image_size
    crop = tuple(np.array(made.frame.crop) / [height, width, height, width])
    row["cap_pointing"], row["cap_iou"] = ceilings(mask, made.map.shape, crop)
    row |= {"seconds": round(made.seconds, 4), **made.passes}
    if place < protocol.relevance_gain_boxes:
        row |= _removal(subject, protocol.seed)
    if place < protocol.stability_boxes and not entry.boxes:
        row["stability"] = round(_stability(subject, protocol.seed), 6)
    if place < protocol.verified_boxes:
        row |= _claims(subject, covered)
    return row


def _removal(subject: "Subject", seed: int) -> dict[str, float]:
    made = subject.explanation
    order = removal_order(made.map, random_numbers(seed, "benchmark removal", made.input_digest))
    curves = removal_curves(subject.context, order)[..., subject.context.labels.index(made.finding)]
    gains = {f"removal_{fill}": round(relevance_gain(each), 6) for fill, each in zip(FILLS, curves, strict=True)}
    return {"relevance_gain": round(relevance_gain(curves), 6), **gains}


def _claims(subject: "Subject", covered: dict) -> dict[str, float]:
    """Shares of what the strongest cells claim that are confirmed, contradicted, or depend on the fill.

    Empty for a map that claims nothing.
    """
    picture, finding = subject.context.input, subject.explanation.finding
    grid = Grid.of(subject.explanation.map.shape, picture.shape[:2])
    claims = Claims.of(subject.explanation, picture, grid)
    if not claims.weights.any():
        return {}
    found = Covering(subject.context, grid, covered, (subject.prepared.digest,)).judge(
        claims, claims.strongest(VERIFIED_CELLS), finding
    )
    states = {"confirmed": CONFIRMED, "false_claims": CONTRADICTED, "fill_dependent": DEPENDS}
    return {name: round(found.share(state), 6) for name, state in states.items()}


def _whole(made: "Explanation") -> np.ndarray:
    """The map on the whole picture, however large it is: SIDE pixels are enough, NaN where the network did not look."""
    height, width = made.frame.image_size
    scale = np.array([SIDE / height, SIDE / width] * 2)
    frame = replace(made.frame, image_size=(SIDE, SIDE), crop=tuple(np.array(made.frame.crop) * scale))
    return frame.map_to_image(made.map)


def _on_square(values: np.ndarray) -> np.ndarray:
    """A map over the whole picture at SIDE × SIDE; NaN counts as zero."""
    if values.shape != (SIDE, SIDE):
        from cxr.frame import Frame

        values = Frame((SIDE, SIDE), (SIDE, SIDE), (0.0, 0.0, float(SIDE), float(SIDE))).map_to_input(values)
    return np.nan_to_num(values)


def _stability(subject: "Subject", seed: int) -> float:
    """Rank correlation with the map of the input under a small noise, the same for all maps of a picture."""
    picture = subject.context.input
    noisy = with_noise(picture, random_numbers(seed, "benchmark stability", subject.explanation.input_digest))
    return spearman(on_grid(subject.explanation.map), on_grid(subject.again(array=noisy)))
