"""Runs several explainers on one radiograph and yields what happens, as it happens.

The page, the endpoints and the command line all run on `compare`. Each explainer runs by itself: whatever it raises or
returns, the others go on.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np

from cxr.errors import NotAvailable
from explainers.contract.context import Context
from explainers.contract.explainer import Explainer
from explainers.contract.explanation import Explanation, check_map, check_returned
from explainers.contract.needs import why_not_available
from explainers.contract.notes import checked_notes
from explainers.contract.options import check_options, deprecations
from explainers.errors import ExplainerError, OptionError
from explainers.registry import BUILTIN, Registry
from explainers.running.map_cache import CachedMaps, MapCache
from explainers.running.promises import Examined, broken_sum, disagreement
from explainers.running.stream import Job, stream
from hub.errors import names_hint

if TYPE_CHECKING:
    from cxr.predictor import Predictor
    from cxr.preparation import Prepared
    from cxr.reading.radiograph import Radiograph


@dataclass(frozen=True)
class Started:
    """An explainer began. `text` says what it costs at most, where passes are slow."""

    explainer: str
    text: str = ""


@dataclass(frozen=True, eq=False)
class Progressed:
    """An explainer reported progress: the fraction done, what it does in words, and its map so far."""

    explainer: str
    fraction: float
    text: str
    preview: np.ndarray | None


@dataclass(frozen=True)
class Finished:
    """An explainer's explanation."""

    explainer: str
    explanation: Explanation


@dataclass(frozen=True)
class Failed:
    """An explainer gave no usable map: a stable code, and a sentence for people."""

    explainer: str
    code: str
    reason: str


LOGIT = "logit"

USUAL_AREA = 224 * 224
"""Of an input in pixels, for which explainers state what they cost."""

FEW_PASSES = 16
"""Up to so many, nobody needs to know what they cost."""

Event = Started | Progressed | Finished | Failed


def compare(
    predictor: "Predictor",
    radiograph: "Radiograph",
    finding: str,
    explainers: Sequence[str],
    *,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    seed: int = 0,
    cancelled: Callable[[], bool] | None = None,
    registry: Registry | None = None,
    cache: MapCache | None = None,
    limit_s: float | None = None,
) -> Iterator[Event]:
    """Explain one finding's logit with each explainer in turn; yields events in the order in which things happen.

    finding    a finding's name, or "" for the one that is highest above its threshold
    options    {explainer: {option: value}}; the rest have their defaults
    seed       a whole number from 0
    cancelled  asked between steps; once it is true, the running explainer ends, and it and the rest are reported as
    cancelled
    cache      stores the maps of explainers that compute all findings together; runs of the same maps share one
    limit_s    seconds that each explainer may take; one that takes longer fails with TOO_SLOW, the others go on

    Raises OptionError for unknown explainers or options, or a wrong seed, and FindingError, at once, before anything
    runs. Closing the iterator cancels what runs.
    """
    from cxr.findings import check_finding

    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise OptionError(f"The seed must be a whole number from 0, not {seed!r}.")
    registry = registry or Registry.standard()
    classes = registry.find(list(dict.fromkeys(explainers)))
    finding = check_finding(finding, predictor.labels) if finding else predictor.predict(radiograph).default_finding()
    checked = checked_options(classes, options or {}, predictor)
    prepared = predictor.prepare(radiograph)
    origins = registry.origins
    jobs = [
        ExplainerJob(
            explainer,
            checked[explainer.name],
            predictor,
            radiograph,
            prepared,
            finding,
            seed,
            cache,
            limit_s,
            is_plugin=origins.get(explainer.name) != BUILTIN,
            # the built-in ones are checked by tests
            examined=None if origins.get(explainer.name) == BUILTIN else registry.examined,
        )
        for explainer in classes
    ]
    return stream(jobs, cancelled)


def checked_options(
    classes: Sequence[type[Explainer]], options: Mapping[str, Mapping[str, Any]], predictor: "Predictor"
) -> dict[str, dict[str, Any]]:
    """{explainer: {option: value}} with all options; OptionError for unknown explainers, options and values."""
    names = [explainer.name for explainer in classes]
    if not isinstance(options, Mapping) or not all(isinstance(each, Mapping) for each in options.values()):
        raise OptionError("Options are not of the form {explainer: {option: value}}.")
    for name in options:
        if name not in names:
            raise OptionError(f"There are options for {name!r}, which is not compared.", names_hint(str(name), names))
    return {
        explainer.name: check_options(
            explainer,
            options.get(explainer.name, {}),
            layers=predictor.layers,
            default_layer=predictor.target_layer,
        )
        for explainer in classes
    }


@dataclass(frozen=True)
class ExplainerJob(Job[Event]):
    """One explainer on one input."""

    explainer: type[Explainer]
    options: Mapping[str, Any]
    predictor: "Predictor"
    radiograph: "Radiograph"
    prepared: "Prepared"
    finding: str
    seed: int
    cache: MapCache | None
    limit_s: float | None
    is_plugin: bool
    examined: Examined | None = None

    @property
    def name(self) -> str:
        return self.explainer.name

    def started(self) -> Event:
        height, width = self.prepared.array.shape[:2]
        passes = round(self.explainer.most_passes * max(1.0, height * width / USUAL_AREA))
        return Started(self.name, self.predictor.cost(passes) if passes > FEW_PASSES else "")

    def failed(self, code: str, reason: str) -> Event:
        return Failed(self.name, code, reason)

    def compute(self, report: Callable[[Event], None], stop: Callable[[], bool]) -> Event:
        if reason := why_not_available(self.explainer, self.predictor):
            return self.failed(NotAvailable.code, reason)

        def report_progress(fraction: float, text: str, preview: np.ndarray | None) -> None:
            report(Progressed(self.name, fraction, text, preview))

        context = Context(
            self.predictor,
            self.radiograph,
            self.prepared,
            explainer=self.name,
            seed=self.seed,
            report=report_progress,
            cancelled=stop,
        )
        return Finished(self.name, self._explanation(context, stop))

    def _explanation(self, context: Context, stop: Callable[[], bool]) -> Explanation:
        options = self.explainer.options_in_effect(self.options, self.prepared.array.shape[:2])
        values, found, cached = self._map(context, options)
        values = check_map(values, self.prepared.array.shape)
        warnings = [*deprecations(self.explainer, options), *self._broken(values, options, found.notes, stop)]
        return Explanation(
            map=values,
            finding=self.finding,
            explainer=self.name,
            title=self.explainer.title,
            options=options,
            unit=unit_on(self.explainer.unit, self.predictor.config.unit),
            signed=self.explainer.is_signed(options),
            stochastic=self.explainer.is_stochastic(options),
            control=self.explainer.control,
            seed=self.seed,
            seconds=found.seconds,
            passes=found.passes,
            cached=cached,
            notes={**found.notes, "warnings": warnings} if warnings else found.notes,
            model=self.predictor.identity,
            input_digest=self.prepared.digest,
            frame=self.prepared.frame,
            versions={**versions(), "engine": self.predictor.engine},
        )

    def _broken(
        self, values: np.ndarray, options: Mapping[str, Any], notes: Mapping[str, Any], stop: Callable[[], bool]
    ) -> list[str]:
        """Sentences on what the map, or the plugin that it is from, promises and does not keep."""
        promised = notes.get("promised_sum")
        found = [broken_sum(values, promised.get(self.finding) if isinstance(promised, Mapping) else None)]
        together = self.explainer.explain_findings is not Explainer.explain_findings
        if self.examined is not None and together and not self.explainer.is_stochastic(options):
            again = Context(
                self.predictor, self.radiograph, self.prepared, explainer=self.name, seed=self.seed, cancelled=stop
            )
            found.append(disagreement(self.explainer, again, self.finding, options, values, self.examined))
        return [sentence for sentence in found if sentence]

    def _map(self, context: Context, options: Mapping[str, Any]) -> tuple[object, CachedMaps, bool]:
        """(the finding's map, its run, whether that run is from the cache)."""
        if self.explainer.explain_findings is Explainer.explain_findings:
            found = self._computed(context, lambda: self.explainer().explain(context, self.finding, **options))
            return found.maps, found, False
        place = self.predictor.labels.index(self.finding)
        # the class itself, since a plugin's file may have been reloaded
        key = (self.predictor.identity, self.prepared.digest, self.explainer, repr(options), self.seed)
        cache = self.cache or MapCache()
        with cache.turn(key, context.check_cancelled):
            if stored := cache.get(key):
                return stored.maps[place], stored, True
            found = self._computed(context, lambda: self._all_findings(context, options))
            cache.put(key, found)
        return found.maps[place], found, False

    def _computed(self, context: Context, compute: Callable[[], Any]) -> CachedMaps:
        from cxr.pass_counts import count_passes

        begin = time.perf_counter()
        with count_passes() as counter:
            maps = compute()
        passes = {"forward": counter.forward, "backward": counter.backward}
        return CachedMaps(maps, checked_notes(context.notes), passes, time.perf_counter() - begin)

    def _all_findings(self, context: Context, options: Mapping[str, Any]) -> np.ndarray:
        """(n, y, x) in the order of the labels."""
        labels = self.predictor.labels
        # the requested finding comes first, since its map is previewed
        order = [labels.index(self.finding), *(at for at, name in enumerate(labels) if name != self.finding)]
        maps = self.explainer().explain_findings(context, [labels[at] for at in order], **options)
        return _in_order(check_returned(maps, "explain_findings"), order)


def _in_order(maps: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """Maps in the order of the labels, from maps in the order `order`."""
    if maps.ndim != 3 or len(maps) != len(order):
        raise ExplainerError(f"The maps have the shape {maps.shape}; ({len(order)}, y, x) was expected.")
    return maps[np.argsort(order)]


def unit_on(unit: str, logit: str) -> str:
    """An explainer's unit on a network that calls its logit otherwise: "logit per input unit" of a class' logit."""
    return logit + unit.removeprefix(LOGIT) if unit.startswith(LOGIT) else unit


@cache
def versions() -> dict[str, str]:
    """Versions of what maps depend on, by distribution; read from metadata, nothing is imported."""
    found = {}
    for name in ("cxr-lens", "tensorflow", "keras", "numpy", "opencv-python-headless", "pillow"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
