"""Runs measures on explanations and reports what happens, as it happens."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explainers.contract.explanation import Explanation
from explainers.contract.measure import Measure, Measured, Subject
from explainers.errors import ExplainerError, brief
from explainers.registry import Registry
from hub.errors import CxrLensError

if TYPE_CHECKING:
    from cxr.frame import Box
    from cxr.predictor import Predictor
    from cxr.reading.radiograph import Radiograph

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Measuring:
    """A measure of an explanation is under way."""

    explainer: str
    measure: str
    fraction: float = 0.0
    text: str = ""


@dataclass(frozen=True, eq=False)
class MeasureDone:
    """A measure's end: what it found, or a code and a sentence on why it found nothing."""

    explainer: str
    measure: str
    measured: Measured | None = None
    code: str = ""
    reason: str = ""
    seconds: float = 0.0

    def to_json(self) -> dict:
        """JSON without arrays."""
        if self.measured is None:
            return {"code": self.code, "reason": self.reason}
        found = self.measured
        return {
            "value": found.value,
            "sentence": found.sentence,
            "verdict": found.verdict,
            "figures": dict(found.figures),
            "seconds": round(self.seconds, 3),
        }


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
) -> Iterator[Measuring | MeasureDone]:
    """Measure each explanation in turn; yields what happens, in order.

    box     (top, left, height, width) in pixels of the radiograph, for measures of place
    shared  keeps what measures of the same radiograph have in common from call to call

    Raises OptionError for an unknown measure, at once. A measure that fails is reported; the others go on.
    """
    registry = registry or Registry.standard()
    classes = registry.find_measures(list(dict.fromkeys(measures)))
    prepared = predictor.prepare(radiograph)
    shared = {} if shared is None else shared

    def jobs() -> Iterator[Measuring | MeasureDone]:
        for explanation in explanations:
            for each in classes:
                subject = Subject(
                    explanation,
                    registry.explainers[explanation.explainer],
                    predictor,
                    radiograph,
                    prepared,
                    box,
                    shared,
                    cancelled=cancelled,
                )
                yield from _one(each, subject)

    return jobs()


def _one(measure: type[Measure], subject: Subject) -> Iterator[Measuring | MeasureDone]:
    """In a thread of its own, so that its progress is seen while it works."""
    name = subject.explanation.explainer
    happened: queue.SimpleQueue[Measuring | MeasureDone | BaseException] = queue.SimpleQueue()
    subject.report = lambda fraction, text: happened.put(Measuring(name, measure.name, fraction, text))
    yield Measuring(name, measure.name)
    begin = time.perf_counter()

    def run() -> None:
        try:
            found = measure().measure(subject)
            if not isinstance(found, Measured):
                raise ExplainerError(f"It returned {type(found).__name__}, not Measured.")
        except CxrLensError as error:
            happened.put(MeasureDone(name, measure.name, code=error.code, reason=str(error)))
        except Exception as error:
            log.exception("measure %s failed", measure.name)
            happened.put(MeasureDone(name, measure.name, code=ExplainerError.code, reason=f"It raised {brief(error)}"))
        except BaseException as error:  # noqa: BLE001 - SystemExit and the like belong to the caller's thread
            happened.put(error)
        else:
            seconds = time.perf_counter() - begin
            happened.put(MeasureDone(name, measure.name, found, seconds=seconds))

    threading.Thread(target=run, name=f"measure-{measure.name}", daemon=True).start()
    while True:
        event = happened.get()
        if isinstance(event, BaseException):
            raise event
        yield event
        if isinstance(event, MeasureDone):
            return
