"""The contract between the host and a measure: one class, one file, as with explainers."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from explainers.contract.context import Context
from explainers.contract.explainer import API, Explainer
from explainers.contract.explanation import Explanation, check_map
from explainers.contract.random_numbers import random_numbers
from explainers.contract.summaries import first_paragraph
from explainers.errors import Cancelled, PluginError
from hub.errors import CxrLensError

if TYPE_CHECKING:
    from cxr.frame import Box
    from cxr.predictor import Predictor
    from cxr.preparation import Prepared
    from cxr.reading.radiograph import Radiograph


class NotMeasurable(CxrLensError):
    """The measure has no result for this explanation; the message says why."""

    code = "NOT_MEASURABLE"


@dataclass(frozen=True)
class Measured:
    """The result of a measure.

    value     the figure, in the measure's unit; None where it is not defined
    sentence  what it says, for people who know neither the method nor the measure
    verdict   one to three words where a measure has a verdict, else ""
    figures   what the value was computed from: JSON
    arrays    maps that belong to it
    compared_with  what to compare the value with, such as "1 for the same map"; "" where nothing is known
    """

    value: float | None
    sentence: str
    verdict: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    compared_with: str = ""


class Measure:
    """Base class: subclass it, name it, and return what was found from `measure`.

    class Spread(Measure):
        \"\"\"How much of the map lies in its hottest tenth.\"\"\"

        name, title, unit, bounds = "spread", "Concentration", "share", (0, 1)

        def measure(self, subject):
            hot = np.sort(np.abs(subject.explanation.map).ravel())[::-1]
            share = hot[: len(hot) // 10].sum() / hot.sum()
            return Measured(share, f"{share:.0%} of the map lies in its hottest tenth.")
    """

    # unique, snake case
    name: ClassVar[str]
    # what people read
    title: ClassVar[str]
    # other names under which it is found
    aliases: ClassVar[tuple[str, ...]] = ()
    # of the value
    unit: ClassVar[str] = ""
    # (least, largest) that the value can be; None where there is no bound
    bounds: ClassVar[tuple[float | None, float | None]] = (None, None)
    # "higher", "lower" or "": which value speaks for the explanation
    better: ClassVar[str] = ""
    # its verdicts from the best to the worst, where they are the same words for every map; () where they are not
    verdicts: ClassVar[tuple[str, ...]] = ()
    # paper or project
    reference: ClassVar[str] = ""
    # whether it takes seconds for most explainers, so that pages run it without being asked
    quick: ClassVar[bool] = False
    # most passes that it costs for a map of the packaged network; pages run the cheapest measures first
    most_passes: ClassVar[int] = 3000
    # whether it compares the map with a box on the radiograph, and raises NotMeasurable without one
    needs_box: ClassVar[bool] = False
    # {check of the plugin kit: why this measure can't pass it}
    expected_failures: ClassVar[Mapping[str, str]] = MappingProxyType({})
    api: ClassVar[int] = API

    def measure(self, subject: "Subject") -> Measured:
        """What it finds. Raise NotMeasurable, with a reason, where it says nothing."""
        raise NotImplementedError(f"{type(self).__name__} must define measure(self, subject)")

    @classmethod
    def summary(cls) -> str:
        """The docstring's first paragraph, on one line."""
        return first_paragraph(inspect.getdoc(cls))

    @classmethod
    def describe(cls) -> dict[str, Any]:
        """What pages, endpoints and the command line show of the measure, as JSON."""
        return {
            "name": cls.name,
            "title": cls.title,
            "aliases": list(cls.aliases),
            "unit": cls.unit,
            "better": cls.better,
            "bounds": list(cls.bounds),
            "reference": cls.reference,
            "quick": cls.quick,
            "needs_box": cls.needs_box,
            "summary": cls.summary(),
        }


def check_measure_class(measure: object) -> type[Measure]:
    """The class, if it keeps the contract; PluginError says what doesn't."""
    if not isinstance(measure, type) or not issubclass(measure, Measure):
        raise PluginError(f"The hook returned {type(measure).__name__}, not a subclass of Measure.")
    for attribute in ("name", "title"):
        value = getattr(measure, attribute, None)
        if not isinstance(value, str) or not value.strip():
            raise PluginError(f"{measure.__name__} has no {attribute!r}.", f"Set {attribute} = '…' in the class.")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", measure.name):
        raise PluginError(f"The name {measure.name!r} is not in snake case.")
    if measure.better not in ("higher", "lower", ""):
        raise PluginError(f"{measure.name!r} has better = {measure.better!r}, not 'higher', 'lower' or ''.")
    _check_kinds(measure)
    if measure.api != API:
        raise PluginError(f"{measure.name!r} was written for contract {measure.api!r}; this is contract {API}.")
    if measure.measure is Measure.measure:
        raise PluginError(f"{measure.name!r} does not define measure.", "def measure(self, subject): …")
    return measure


def _check_kinds(measure: type[Measure]) -> None:
    if not isinstance(measure.aliases, tuple) or not all(isinstance(each, str) for each in measure.aliases):
        raise PluginError(f"{measure.name!r} has aliases = {measure.aliases!r}, not a tuple of texts.")
    if not isinstance(measure.verdicts, tuple) or not all(isinstance(each, str) for each in measure.verdicts):
        raise PluginError(f"{measure.name!r} has verdicts = {measure.verdicts!r}, not a tuple of texts.")
    for attribute in ("quick", "needs_box"):
        value = getattr(measure, attribute)
        if not isinstance(value, bool):
            raise PluginError(f"{measure.name!r} has {attribute} = {value!r}, not True or False.")
    if type(measure.most_passes) is not int or measure.most_passes < 0:
        raise PluginError(f"{measure.name!r} has most_passes = {measure.most_passes!r}, not a whole number from 0.")


@dataclass(eq=False)
class Subject:
    """What a measure gets: an explanation, and the means to ask what else could have come out.

    explanation  the one that is measured
    explainer    its class
    predictor    the network; `context` has its primitives bound to the input
    prepared     the input that was explained
    box          (top, left, height, width) on the radiograph, where the visitor or a data set gave one
    more_boxes   further boxes of the finding on the radiograph: with `box` they are one target
    shared       shared by all measures of this radiograph: {key: anything}
    rng          random numbers of the explanation's seed and picture, the same for all maps of it
    """

    explanation: Explanation
    explainer: type[Explainer]
    predictor: "Predictor"
    radiograph: "Radiograph"
    prepared: "Prepared"
    box: "Box | None" = None
    shared: dict = field(default_factory=dict)
    report: Callable[[float, str], None] | None = None
    cancelled: Callable[[], bool] | None = None
    more_boxes: "tuple[Box, ...]" = ()

    def __post_init__(self) -> None:
        self.context = self._context(self.predictor, self.prepared)
        self.radiograph, self.prepared = self.context.radiograph, self.context.prepared
        # without the explainer's name: what changes a picture changes it alike for all maps of it
        self.rng = random_numbers(self.explanation.seed, "measure", self.explanation.input_digest)

    def again(
        self,
        *,
        finding: str = "",
        array: np.ndarray | None = None,
        predictor: "Predictor | None" = None,
    ) -> np.ndarray:
        """The same explainer with the same options and random numbers, of another finding, prepared input or network.

        Returns the map `(y, x)`.
        """
        from cxr.preparation import Prepared

        own, prepared = predictor or self.predictor, self.prepared
        if array is not None:
            array = np.ascontiguousarray(array, np.float32)
            array.flags.writeable = False
            prepared = Prepared(array, prepared.frame, prepared.rule, prepared.statistics)
        context = self._context(own, prepared)
        values = self.explainer().explain(context, finding or self.explanation.finding, **self.explanation.options)
        return check_map(values, prepared.array.shape)

    def all_findings(self, findings: Sequence[str]) -> dict[str, np.ndarray]:
        """{finding: map} of several findings, from one pass where the explainer can."""
        if self.explainer.explain_findings is Explainer.explain_findings:
            return {finding: self.again(finding=finding) for finding in findings}
        context = self._context(self.predictor, self.prepared)
        maps = self.explainer().explain_findings(context, list(findings), **self.explanation.options)
        return {
            finding: check_map(values, self.prepared.array.shape)
            for finding, values in zip(findings, maps, strict=True)
        }

    def progress(self, fraction: float, text: str = "") -> None:
        """Say how much is done; raises Cancelled once the run is cancelled."""
        if self.cancelled is not None and self.cancelled():
            raise Cancelled("The run was cancelled.")
        if self.report is not None:
            self.report(min(1.0, max(0.0, fraction)), text)

    def _context(self, predictor: "Predictor", prepared: "Prepared") -> Context:
        return Context(
            predictor,
            self.radiograph,
            prepared,
            explainer=self.explanation.explainer,
            seed=self.explanation.seed,
            digest=self.explanation.input_digest,
            cancelled=self.cancelled,
        )
