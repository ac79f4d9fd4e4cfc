"""Runs several explainers on one radiograph and tells what happens, as it happens.

The page, the endpoints and the command line all run on `compare`. Each explainer runs by itself: whatever it raises or
returns, the others go on.
"""

import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np

from explainers.contract.context import Context
from explainers.contract.explainer import Explainer
from explainers.contract.explanation import Explanation, check_map
from explainers.contract.options import check_options
from explainers.errors import Cancelled, ExplainerError, OptionError, brief
from explainers.registry import Registry
from hub.errors import CxrLensError, names_hint

if TYPE_CHECKING:
    from cxr.predictor import Predictor
    from cxr.preparation import Prepared
    from cxr.reading.radiograph import Radiograph

log = logging.getLogger(__name__)

REMEMBERED = 32
"""Sets of maps that a `Memory` keeps: 14 findings on 27 × 27 cells take 40 kB."""


@dataclass(frozen=True)
class Started:
    """An explainer began."""

    explainer: str


@dataclass(frozen=True, eq=False)
class Progressed:
    """An explainer said how far it is: a fraction, in words what it does, and its map as far as it is known."""

    explainer: str
    fraction: float
    text: str
    preview: np.ndarray | None


@dataclass(frozen=True)
class Finished:
    """An explainer's answer."""

    explainer: str
    explanation: Explanation


@dataclass(frozen=True)
class Failed:
    """An explainer gave no usable map: a stable code, and a sentence for people."""

    explainer: str
    code: str
    reason: str


Event = Started | Progressed | Finished | Failed


class Memory:
    """Maps of all findings from explainers that compute them together, so that another finding costs nothing.

    Safe under threads. Keys hold digests, never pictures.
    """

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._kept: OrderedDict[tuple, tuple[np.ndarray, dict, dict]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple) -> tuple[np.ndarray, dict, dict] | None:
        """(maps of all labels, notes, passes) or None."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: tuple, value: tuple[np.ndarray, dict, dict]) -> None:
        """Keep a set of maps, in the place of the one that was used least recently."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)


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
    memory: Memory | None = None,
) -> Iterator[Event]:
    """Explain one finding's logit with each explainer in turn; yields events in the order in which things happen.

    finding    a finding's name, or "" for the one that is highest above its threshold
    options    {explainer: {option: value}}; defaults for the rest
    seed       a whole number from 0
    cancelled  asked between steps; once it says True, what runs ends, and it and the rest are reported as cancelled
    memory     keeps the maps of explainers that compute all findings together

    Raises OptionError for unknown explainers or options, or a wrong seed, and FindingError, at once, before anything
    runs. Closing the iterator cancels what runs.
    """
    from cxr.findings import check_finding

    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise OptionError(f"The seed must be a whole number from 0, not {seed!r}.")
    registry = registry or Registry.standard()
    classes = registry.find(list(dict.fromkeys(explainers)))
    finding = check_finding(finding, predictor.labels) if finding else predictor.predict(radiograph).default_finding()
    checked = _checked(classes, options or {}, predictor)
    prepared = predictor.prepare(radiograph)
    runs = [
        _Run(explainer, checked[explainer.name], predictor, radiograph, prepared, finding, seed, memory)
        for explainer in classes
    ]
    return _events(runs, cancelled or (lambda: False))


def _checked(
    classes: Sequence[type[Explainer]], options: Mapping[str, Mapping[str, Any]], predictor: "Predictor"
) -> dict[str, dict[str, Any]]:
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


def _events(runs: "Sequence[_Run]", cancelled: Callable[[], bool]) -> Iterator[Event]:
    """Each run in a thread of its own, one after another, so that its progress is seen while it works."""
    closed = threading.Event()

    def stop() -> bool:
        return closed.is_set() or cancelled()

    try:
        for run in runs:
            if stop():
                yield Failed(run.name, Cancelled.code, "The run was cancelled.")
                continue
            yield Started(run.name)
            happened: queue.SimpleQueue[Event | BaseException] = queue.SimpleQueue()
            threading.Thread(target=run.into, args=(happened, stop), name=f"explain-{run.name}", daemon=True).start()
            yield from _until_done(happened)
    finally:
        closed.set()


def _until_done(happened: "queue.SimpleQueue[Event | BaseException]") -> Iterator[Event]:
    while True:
        event = happened.get()
        if isinstance(event, BaseException):
            raise event
        yield event
        if not isinstance(event, Progressed):
            return


@dataclass(frozen=True)
class _Run:
    """One explainer on one input."""

    explainer: type[Explainer]
    options: Mapping[str, Any]
    predictor: "Predictor"
    radiograph: "Radiograph"
    prepared: "Prepared"
    finding: str
    seed: int
    memory: Memory | None

    @property
    def name(self) -> str:
        return self.explainer.name

    def into(self, happened: "queue.SimpleQueue[Event | BaseException]", stop: Callable[[], bool]) -> None:
        """Run, and put what happens into the queue; the last thing is Finished, Failed, or what ends the program."""
        try:
            explanation = self._explain(happened, stop)
        except CxrLensError as error:
            happened.put(Failed(self.name, error.code, str(error)))
        except Exception as error:
            log.exception("explainer %s failed", self.name)
            happened.put(Failed(self.name, ExplainerError.code, f"It raised {brief(error)}"))
        except BaseException as error:  # noqa: BLE001 - SystemExit and the like belong to the caller's thread
            happened.put(error)
        else:
            happened.put(Finished(self.name, explanation))

    def _explain(self, happened: "queue.SimpleQueue[Event | BaseException]", stop: Callable[[], bool]) -> Explanation:
        from cxr.engine.scheduler import cancel_when

        def report(fraction: float, text: str, preview: np.ndarray | None) -> None:
            happened.put(Progressed(self.name, fraction, text, preview))

        context = Context(
            self.predictor,
            self.radiograph,
            self.prepared,
            explainer=self.name,
            seed=self.seed,
            report=report,
            cancelled=stop,
        )
        begin = time.perf_counter()
        with cancel_when(context.check_cancelled):
            values, notes, passes = self._values(context)
        return Explanation(
            map=check_map(values, self.prepared.array.shape),
            finding=self.finding,
            explainer=self.name,
            title=self.explainer.title,
            options=dict(self.options),
            unit=self.explainer.unit,
            signed=self.explainer.signed,
            control=self.explainer.control,
            seed=self.seed,
            seconds=time.perf_counter() - begin,
            passes=passes,
            notes=notes,
            model=self.predictor.identity,
            input_digest=self.prepared.digest,
            frame=self.prepared.frame,
            versions={**versions(), "engine": self.predictor.engine},
        )

    def _values(self, context: Context) -> tuple[np.ndarray, dict, dict]:
        """(map, notes, passes), from memory where the explainer computes all findings together and has done so."""
        from cxr.pass_counts import count_passes

        together = self.explainer.explain_findings is not Explainer.explain_findings
        labels = self.predictor.labels
        # the class itself, since a plugin's file may have been loaded anew
        key = (self.predictor.identity, self.prepared.digest, self.explainer, repr(self.options), self.seed)
        if together and self.memory and (kept := self.memory.get(key)):
            maps, notes, passes = kept
            return maps[labels.index(self.finding)], notes, passes
        with count_passes() as counter:
            if together:
                # the finding that was asked for comes first: it is the one that is previewed
                order = [labels.index(self.finding), *(at for at, name in enumerate(labels) if name != self.finding)]
                found = self.explainer().explain_findings(context, [labels[at] for at in order], **self.options)
                maps = _in_order(np.asarray(found), order)
            else:
                maps = self.explainer().explain(context, self.finding, **self.options)
        passes = {"forward": counter.forward, "backward": counter.backward}
        if not together:
            return maps, context.notes, passes
        if self.memory:
            self.memory.put(key, (maps, context.notes, passes))
        return maps[labels.index(self.finding)], context.notes, passes


def _in_order(maps: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """The maps by label, from those of the labels in another order."""
    if maps.ndim != 3 or len(maps) != len(order):
        raise ExplainerError(f"The maps have the shape {maps.shape}; ({len(order)}, y, x) was expected.")
    return maps[np.argsort(order)]


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
