"""The logit as a sum over cells, and the scores with each cell's square covered."""

from collections.abc import Iterator

import numpy as np

from cxr.errors import LayerError
from cxr.findings import display_name
from cxr.predictor import Predictor
from explainers.cam_sum import CamSum, cam_sum, logits_covered, rank_correlations
from explainers.errors import OptionError
from explainers.page.panels.cam_sum.request import CamSumRequest
from explainers.page.sessions import Session
from explainers.page.state import AppState
from explainers.pictures import displayed
from explainers.pictures.overlay import frame_on


def add_up(state: AppState, session: Session, request: CamSumRequest) -> Iterator[dict]:
    """The sums of all findings, or a sentence that this network has none."""
    predictor = state.networks.find(state.networks.name_of(request.model))
    prepared = predictor.prepare(session.radiograph)
    header = {"kind": "sum", "run": request.run, "token": session.token, "model": request.model}
    try:
        made = cam_sum(predictor, prepared)
    except LayerError as error:
        yield header | {"none": str(error)}
        return
    rows, columns = made.cells.shape[1:]
    crop = frame_on(displayed(session.radiograph).shape, prepared.frame).crop
    shown = {"layer": made.layer, "rows": rows, "columns": columns, "crop": list(crop)}
    yield header | shown | {"findings": _sums(predictor, made, session.radiograph.view)}


def cover_cells(state: AppState, session: Session, request: CamSumRequest) -> Iterator[dict]:
    """Each finding's logit with squares of pixels covered, as far as they are known; at the end how the ranks agree."""
    predictor = state.networks.find(state.networks.name_of(request.model))
    prepared = predictor.prepare(session.radiograph)
    made = cam_sum(predictor, prepared)
    windows = made.windows
    if request.cell is not None and request.cell >= len(windows):
        raise OptionError("There is no such cell.", "Choose one of those in the picture.")
    places = list(range(len(windows))) if request.cell is None else [request.cell]
    answer = {
        "kind": "covered",
        "run": request.run,
        "token": session.token,
        "model": request.model,
        "whole": len(windows),
    }
    logits = np.empty((0, len(made.labels)), np.float32)
    for _, some in logits_covered(predictor, prepared, windows[places]):
        logits = np.concatenate([logits, some])
        done = len(logits) == len(places)
        agree = rank_correlations(made, logits) if done and request.cell is None else {}
        yield answer | {
            "done": done,
            "places": places[: len(logits)],
            "logits": {finding: _plain(logits[:, at]) for at, finding in enumerate(made.labels)},
            "agree": agree,
        }


def _sums(predictor: Predictor, made: CamSum, view: str) -> dict[str, dict]:
    points = {finding: each.of_view(view) for finding, each in predictor.config.thresholds.items()}
    return {
        finding: {
            "title": display_name(finding),
            "cells": _plain(made.cells[at].ravel()),
            "bias": float(made.bias[at]),
            "logit": float(made.logits[at]),
            "threshold": point.score if (point := points.get(finding)) else None,
            "provisional": bool(point and point.provisional),
        }
        for at, finding in enumerate(made.labels)
    }


def _plain(values: np.ndarray) -> list[float]:
    return [float(each) for each in values]
