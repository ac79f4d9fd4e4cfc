"""The bench: explanations of one finding side by side, appearing as they finish.

The browser gets each map once, as numbers, and draws it: view, opacity, colours and scale never come back here.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
import numpy as np

from cxr.findings import check_finding
from cxr.predictor import Predictor
from explainers.contract.explainer import Explainer
from explainers.contract.explanation import Explanation
from explainers.contract.options import check_options
from explainers.errors import Cancelled, OptionError
from explainers.map_statistics import on_grid, spearman
from explainers.page.component import asset, component
from explainers.page.error_boundary import ErrorMessage, error_message
from explainers.page.sessions import Run, Session, run_name
from explainers.page.state import AppState
from explainers.pictures import displayed
from explainers.pictures.overlay import frame_on
from explainers.running.comparison import Event, Failed, Finished, Progressed, Started, compare
from hub.errors import CxrLensError

SEED = 0

SHORTEST_WAIT_S = 0.2
"""Between two reports of progress: more often is nothing that a person sees, and each is a message to the browser."""

LATE_PREVIEWS = 4
"""Partial maps of a panel that are kept at once: a browser that lags behind may still fetch one that was replaced."""

MOST_EXPLAINERS = 24
MOST_NETWORKS = 2
"""Side by side: as many as are kept in memory."""


def build() -> gr.HTML:
    """The component; its value is what `compared` yields. It triggers `compare` and `cancel`."""
    return component("bench", asset("bench.html"), asset("bench.js"))


@dataclass(frozen=True)
class Wish:
    """What a visitor wants to see: a comparison, numbered by the browser so that it can tell answers apart.

    networks  the one whose scores are shown, and another beside it if that is wanted
    second    another finding beside the first, of the same network; "" for none. Never together with another network
    """

    number: int
    finding: str
    explainers: tuple[str, ...]
    options: Mapping[str, Mapping[str, Any]]
    networks: tuple[str, ...] = ("",)
    second: str = ""

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
        networks = given.get("networks", [""])
        if (
            not isinstance(networks, list)
            or not 0 < len(networks) <= 2
            or not all(isinstance(n, str) for n in networks)
        ):
            raise OptionError("The networks are not a list of one or two names.", "Load the page again.")
        networks, second = tuple(dict.fromkeys(networks)), given.get("second", "")
        if not isinstance(second, str) or (second and len(networks) > 1):
            raise OptionError("A finding stands beside one other finding, or one network.", "Load the page again.")
        return cls(number, finding, tuple(dict.fromkeys(explainers)), options, networks, second)

    @property
    def beside(self) -> tuple[str, ...]:
        """What the panels of the second side are called by: the other network, or the other finding."""
        return self.networks[1:] or ((self.second,) if self.second else ())


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a comparison: a finding of a network.

    crop      the part of the displayed picture that this network sees: (top, left, height, width)
    beside    what its panels are called by if it is the second side, else ""
    """

    predictor: Predictor
    classes: Mapping[str, type[Explainer]]
    options: Mapping[str, Mapping[str, Any]]
    crop: list[float]
    finding: str
    beside: str

    @classmethod
    def of(cls, state: AppState, session: Session, wish: Wish, model: str, finding: str, *, beside: str = "") -> "Side":
        """The side of a network that is offered, "" for its highest finding; what is wrong is raised as it is found."""
        predictor = state.networks.find(model)
        finding = check_finding(finding, predictor.labels) if finding else session.prediction.default_finding()
        classes = {explainer.name: explainer for explainer in state.registry.find(wish.explainers)}
        options = {
            name: check_options(
                explainer,
                wish.options.get(name, {}),
                layers=predictor.layers,
                default_layer=predictor.target_layer,
            )
            for name, explainer in classes.items()
        }
        frame = frame_on(displayed(session.radiograph).shape, predictor.prepare(session.radiograph).frame)
        return cls(predictor, classes, options, list(frame.crop), finding, beside)

    def panel(self, explainer: str) -> str:
        """Name of the panel of an explainer on this side."""
        return panel_name(explainer, self.beside)

    def key(self, explainer: str) -> tuple:
        """What an explanation depends on, within a session."""
        # the class, too: a plugin's file may have been reloaded
        options = tuple(sorted(self.options[explainer].items()))
        return self.predictor.identity, self.finding, self.classes[explainer], options, SEED


def panel_name(explainer: str, beside: str = "") -> str:
    """`grad_cam`; `grad_cam@medmae` or `grad_cam@Mass` for the network or the finding that stands beside."""
    return f"{explainer}@{beside}" if beside else explainer


@dataclass(eq=False)
class Screen:
    """The comparison as the browser shows it, changed by what happens.

    alike  rank correlation of an explainer's two maps, where both are there and cover the same part of the picture
    """

    wish: Wish
    session: Session
    finding: str
    panels: dict[str, dict] = field(init=False)
    alike: dict[str, float] = field(default_factory=dict)
    _previews: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        names = [panel_name(name, beside) for beside in ("", *self.wish.beside) for name in self.wish.explainers]
        self.panels = {name: {"state": "waiting"} for name in names}

    def recall(self, side: Side) -> list[str]:
        """Show what this session was asked for before; the explainers that have to run."""
        missing = []
        for name in self.wish.explainers:
            if known := self.session.recall(side.key(name)):
                self._show(side, name, *known)
            else:
                missing.append(name)
        return missing

    def fail(self, beside: str, said: ErrorMessage) -> None:
        """Say on every panel of the second side why it can't be shown."""
        for name in self.wish.explainers:
            self.panels[panel_name(name, beside)] = {"state": "failed", "code": said.code, "reason": said.sentence}

    def take(self, side: Side, event: Event) -> None:
        """Change the panel that an event is about."""
        panel = side.panel(event.explainer)
        if isinstance(event, Finished):
            place = self.session.remember(side.key(event.explainer), event.explanation)
            self._show(side, event.explainer, place, event.explanation)
        elif isinstance(event, Failed):
            state = "cancelled" if event.code == Cancelled.code else "failed"
            self.panels[panel] = {"state": state, "code": event.code, "reason": event.reason}
        elif isinstance(event, Started):
            self.panels[panel] = {"state": "running", "fraction": None, "text": ""}
        elif isinstance(event, Progressed):
            self.panels[panel] |= {"fraction": event.fraction, "text": event.text}
            if event.preview is not None:
                self._preview(side, event)

    def to_json(self, *, done: bool) -> dict:
        """As the browser gets it; a copy, since Gradio sends the difference to the last one."""
        return {
            "run": self.wish.number,
            "token": self.session.token,
            "finding": self.finding,
            "done": done,
            "panels": {name: dict(panel) for name, panel in self.panels.items()},
            "alike": dict(self.alike),
        }

    def _show(self, side: Side, name: str, place: str, explanation: Explanation) -> None:
        self.session.shown[side.panel(name)] = explanation
        self.panels[side.panel(name)] = {
            "state": "done",
            "map": place,
            "crop": side.crop,
            **explanation_shown(explanation),
        }
        first = self.session.shown.get(name)
        if side.beside and first is not None and self.panels[name].get("crop") == side.crop:
            self.alike[name] = _alike(first.map, explanation.map)

    def _preview(self, side: Side, event: Progressed) -> None:
        name = side.panel(event.explainer)
        rows, columns = event.preview.shape
        kept = self._previews[name]
        kept.append(self.session.keep_map(event.preview, kept.pop(0) if len(kept) == LATE_PREVIEWS else None))
        self.panels[name]["preview"] = {"map": kept[-1], "rows": rows, "columns": columns, "crop": side.crop}


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    """Rank correlation of two maps of the same part of the picture, whatever their cells."""
    return spearman(on_grid(one), on_grid(other))


def explanation_shown(explanation: Explanation) -> dict:
    """An explanation as the browser needs it, but for its map and the part of the picture that the map covers."""
    rows, columns = explanation.map.shape
    return {
        "network": explanation.model.name,
        "source": explanation.model.source,
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


def compared(state: AppState, session: Session, wish: Wish) -> Iterator[dict]:
    """Run a comparison of a reading; yields the whole screen each time something happened."""
    first = Side.of(state, session, wish, wish.networks[0], wish.finding)
    with session.run(run_name("compare", wish.number)) as run:
        session.shown.clear()
        screen = Screen(wish, session, first.finding)
        yield from _explained(state, screen, first, run)
        for beside in wish.beside:
            model, finding = (wish.networks[0], beside) if wish.second else (beside, first.finding)
            try:
                other = Side.of(state, session, wish, model, finding, beside=beside)
            except CxrLensError as error:
                screen.fail(beside, error_message(error))
            else:
                yield from _explained(state, screen, other, run)
        yield screen.to_json(done=True)


def _explained(state: AppState, screen: Screen, side: Side, run: Run) -> Iterator[dict]:
    """One side of a comparison: what is known already, and what has to be computed, as it comes."""
    missing = screen.recall(side)
    yield screen.to_json(done=False)
    if not missing:
        return
    events = compare(
        side.predictor,
        screen.session.radiograph,
        side.finding,
        missing,
        options={name: side.options[name] for name in missing},
        seed=SEED,
        cancelled=run.cancelled.is_set,
        registry=state.registry,
        cache=state.memory,
    )
    told = 0.0
    for event in events:
        screen.take(side, event)
        if isinstance(event, Progressed) and time.monotonic() - told < SHORTEST_WAIT_S:
            continue
        told = time.monotonic()
        yield screen.to_json(done=False)


def refused(shown: ErrorMessage) -> dict:
    """What the bench shows when a comparison can't be begun."""
    return {"error": shown.to_json()}
