"""How far to believe the maps on the screen: measures under each panel, and where the explainers agree."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from explainers.agreement import Agreement, agreement
from explainers.contract import Explanation
from explainers.errors import OptionError
from explainers.measuring import MeasureDone, Measuring, measure
from explainers.page.component import asset, component
from explainers.page.desk import Desk
from explainers.page.doors import Said
from explainers.page.readings import Reading, name_of_run
from explainers.pictures import displayed
from explainers.pictures.overlay import frame_on
from explainers.registry import Registry

QUICK = ("completeness", "finding_sensitivity", "head_stability", "relevance_gain")
"""Ticked at first: those that take seconds for most explainers."""

NEEDS_BOX = ("localisation",)


def build() -> gr.HTML:
    """The component; its value is what `measured` yields. It triggers `measure` and `cancel`."""
    return component("belief", asset("belief.html"), asset("belief.js"))


@dataclass(frozen=True)
class Wish:
    """Which measures a visitor wants of the explanations on the screen, numbered by the browser.

    panels    those that are still on the screen; empty for all that were compared last
    """

    number: int
    measures: tuple[str, ...]
    panels: tuple[str, ...] = ()

    @classmethod
    def from_event(cls, given: object, registry: Registry) -> "Wish":
        """From what a browser sent, which may be anything; OptionError says what is wrong with it."""
        number = given.get("run") if isinstance(given, Mapping) else None
        names = given.get("measures") if isinstance(given, Mapping) else None
        if not isinstance(number, int) or not isinstance(names, list) or not all(isinstance(n, str) for n in names):
            raise OptionError("The tests that were asked for did not arrive.", "Load the page again.")
        panels = given.get("panels", [])
        if not isinstance(panels, list) or not all(isinstance(each, str) for each in panels):
            raise OptionError("The maps to be tested are not a list of names.", "Load the page again.")
        registry.find_measures(names)
        return cls(number, tuple(dict.fromkeys(names)), tuple(panels))


def measured(desk: Desk, reading: Reading, wish: Wish) -> Iterator[dict]:
    """Measure what is shown; yields the whole state each time something happened."""
    with reading.run(name_of_run("measure", wish.number)) as run:
        shown = reading.still_shown(wish.panels)
        if not shown:
            raise OptionError("There is no map to test.", "Compare explanations first.")
        state: dict[str, Any] = {
            "run": wish.number,
            "token": reading.token,
            "done": False,
            "panels": {panel: {} for panel in shown},
            "agreement": _agreement_shown(desk, reading, shown),
        }
        yield _copy(state)
        for panel, explanation in shown.items():
            predictor = next(
                (each for name in desk.networks.names if (each := desk.networks.loaded(name)) is not None
                 and each.identity == explanation.model), None,
            )  # fmt: skip
            if predictor is None:
                continue
            events = measure(
                predictor,
                reading.radiograph,
                [explanation],
                wish.measures,
                registry=desk.registry,
                cancelled=run.cancelled.is_set,
                shared=reading.measured,
            )
            for event in events:
                if isinstance(event, MeasureDone):
                    reading.found(explanation, desk.registry.measures[event.measure].title, event)
                state["panels"][panel][event.measure] = _told(reading, desk, explanation, event)
                yield _copy(state)
                if run.cancelled.is_set():
                    return
        state["done"] = True
        yield _copy(state)


def _told(reading: Reading, desk: Desk, explanation: Explanation, event: Measuring | MeasureDone) -> dict:
    if isinstance(event, Measuring):
        return {"state": "running", "text": event.text, "fraction": event.fraction}
    if event.measured is None:
        return {"state": "silent" if event.code == "NOT_MEASURABLE" else "failed", "sentence": event.reason}
    found = event.measured
    told = {"state": "done", "value": found.value, "sentence": found.sentence, "verdict": found.verdict}
    unsettled = found.arrays.get("unsettled")
    if unsettled is not None:
        rows, columns = unsettled.shape
        place = reading.keep_map(unsettled.astype("float32"))
        told["hatched"] = {"map": place, "rows": rows, "columns": columns, "crop": _crop(reading, explanation)}
    return told


def _agreement_shown(desk: Desk, reading: Reading, shown: Mapping[str, Explanation]) -> dict | None:
    """The agreement between the panels of the network whose scores are shown; None for a single one."""
    own = [explanation for panel, explanation in shown.items() if "@" not in panel]
    if len(own) < 2:
        return None
    found: Agreement = agreement(own)
    titles = {name: each.title for name, each in desk.registry.explainers.items()}
    rows, columns = found.map.shape
    return {
        **found.to_json(),
        "titles": [titles[name] for name in found.names],
        "map": reading.keep_map(found.map),
        "rows": rows,
        "columns": columns,
        "crop": _crop(reading, own[0]),
    }


def _crop(reading: Reading, explanation: Explanation) -> list[float]:
    return list(frame_on(displayed(reading.radiograph).shape, explanation.frame).crop)


def _copy(state: dict) -> dict:
    """Gradio sends the difference to the last value, which therefore must not change."""
    return {**state, "panels": {panel: dict(measures) for panel, measures in state["panels"].items()}}


def refused(shown: Said) -> dict:
    """What is shown when nothing can be measured."""
    return {"error": shown.to_json()}
