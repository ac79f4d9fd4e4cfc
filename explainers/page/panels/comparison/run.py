"""Running a comparison: the sides that are compared, and what the browser shows of them while they are computed."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cxr.findings import check_finding
from cxr.predictor import Predictor
from explainers.contract.explainer import Explainer
from explainers.contract.explanation import Explanation
from explainers.contract.options import check_options
from explainers.errors import Cancelled
from explainers.map_statistics import on_grid, spearman
from explainers.page import worked_case
from explainers.page.error_boundary import ErrorMessage, error_message
from explainers.page.panels.comparison.agreement import agreement_value
from explainers.page.panels.comparison.request import CompareRequest
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
    def of(
        cls,
        state: AppState,
        session: Session,
        request: CompareRequest,
        model: str,
        finding: str,
        *,
        beside: str = "",
    ) -> "Side":
        """The side of a network that is offered, "" for its highest finding; what is wrong is raised as it is found."""
        predictor = state.networks.find(model)
        prediction = session.prediction or predictor.predict(session.radiograph)
        finding = check_finding(finding, predictor.labels) if finding else prediction.default_finding()
        classes = {explainer.name: explainer for explainer in state.registry.find(request.names)}
        options = {
            name: check_options(
                explainer,
                request.options.get(name, {}),
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

    correlations  rank correlation of an explainer's two maps, where both are there and cover the same part
    """

    request: CompareRequest
    session: Session
    finding: str
    panels: dict[str, dict] = field(init=False)
    crop: list[float] = field(default_factory=list)
    correlations: dict[str, float] = field(default_factory=dict)
    _previews: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        names = [panel_name(name, beside) for beside in ("", *self.request.beside) for name in self.request.names]
        self.panels = {name: {"state": "waiting"} for name in names}

    def recall(self, side: Side) -> list[str]:
        """Show what this session was asked for before; the explainers that have to run."""
        missing = []
        for name in self.request.names:
            if known := self.session.recall(side.key(name)):
                self._show(side, name, *known)
            else:
                missing.append(name)
        return missing

    def fail(self, beside: str, error: ErrorMessage) -> None:
        """Say on every panel of the second side why it can't be shown."""
        for name in self.request.names:
            self.panels[panel_name(name, beside)] = {"state": "failed", "code": error.code, "reason": error.sentence}

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
            self.panels[panel] = {"state": "running", "fraction": None, "text": event.text}
        elif isinstance(event, Progressed):
            self.panels[panel] |= {"fraction": event.fraction, "text": event.text}
            if event.preview is not None:
                self._preview(side, event.explainer, event.preview)

    def to_json(self, *, done: bool) -> dict:
        """As the browser gets it; a copy, since Gradio sends the difference to the last one."""
        return {
            "run": self.request.run,
            "token": self.session.token,
            "finding": self.finding,
            "done": done,
            "panels": {name: dict(panel) for name, panel in self.panels.items()},
            "correlations": dict(self.correlations),
            "agreement": agreement_value(self.session, self.crop) if done else None,
        }

    def _show(self, side: Side, name: str, place: str, explanation: Explanation) -> None:
        self.session.shown[side.panel(name)] = explanation
        self.crop = self.crop or side.crop
        self.panels[side.panel(name)] = {
            "state": "done",
            "map": place,
            "crop": side.crop,
            **explanation_shown(explanation),
        }
        first = self.session.shown.get(name)
        if side.beside and first is not None and self.panels[name].get("crop") == side.crop:
            self.correlations[name] = _correlation(first.map, explanation.map)

    def _preview(self, side: Side, explainer: str, values: np.ndarray) -> None:
        name = side.panel(explainer)
        rows, columns = values.shape
        kept = self._previews[name]
        kept.append(self.session.keep_map(values, kept.pop(0) if len(kept) == LATE_PREVIEWS else None))
        self.panels[name]["preview"] = {"map": kept[-1], "rows": rows, "columns": columns, "crop": side.crop}


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
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
        "cached": explanation.cached,
        "passes": dict(explanation.passes),
        "warnings": list(explanation.notes.get("warnings", ())),
    }


def run_comparison(state: AppState, session: Session, request: CompareRequest) -> Iterator[dict]:
    """Run a comparison of a session; yields the whole screen each time something happened."""
    stored = worked_comparison(state, session, request)
    if stored is not None:
        yield stored
        return
    first = Side.of(state, session, request, request.networks[0], request.finding)
    with session.run(run_name("compare", request.run)) as run:
        session.shown.clear()
        screen = Screen(request, session, first.finding)
        yield from _run_side(state, screen, first, run)
        for beside in request.beside:
            model, finding = (request.networks[0], beside) if request.second else (beside, first.finding)
            try:
                other = Side.of(state, session, request, model, finding, beside=beside)
            except CxrLensError as error:
                screen.fail(beside, error_message(error))
            else:
                yield from _run_side(state, screen, other, run)
        yield screen.to_json(done=True)


def _run_side(state: AppState, screen: Screen, side: Side, run: Run) -> Iterator[dict]:
    """One side of a comparison: what is known already, and what has to be computed, as it comes."""
    missing = screen.recall(side)
    yield screen.to_json(done=False)
    if not missing:
        return
    events = compare(
        side.predictor,
        screen.session.radiograph,
        side.finding,
        cheapest_first(missing, side.classes),
        options={name: side.options[name] for name in missing},
        seed=SEED,
        cancelled=run.cancelled.is_set,
        registry=state.registry,
        cache=state.memory,
        limit_s=state.settings.limits.explanation_s,
    )
    last_sent = 0.0
    for event in events:
        screen.take(side, event)
        if isinstance(event, Progressed) and time.monotonic() - last_sent < SHORTEST_WAIT_S:
            continue
        last_sent = time.monotonic()
        yield screen.to_json(done=False)


def cheapest_first(names: Iterable[str], classes: Mapping[str, type[Explainer]]) -> list[str]:
    """By declared cost, so that no quick map waits for a slow one; equal costs stay in order."""
    return sorted(names, key=lambda name: classes[name].most_passes)


def worked_comparison(state: AppState, session: Session, request: CompareRequest) -> dict | None:
    """The stored comparison of the worked case, if just that is asked for; needs no network."""
    case, registry = session.worked_case, state.registry
    if case is None or request.beside or request.finding not in ("", case.finding):
        return None
    if not worked_case.applies(case, state.networks, state.networks.name_of(request.networks[0])):
        return None
    stored = {each.explainer: each for each in case.explanations}
    default = {name: defaults_of(registry.explainers[name]) for name in request.names if name in registry.explainers}
    changed = any(request.options.get(name, {}).get(option, value) != value
                  for name, options in default.items() for option, value in options.items())  # fmt: skip
    if changed or not set(request.names) <= set(stored):
        return None
    session.shown.clear()
    screen = Screen(request, session, case.finding)
    screen.crop = list(frame_on(displayed(session.radiograph).shape, case.explanations[0].frame).crop)
    for name in request.names:
        explanation = stored[name]
        session.shown[name] = explanation
        shown = explanation_shown(explanation)
        screen.panels[name] = {"state": "done", "map": session.keep_map(explanation.map), "crop": screen.crop, **shown}
    return screen.to_json(done=True)


def defaults_of(explainer: type[Explainer]) -> dict[str, Any]:
    """The default of each option."""
    return {option.name: option.default for option in explainer.options()}
