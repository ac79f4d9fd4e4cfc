"""A checkpoint's configuration with types: outputs, input rule, operating points and calibration."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cxr.checkpoint.witness import Witness
from cxr.findings import COURSE_ORDER, DESCRIPTIONS, findings_of, known_finding
from hub.config import label_name
from hub.errors import CheckpointError


@dataclass(frozen=True)
class Threshold:
    """An operating point on the score, 0 to 1: how it was chosen, and the interval of its uncertainty.

    views  {"AP", "PA": the operating point of radiographs in that view}, where they were chosen apart
    """

    score: float
    rule: str = ""
    provisional: bool = False
    interval: tuple[float, float] | None = None
    views: Mapping[str, "Threshold"] = field(default_factory=dict)

    def of_view(self, view: str) -> "Threshold":
        """The operating point of a view; the common one where that view has none of its own, or is not known."""
        return self.views.get(view.strip().upper(), self)


@dataclass(frozen=True)
class Calibration:
    """probability = σ(a·z + b + logit(prevalence)) of the logit z, at the prevalence of the data it was fitted on."""

    a: float
    b: float
    prevalence: float

    def log_ratio(self, logit: float) -> float:
        """Logarithm of the likelihood ratio of a logit: how much more common it is with the finding than without."""
        return self.a * logit + self.b

    def probability(self, logit: float) -> float:
        """Calibrated probability of a logit, at the prevalence of the calibration's data."""
        return self.probability_of_ratio(self.log_ratio(logit))

    def probability_of_ratio(self, log_ratio: float) -> float:
        """The probability at the prevalence of the calibration's data, from the logarithm of a likelihood ratio."""
        log_odds = log_ratio + math.log(self.prevalence / (1 - self.prevalence))
        # σ in the form that does not overflow for logits far below zero
        return 0.5 * (1 + math.tanh(log_odds / 2))


UNITS = {
    ("softmax", "log_odds"): "logit against the other classes",
    ("softmax", "logit"): "logit of the class",
}
"""What one unit of a map is, where it is not a plain logit: by last activation and by what is explained."""


LARGEST_COEFFICIENT = 1e3
"""Of a calibration; its likelihood ratios would be infinite beyond."""


@dataclass(frozen=True)
class CheckpointConfig:
    """A checkpoint's configuration.

    labels       name of each output in order, NIH's findings spelled as NIH does; "" marks an output that is ignored
    descriptions {finding: a sentence on it}, of those that the file describes
    input        the input rule, as `cxr.preparation.InputRule.from_config` reads it
    final_relu   whether a ReLU follows the last batch norm
    head         sizes of hidden dense layers before the output
    activation   what turns the logits into scores: "sigmoid", or "softmax" over all outputs
    explained    with a softmax, "log_odds", a class' logit less the log-sum-exp of the others (its sigmoid is the
                 softmax score), or "logit", the class' own
    target_layer the layer that Grad-CAM explains by default; "" for the last one with a map
    own_unit     what is explained, in a plugin's words; "" where `activation` and `explained` say it
    witness      what other patients say of thresholds and calibration; None for a checkpoint that was not checked
    raw          all fields of the file
    """

    name: str
    labels: tuple[str, ...]
    input: Mapping
    final_relu: bool = True
    head: tuple[int, ...] = ()
    descriptions: Mapping[str, str] = field(default_factory=dict)
    activation: str = "sigmoid"
    explained: str = "log_odds"
    target_layer: str = ""
    own_unit: str = ""
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)
    calibration: Mapping[str, Calibration] = field(default_factory=dict)
    witness: Witness | None = None
    metrics: Mapping = field(default_factory=dict)
    description: str = ""
    license: str = ""
    raw: Mapping = field(default_factory=dict)

    @property
    def findings(self) -> dict[str, int]:
        """{finding: index of its output} of the outputs that are not ignored, in their order."""
        return {label: index for index, label in enumerate(self.labels) if label}

    @property
    def unit(self) -> str:
        """What is explained, and one unit of most maps."""
        return self.own_unit or UNITS.get((self.activation, self.explained), "logit")

    def describe(self, finding: str) -> str:
        """A sentence on a finding: the file's, or ours for NIH's; "" where there is none."""
        return self.descriptions.get(finding) or DESCRIPTIONS.get(finding, "")

    @classmethod
    def from_raw(cls, raw: Mapping, *, name: str) -> "CheckpointConfig":
        """From the checked contents of `config.json`; CheckpointError names a value that can't be used."""
        labels = tuple(label_name(label) for label in raw.get("labels", COURSE_ORDER))
        finding_at = {place: finding for finding, place in findings_of(labels)[0].items()}
        return cls(
            name=name,
            labels=tuple(finding_at.get(at, label) for at, label in enumerate(labels)),
            input=raw["input"],
            final_relu=raw.get("final_relu", True),
            head=tuple(raw.get("head", ())),
            descriptions={
                known_finding(finding) or finding: str(text) for finding, text in raw.get("descriptions", {}).items()
            },
            activation=raw.get("activation", "sigmoid"),
            explained=raw.get("explained", "log_odds"),
            target_layer=raw.get("target_layer", ""),
            thresholds={
                known_finding(finding) or finding: _threshold(finding, value)
                for finding, value in raw.get("thresholds", {}).items()
            },
            calibration={
                known_finding(finding) or finding: _calibration(finding, value)
                for finding, value in raw.get("calibration", {}).items()
            },
            witness=Witness.from_json(raw["witness"]) if "witness" in raw else None,
            metrics=raw.get("metrics", {}),
            description=str(raw.get("description", "")),
            license=str(raw.get("license", "")),
            raw=raw,
        )


def _threshold(finding: str, value: Any) -> Threshold:
    score = _number(finding, "thresholds", value, "score")
    if not 0 <= score <= 1:
        raise CheckpointError(f"The threshold of {finding} is {score}; a score lies between 0 and 1.")
    interval, views = value.get("interval"), value.get("views") or {}
    if not isinstance(views, Mapping):
        raise CheckpointError(f"config.json: 'views' of {finding}'s threshold must be an object.")
    return Threshold(
        score=score,
        rule=str(value.get("rule", "")),
        provisional=bool(value.get("provisional", False)),
        interval=_interval(finding, interval) if interval else None,
        views={str(view).upper(): _threshold(finding, of_view) for view, of_view in views.items()},
    )


def _interval(finding: str, given: Any) -> tuple[float, float]:
    if not isinstance(given, list | tuple) or len(given) != 2 or not all(map(_is_number, given)):
        raise CheckpointError(f"The threshold's interval of {finding} is not a pair of numbers.")
    return float(given[0]), float(given[1])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _calibration(finding: str, value: object) -> Calibration:
    a, b, prevalence = (_number(finding, "calibration", value, key) for key in ("a", "b", "prevalence"))
    if not 0 < prevalence < 1:
        raise CheckpointError(f"The calibration of {finding} has the prevalence {prevalence}; it lies between 0 and 1.")
    if max(abs(a), abs(b)) > LARGEST_COEFFICIENT:
        raise CheckpointError(f"The calibration of {finding} has the numbers {a:g} and {b:g}, which no fit gives.")
    return Calibration(a, b, prevalence)


def _number(finding: str, field_name: str, value: object, key: str) -> float:
    number = value.get(key) if isinstance(value, Mapping) else None
    if number is None or not _is_number(number):
        raise CheckpointError(f"config.json: {field_name!r} of {finding} has no number {key!r}.")
    return float(number)
