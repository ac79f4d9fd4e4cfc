"""Runs measures on explanations and yields what happens, as it happens."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING

from explainers.contract.explanation import Explanation
from explainers.contract.measure import Measure, Measured, Subject
from explainers.contract.notes import checked_notes, plain_json
from explainers.errors import ExplainerError
from explainers.registry import BUILTIN, Registry
from explainers.running.stream import Job, stream

if TYPE_CHECKING:
    from cxr.frame import Box
    from cxr.predictor import Predictor
    from cxr.preparation import Prepared
    from cxr.reading.radiograph import Radiograph


@dataclass(frozen=True)
class Measuring:
    """A measure of an explanation is under way."""

    explainer: str
    measure: str
    fraction: float = 0.0
    text: str = ""


@dataclass(frozen=True, eq=False)
class MeasureDone:
    """A measure ended: its result, or a code and a sentence on why there is none."""

    explainer: str
    measure: str
    measured: Measured | None = None
    code: str = ""
    reason: str = ""
    seconds: float = 0.0

    def to_json(self) -> dict:
        """The result as JSON, without arrays."""
        if self.measured is None:
            return {"code": self.code, "reason": self.reason}
        found = self.measured
        return {
            "value": found.value,
            "sentence": found.sentence,
            "verdict": found.verdict,
            "compared_with": found.compared_with,
            "figures": dict(found.figures),
            "seconds": round(self.seconds, 3),
        }


Event = Measuring | MeasureDone


def measure(
    predictor: "Predictor",
    radiograph: "Radiograph",
    explanations: Sequence[Explanation],
    measures: Sequence[str],
    *,
    registry: Registry | None = None,
    box: "Box | None" = None,
    cancelled: Callable[[], bool] | None = None,
    shared: dict | None = None,
    limit_s: float | None = None,
    prepared: "Prepared | None" = None,
    more_boxes: "Sequence[Box]" = (),
) -> Iterator[Event]:
    """Measure each explanation in turn; yields what happens, in order.

    box        (top, left, height, width) in pixels of the radiograph, for measures of place
    cancelled  asked between steps; once it is true, the running measure ends, and it and the rest are reported as
    cancelled
    shared     stores what measures of the same radiograph have in common, from call to call
    limit_s    seconds that each measure may take; the registry may limit those of plugins to less
    prepared   the radiograph as the network sees it, where the caller has it
    more_boxes further boxes of the finding, which are one target with `box`

    Raises OptionError for an unknown measure, at once. A measure that fails is reported; the others go on. Closing the
    iterator ends the running measure at its next step.
    """
    registry = registry or Registry.standard()
    classes = registry.find_measures(list(dict.fromkeys(measures)))
    names = [explanation.explainer for explanation in explanations]
    explainers = dict(zip(names, registry.find(names), strict=True))
    prepared = prepared or predictor.prepare(radiograph)
    shared = {} if shared is None else shared

    jobs = [
        _MeasureJob(
            each,
            Subject(
                explanation,
                explainers[explanation.explainer],
                predictor,
                radiograph,
                prepared,
                box,
                shared,
                more_boxes=tuple(more_boxes),
            ),
            _shorter(limit_s, registry.measure_limit(each.name)),
            is_plugin=registry.snapshot().measure_origins.get(each.name) != BUILTIN,
        )
        for explanation in explanations
        for each in classes
    ]
    return stream(jobs, cancelled)


@dataclass(frozen=True, eq=False)
class _MeasureJob(Job[Event]):
    """One measure of one explanation."""

    measure: type[Measure]
    subject: Subject
    limit_s: float | None
    is_plugin: bool

    @property
    def name(self) -> str:
        return self.measure.name

    @property
    def explainer(self) -> str:
        return self.subject.explanation.explainer

    def started(self) -> Event:
        return Measuring(self.explainer, self.name)

    def failed(self, code: str, reason: str) -> Event:
        return MeasureDone(self.explainer, self.name, code=code, reason=reason)

    def compute(self, report: Callable[[Event], None], stop: Callable[[], bool]) -> Event:
        def report_progress(fraction: float, text: str) -> None:
            report(Measuring(self.explainer, self.name, fraction, text))

        begin = time.perf_counter()
        subject = replace(self.subject, report=report_progress, cancelled=stop)
        found = _as_json(check_measured(self.measure().measure(subject)))
        return MeasureDone(self.explainer, self.name, found, seconds=time.perf_counter() - begin)


def check_measured(found: object) -> Measured:
    """The value that a measure returned. Raises ExplainerError if it is no Measured."""
    if found is None:
        raise ExplainerError("measure returned nothing (None).", "Is a `return` missing?")
    if not isinstance(found, Measured):
        raise ExplainerError(f"measure returned {type(found).__name__}.", "Return Measured(value, sentence).")
    return found


def _as_json(found: Measured) -> Measured:
    """The result in types that JSON can hold. Raises ExplainerError where it can't."""
    return replace(
        found,
        value=_finite(found.value),
        sentence=plain_json("sentence", str(found.sentence)),
        verdict=plain_json("verdict", str(found.verdict)),
        figures=checked_notes(found.figures),
        arrays=checked_notes(found.arrays),
    )


def _finite(value: object) -> float | None:
    """A figure as JSON has it: None where it isn't defined."""
    if value is None:
        return None
    if not isinstance(value, Real):
        raise ExplainerError(f"The value is of type {type(value).__name__}, not a number.")
    return float(value) if math.isfinite(value) else None


def _shorter(*limits_s: float | None) -> float | None:
    given = [each for each in limits_s if each is not None]
    return min(given) if given else None
