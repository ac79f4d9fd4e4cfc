"""Trying a map's claims on its radiograph, beside the same trial of controls: what the measures of it share."""

from collections.abc import Iterator

import cv2
import numpy as np

from explainers.claims import (
    CONFIRMED,
    CONTRADICTED,
    DEPENDS,
    FILLS,
    Claims,
    Covering,
    Grid,
    Verdicts,
    on_grid_of,
    records,
)
from explainers.contract.measure import Measured, NotMeasurable, Subject
from explainers.contract.random_numbers import random_numbers

CENTRE_WIDTH = 0.25
"""Standard deviation of the control in the middle, as a share of the sides."""

MOSTLY, PARTLY = 0.9, 0.5
"""Shares of the claims from which a map is called confirmed, and partly confirmed."""


def verify(subject: Subject, *, most_cells: int | None, random_maps: int) -> Measured:
    """Cover the cells with the strongest claims and say what was confirmed, with the same figure of each control.

    most_cells   how many cells are tried, of the map and of each control; None for all that claim anything
    random_maps  random maps among the controls, whose mean share stands for them

    Raises NotMeasurable for a map that claims nothing.
    """
    context, finding = subject.context, subject.explanation.finding
    grid = Grid.of(subject.explanation.map.shape, context.input.shape[:2])
    claims = Claims.of(subject.explanation, context.input, grid)
    if not claims.weights.any():
        raise NotMeasurable("The map is zero everywhere and claims nothing.")
    covering = Covering(context, grid, subject.shared, (subject.predictor.identity, subject.prepared.digest))
    cells = claims.strongest(most_cells)
    controls = [(name, each, each.strongest(most_cells)) for name, each in _controls(subject, grid, random_maps)
                if each.weights.any()]  # fmt: skip
    confirmed = [tried for _, _, tried in controls]
    for number, fill in enumerate(FILLS, 1):
        # together: many windows at once take less time each. Of a control only the share confirmed is said, so that
        # a cell that one fill refutes needs no further fill
        covering.cover(np.concatenate([cells, *confirmed]), fill)
        confirmed = [covering.keeping(each, kept, fill, finding)
                     for (_, each, _), kept in zip(controls, confirmed, strict=True)]  # fmt: skip
        subject.progress(number / len(FILLS), f"fill {number} of {len(FILLS)}")
    shares: dict[str, list[float]] = {}
    for (name, each, tried), kept in zip(controls, confirmed, strict=True):
        shares.setdefault(name, []).append(float(each.weights[kept].sum() / each.weights[tried].sum()))
    means = {name: round(float(np.mean(each)), 4) for name, each in shares.items()}
    return _measured(grid, claims, covering.judge(claims, cells, finding), means)


def _controls(subject: Subject, grid: Grid, random_maps: int) -> Iterator[tuple[str, Claims]]:
    """Claims of maps that know nothing of the finding's evidence in this picture, on the same cells."""
    picture = subject.context.input
    # the same for all explanations of a radiograph, so that cells are covered once, and others for another radiograph
    rng = random_numbers(subject.explanation.seed, "verified", subject.prepared.digest)
    for _ in range(random_maps):
        yield "random", Claims.of_cells(rng.normal(size=grid.shape))
    grey = picture.mean(axis=-1, dtype=np.float64)
    across, down = (cv2.Sobel(grey, cv2.CV_64F, *way) for way in ((1, 0), (0, 1)))
    yield "edges", Claims.of_cells(grid.pooled(np.hypot(across, down)))
    rows, columns = ((np.arange(count) + 0.5) / count - 0.5 for count in grid.shape)
    yield "centre", Claims.of_cells(np.exp(-(rows[:, None] ** 2 + columns**2) / (2 * CENTRE_WIDTH**2)))
    average = subject.context.average_maps.get(subject.explanation.finding)
    if average is not None:
        yield "average map", Claims.of_cells(grid.pooled(subject.prepared.frame.map_to_input(average)))


def _measured(grid: Grid, claims: Claims, found: Verdicts, controls: dict[str, float]) -> Measured:
    part = float(found.weights.sum() / claims.weights.sum())
    others = ", ".join(f"{name} {share:.0%}" for name, share in controls.items())
    sentence = (
        f"Its {len(found.cells)} strongest cells hold {part:.0%} of what the map claims. Covering each confirms "
        f"{found.share(CONFIRMED):.0%} of that under every fill; {found.share(CONTRADICTED):.0%} is contradicted, and "
        f"{found.share(DEPENDS):.0%} depends on the fill. Controls on this picture are confirmed by: {others}."
    )
    figures = {
        **found.shares(),
        "cells_tried": len(found.cells),
        "share_of_claims_tried": round(part, 4),
        "grid": list(grid.shape),
        "fills": list(FILLS),
        "controls": controls,
        "cells": records(claims, found, grid),
    }
    share, best = found.share(CONFIRMED), max(controls.values())
    return Measured(
        share,
        sentence,
        "beats its controls" if share > best else "no better than controls",
        figures,
        {"claims": on_grid_of(found.cells, found.states, grid)},
        compared_with=f"best control: {best:.2g}",
    )
