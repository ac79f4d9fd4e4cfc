"""The bench: explanations of one finding side by side, appearing as they finish.

The browser gets each map once, as numbers, and draws it: view, opacity, colours and scale never come back here.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from cxr.findings import check_finding
from explainers.comparison import Event, Failed, Finished, Progressed, Started, compare
from explainers.contract import Explanation, check_options
from explainers.errors import Cancelled, OptionError
from explainers.page.component import asset, component
from explainers.page.desk import Desk
from explainers.page.doors import Said
from explainers.page.readings import Reading
from explainers.pictures import displayed
from explainers.pictures.overlay import frame_on

SEED = 0

SHORTEST_WAIT_S = 0.2
"""Between two reports of progress: more often is nothing that a person sees, and each is a message to the browser."""

MOST_EXPLAINERS = 24


def build() -> gr.HTML:
    """The component; its value is what `compared` yields. It triggers `compare` and `cancel`."""
    return component("bench", asset("bench.html"), asset("bench.js"))


@dataclass(frozen=True)
class Wish:
    """What a visitor wants to see: a comparison, numbered by the browser so that it can tell answers apart."""

    number: int
    finding: str
    explainers: tuple[str, ...]
    options: Mapping[str, Mapping[str, Any]]

    @classmethod
    def from_event(cls, given: object) -> "Wish":
        """From what a browser sent, which may be anything; OptionError says what is wrong with it."""
        if not isinstance(given, Mapping):
            raise OptionError("The comparison's settings did not arrive.", "Load the page again.")
        number, finding = given.get("run", 0), given.get("finding", "")
        explainers, options = given.get("explainers", []), given.get("options", {})
        if not isinstance(number, int) or not isinstance(finding, str):
            raise OptionError("The comparison's settings are not of the expected form.", "Load the page again.")
        if not isinstance(explainers, list) or not all(isinstance(each, str) for each in explainers):
            raise OptionError("The explainers are not a list of names.", "Load the page again.")
        if not 0 < len(set(explainers)) <= MOST_EXPLAINERS:
            raise OptionError("No explainer is chosen.", f"Choose from one to {MOST_EXPLAINERS}.")
        if not isinstance(options, Mapping) or not all(isinstance(each, Mapping) for each in options.values()):
            raise OptionError("The options are not of the form {explainer: {option: value}}.", "Load the page again.")
        return cls(number, finding, tuple(dict.fromkeys(explainers)), options)


@dataclass(eq=False)
class Screen:
    """The comparison as the browser shows it, changed by what happens."""

    wish: Wish
    reading: Reading
    finding: str
    options: Mapping[str, Mapping[str, Any]]
    crop: list[float]
    panels: dict[str, dict] = field(init=False)

    def __post_init__(self) -> None:
        self.panels = {name: {"state": "waiting"} for name in self.wish.explainers}

    def key(self, explainer: str) -> tuple:
        """What an explanation depends on, within a reading."""
        return self.finding, explainer, tuple(sorted(self.options[explainer].items())), SEED

    def recall(self) -> None:
        """Show what this reading was asked for before."""
        for name in self.wish.explainers:
            if known := self.reading.recall(self.key(name)):
                self._show(name, *known)

    def missing(self) -> list[str]:
        """Explainers that have to run."""
        return [name for name, panel in self.panels.items() if panel["state"] == "waiting"]

    def take(self, event: Event) -> None:
        """Change the panel that an event is about."""
        if isinstance(event, Finished):
            place = self.reading.remember(self.key(event.explainer), event.explanation)
            self._show(event.explainer, place, event.explanation)
        elif isinstance(event, Failed):
            state = "cancelled" if event.code == Cancelled.code else "failed"
            self.panels[event.explainer] = {"state": state, "code": event.code, "reason": event.reason}
        elif isinstance(event, Started):
            self.panels[event.explainer] = {"state": "running", "fraction": None, "text": ""}
        elif isinstance(event, Progressed):
            self.panels[event.explainer] |= {"fraction": event.fraction, "text": event.text}
            if event.preview is not None:
                self._preview(event)

    def to_json(self, *, done: bool) -> dict:
        """As the browser gets it; a copy, since Gradio sends the difference to the last one."""
        return {
            "run": self.wish.number,
            "token": self.reading.token,
            "finding": self.finding,
            "done": done,
            "panels": {name: dict(panel) for name, panel in self.panels.items()},
        }

    def _show(self, name: str, place: str, explanation: Explanation) -> None:
        self.reading.shown[name] = explanation
        self.panels[name] = {"state": "done", "map": place, "crop": self.crop, **explanation_shown(explanation)}

    def _preview(self, event: Progressed) -> None:
        panel = self.panels[event.explainer]
        rows, columns = event.preview.shape
        preview = self.reading.keep_map(event.preview, panel.get("preview", {}).get("map"))
        panel["preview"] = {"map": preview, "rows": rows, "columns": columns, "crop": self.crop}


def explanation_shown(explanation: Explanation) -> dict:
    """An explanation as the browser needs it, but for its map and the part of the picture that the map covers."""
    rows, columns = explanation.map.shape
    return {
        "finding": explanation.finding,
        "unit": explanation.unit,
        "signed": explanation.signed,
        "control": explanation.control,
        "options": dict(explanation.options),
        "rows": rows,
        "columns": columns,
        "seconds": explanation.seconds,
        "passes": dict(explanation.passes),
    }


def compared(desk: Desk, reading: Reading, wish: Wish) -> Iterator[dict]:
    """Run a comparison of a reading; yields the whole screen each time something happened."""
    predictor = desk.network.find()
    finding = check_finding(wish.finding, predictor.labels) if wish.finding else reading.prediction.default_finding()
    options = {
        explainer.name: check_options(
            explainer,
            wish.options.get(explainer.name, {}),
            layers=predictor.layers,
            default_layer=predictor.target_layer,
        )
        for explainer in desk.registry.find(wish.explainers)
    }
    with reading.run() as run:
        reading.shown.clear()
        frame = frame_on(displayed(reading.radiograph).shape, predictor.prepare(reading.radiograph).frame)
        screen = Screen(wish, reading, finding, options, crop=list(frame.crop))
        screen.recall()
        missing = screen.missing()
        yield screen.to_json(done=not missing)
        if not missing:
            return
        events = compare(
            predictor,
            reading.radiograph,
            finding,
            missing,
            options={name: options[name] for name in missing},
            seed=SEED,
            cancelled=run.cancelled.is_set,
            registry=desk.registry,
            memory=desk.memory,
        )
        told = 0.0
        for event in events:
            screen.take(event)
            if isinstance(event, Progressed) and time.monotonic() - told < SHORTEST_WAIT_S:
                continue
            told = time.monotonic()
            yield screen.to_json(done=False)
        yield screen.to_json(done=True)


def refused(said: Said) -> dict:
    """What the bench shows when a comparison can't be begun."""
    return {"error": said.to_json()}
