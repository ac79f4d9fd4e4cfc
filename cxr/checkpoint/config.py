"""A checkpoint's configuration with types: outputs, input rule, operating points and calibration."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cxr.checkpoint.witness import Witness
from cxr.findings import COURSE_ORDER, FINDINGS, findings_of, known_finding
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


MOST_NAMED = 20
"""Labels in a sentence; a network of a thousand classes has more."""


@dataclass(frozen=True)
class CheckpointConfig:
    """A checkpoint's configuration.

    labels       name of each output in order, findings spelled as NIH does; "" marks an output that is ignored
    input        the input rule, as `cxr.preparation.InputRule.from_config` reads it
    final_relu   whether a ReLU follows the last batch norm
    head         sizes of hidden dense layers before the output
    witness      what other patients say of thresholds and calibration; None for a checkpoint that was not checked
    raw          all fields of the file
    """

    name: str
    labels: tuple[str, ...]
    input: Mapping
    final_relu: bool = True
    head: tuple[int, ...] = ()
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)
    calibration: Mapping[str, Calibration] = field(default_factory=dict)
    witness: Witness | None = None
    metrics: Mapping = field(default_factory=dict)
    description: str = ""
    license: str = ""
    raw: Mapping = field(default_factory=dict)

    @property
    def findings(self) -> dict[str, int]:
        """{finding: index of its output} of those outputs that are findings of NIH ChestX-ray14, in output order."""
        return {label: index for index, label in enumerate(self.labels) if label in FINDINGS}

    @property
    def left_out(self) -> str:
        """A sentence on outputs that are not scored although nothing marks them as ignored, or ""."""
        others = [label for label in self.labels if label and label not in FINDINGS]
        if not others:
            return ""
        more = len(others) - MOST_NAMED
        named = ", ".join(others[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        return (
            f"{len(others)} of the {len(self.labels)} outputs are left out, since they are no findings that are known "
            f"here: {named}."
        )

    @classmethod
    def from_raw(cls, raw: Mapping, *, name: str) -> "CheckpointConfig":
        """From the checked contents of `config.json`; CheckpointError names a value that can't be used."""
        labels = tuple(label_name(label) for label in raw.get("labels", COURSE_ORDER))
        finding_at = {place: finding for finding, place in findings_of(labels)[0].items()}
        config = cls(
            name=name,
            labels=tuple(finding_at.get(at, label) for at, label in enumerate(labels)),
            input=raw["input"],
            final_relu=raw.get("final_relu", True),
            head=tuple(raw.get("head", ())),
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
        if not config.findings:
            raise CheckpointError(
                f"None of the checkpoint's labels ({', '.join(labels)}) is a finding that is known here.",
                f"Known: {', '.join(FINDINGS)}.",
            )
        return config


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
    return Calibration(a, b, prevalence)


def _number(finding: str, field_name: str, value: object, key: str) -> float:
    number = value.get(key) if isinstance(value, Mapping) else None
    if number is None or not _is_number(number):
        raise CheckpointError(f"config.json: {field_name!r} of {finding} has no number {key!r}.")
    return float(number)
