"""Running the tests of the maps on the screen, one after another, the cheapest first."""

from collections.abc import Iterator
from itertools import product
from typing import Any

from cxr.predictor import Predictor
from explainers.contract.explanation import Explanation
from explainers.contract.measure import Measure
from explainers.errors import OptionError
from explainers.page.background_network import public_name
from explainers.page.panels.measures.request import MeasureRequest
from explainers.page.sessions import Run, Session, run_name
from explainers.page.state import AppState
from explainers.pictures import displayed
from explainers.pictures.overlay import frame_on
from explainers.running.measuring import MeasureDone, Measuring, measure
from hub.errors import CxrLensError

MARKS = {"unsettled": "hatched", "claims": "claims"}
"""Arrays of a measure that are drawn over the map's cells, and what the browser calls them."""


def run_measures(state: AppState, session: Session, request: MeasureRequest) -> Iterator[dict]:
    """Measure what is shown, the cheapest measure of all maps first; yields the whole state with each change."""
    with session.run(run_name("measure", request.run)) as run:
        shown = session.still_shown(request.panels)
        if not shown:
            raise OptionError("There is no map to test.", "Compare explanations first.")
        progress: dict[str, Any] = {
            "run": request.run,
            "token": session.token,
            "done": False,
            "panels": {panel: {} for panel in shown},
        }
        yield _copy(progress)
        measures = sorted(state.registry.find_measures(request.names), key=lambda each: each.most_passes)
        for kind, (panel, explanation) in product(measures, shown.items()):
            for event in _events(state, session, explanation, kind, run):
                if isinstance(event, MeasureDone):
                    session.found(explanation, kind.title, event)
                progress["panels"][panel][kind.name] = _outcome(session, explanation, event)
                yield _copy(progress)
                if run.cancelled.is_set():
                    return
        progress["done"] = True
        yield _copy(progress)


def _events(
    state: AppState, session: Session, explanation: Explanation, kind: type[Measure], run: Run
) -> Iterator[Measuring | MeasureDone]:
    """What happens while a map is measured; of a stored map, the stored result is all that does."""
    stored = session.worked_case.found(explanation, kind.name) if session.worked_case else None
    if stored is not None:
        yield stored
        return
    try:
        predictor = _network_of(state, explanation)
    except CxrLensError as error:
        yield MeasureDone(explanation.explainer, kind.name, code=error.code, reason=str(error))
        return
    yield from measure(
        predictor,
        session.radiograph,
        [explanation],
        [kind.name],
        registry=state.registry,
        cancelled=run.cancelled.is_set,
        shared=state.measurements.of(session, state.registry),
        limit_s=state.settings.limits.explanation_s,
    )


def _network_of(state: AppState, explanation: Explanation) -> Predictor:
    """The network that was explained. It is loaded again if others took its place in memory."""
    for name in state.networks.names:
        loaded = state.networks.loaded(name)
        if loaded is not None and loaded.identity == explanation.model:
            return loaded
    return state.networks.find(public_name(explanation.model.source))


def _outcome(session: Session, explanation: Explanation, event: Measuring | MeasureDone) -> dict:
    if isinstance(event, Measuring):
        return {"state": "running", "text": event.text, "fraction": event.fraction}
    if event.measured is None:
        return {"state": "silent" if event.code == "NOT_MEASURABLE" else "failed", "sentence": event.reason}
    found = event.measured
    outcome: dict[str, Any] = {
        "state": "done",
        "value": found.value,
        "sentence": found.sentence,
        "verdict": found.verdict,
        "comparedWith": found.compared_with,
    }
    for array, name in MARKS.items():
        if array in found.arrays:
            values = found.arrays[array]
            rows, columns = values.shape
            place = session.keep_map(values.astype("float32"))
            outcome[name] = {"map": place, "rows": rows, "columns": columns, "crop": _crop(session, explanation)}
    return outcome


def _crop(session: Session, explanation: Explanation) -> list[float]:
    return list(frame_on(displayed(session.radiograph).shape, explanation.frame).crop)


def _copy(state: dict) -> dict:
    """Gradio sends the difference to the last value, which therefore must not change."""
    return {**state, "panels": {panel: dict(measures) for panel, measures in state["panels"].items()}}
