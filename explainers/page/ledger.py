"""The evidence ledger: the logit's exact sum over cells, and what covering the same squares of pixels does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import gradio as gr
import numpy as np

from cxr.errors import LayerError
from cxr.findings import display_name
from cxr.predictor import Predictor
from explainers.cam_sum import Ledger, ledger, logits_covered, ranks_agree
from explainers.errors import OptionError
from explainers.page.component import asset, component
from explainers.page.error_boundary import ErrorMessage
from explainers.page.sessions import Session
from explainers.page.state import AppState
from explainers.pictures import displayed
from explainers.pictures.overlay import frame_on


def build() -> gr.HTML:
    """The component; its value is what `reckoned` and `covered` yield. It triggers `reckon` and `cover`."""
    return component("ledger", asset("ledger.html"), asset("ledger.js"))


@dataclass(frozen=True)
class Wish:
    """The ledger of a network, numbered by the browser.

    cell  the one whose pixels are to be covered, counted row by row; None for each in turn
    """

    number: int
    model: str
    cell: int | None = None

    @classmethod
    def from_event(cls, given: object) -> "Wish":
        """From what a browser sent, which may be anything; OptionError says what is wrong with it."""
        if not isinstance(given, Mapping):
            raise OptionError("What the ledger is asked for did not arrive.", "Load the page again.")
        number, model, cell = given.get("run", 0), given.get("model", ""), given.get("cell")
        if not _whole(number) or not isinstance(model, str) or not (cell is None or _whole(cell)):
            raise OptionError("What the ledger is asked for is not of the expected form.", "Load the page again.")
        return cls(number, model, cell)


def reckoned(state: AppState, session: Session, wish: Wish) -> Iterator[dict]:
    """The ledger of all findings, or a sentence that this network has none."""
    predictor = state.networks.find(state.networks.name_of(wish.model))
    prepared = predictor.prepare(session.radiograph)
    told = {"kind": "ledger", "run": wish.number, "token": session.token, "model": wish.model}
    try:
        made = ledger(predictor, prepared)
    except LayerError as error:
        yield told | {"none": str(error)}
        return
    rows, columns = made.cells.shape[1:]
    crop = frame_on(displayed(session.radiograph).shape, prepared.frame).crop
    shown = {"layer": made.layer, "rows": rows, "columns": columns, "crop": list(crop)}
    yield told | shown | {"findings": _accounts(predictor, made)}


def covered(state: AppState, session: Session, wish: Wish) -> Iterator[dict]:
    """Each finding's logit with squares of pixels covered, as far as they are known; at the end how the ranks agree."""
    predictor = state.networks.find(state.networks.name_of(wish.model))
    prepared = predictor.prepare(session.radiograph)
    made = ledger(predictor, prepared)
    windows = made.windows
    if wish.cell is not None and not 0 <= wish.cell < len(windows):
        raise OptionError("There is no such cell.", "Choose one of those in the picture.")
    places = list(range(len(windows))) if wish.cell is None else [wish.cell]
    told = {"kind": "covered", "run": wish.number, "token": session.token, "model": wish.model, "whole": len(windows)}
    logits = np.empty((0, len(made.labels)), np.float32)
    for _, some in logits_covered(predictor, prepared, windows[places]):
        logits = np.concatenate([logits, some])
        done = len(logits) == len(places)
        agree = ranks_agree(made, logits) if done and wish.cell is None else {}
        yield told | {
            "done": done,
            "places": places[: len(logits)],
            "logits": {finding: _plain(logits[:, at]) for at, finding in enumerate(made.labels)},
            "agree": agree,
        }


def refused(said: ErrorMessage) -> dict:
    """What is shown when a ledger can't be asked for."""
    return {"error": said.to_json()}


def _accounts(predictor: Predictor, made: Ledger) -> dict[str, dict]:
    thresholds = predictor.config.thresholds
    return {
        finding: {
            "title": display_name(finding),
            "cells": _plain(made.cells[at].ravel()),
            "bias": float(made.bias[at]),
            "logit": float(made.logits[at]),
            "threshold": thresholds[finding].score if finding in thresholds else None,
            "provisional": finding in thresholds and thresholds[finding].provisional,
        }
        for at, finding in enumerate(made.labels)
    }


def _plain(values: np.ndarray) -> list[float]:
    return [float(each) for each in values]


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
