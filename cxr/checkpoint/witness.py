"""What a second part, which no calibration was fitted on, says of a checkpoint's calibration and operating points.

`python -m cxr calibrate --check` measures it, and `cxr.evaluation.claims` decides by it what may be shown. It stands
in `config.json` as the field `witness`; a checkpoint without one makes no claim about probabilities.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from hub.errors import CheckpointError

Figure = tuple[float, float, float]
"""A figure and its 95 % interval by patient."""

DIGITS = 5
"""Of each number in the file."""


@dataclass(frozen=True)
class Fifth:
    """Of one finding's scores: the lowest, the next … of five equal parts.

    logits       (lowest, highest)
    claimed      the likelihood ratio that the calibration states, as the pictures without the finding average it
    ratio        the one that was observed; None where no picture without the finding is in this fifth
    probability  the mean that the calibration states, at its own prevalence
    share        of these pictures that have the finding
    """

    logits: tuple[float, float]
    pictures: int
    positives: int
    claimed: float
    ratio: Figure | None
    probability: float
    share: Figure


@dataclass(frozen=True)
class FindingWitness:
    """Of one finding, with l = a·z + b the logarithm of the likelihood ratio that the calibration states.

    positives  pictures with the finding
    patients   that have it
    slope      of the labels' regression on l: 1 where ratios change as stated, 0 where scores say nothing
    intercept  what has to be added to l for it to be right on average: 0 where it is
    line       (slope, intercept) of the logarithm of the likelihood ratio on l, by the same regression
    spread     variances and covariance of the line over resampled patients: of the slope, of both, of the intercept
    logits     (lowest, highest) of the part: nothing is known of others
    """

    pictures: int
    positives: int
    patients: int
    slope: Figure
    intercept: Figure
    line: tuple[float, float]
    spread: Figure
    logits: tuple[float, float]
    fifths: tuple[Fifth, ...]

    def ratio(self, log_ratio: float) -> Figure:
        """The likelihood ratio that this part gives a stated one, by its logarithm, with a 95 % interval."""
        slope, intercept = self.line
        of_slope, of_both, of_intercept = self.spread
        middle = slope * log_ratio + intercept
        variance = of_slope * log_ratio**2 + 2 * of_both * log_ratio + of_intercept
        half = 1.96 * math.sqrt(max(variance, 0.0))
        low, high = (math.exp(min(max(each, -50.0), 50.0)) for each in (middle - half, middle + half))
        return math.exp(min(max(middle, -50.0), 50.0)), low, high


@dataclass(frozen=True)
class Flagged:
    """How often pictures stand above operating points.

    any    share of the pictures with one finding or more above its point
    count  findings above their points, on average
    """

    pictures: int
    patients: int
    any: Figure
    count: Figure


@dataclass(frozen=True)
class Witness:
    """Of a checkpoint, on one part.

    points        findings that have an operating point
    healthy       pictures without any finding; None without such pictures or without operating points
    sick          the others
    flagged       {finding: share of the healthy pictures that are above its operating point}
    sick_auc      how well the number of findings above their points tells the sick from the healthy; .5 is chance
    """

    part: str
    pictures: int
    patients: int
    points: int
    findings: Mapping[str, FindingWitness]
    flagged: Mapping[str, Figure]
    healthy: Flagged | None = None
    sick: Flagged | None = None
    sick_auc: Figure | None = None

    def to_json(self) -> dict:
        """As `config.json` holds it."""
        return _rounded(asdict(self))

    @classmethod
    def from_json(cls, raw: Mapping) -> "Witness":
        """From `config.json`; CheckpointError for what `to_json` did not write."""
        try:
            return cls(
                part=str(raw["part"]),
                **_counts(raw, "pictures", "patients", "points"),
                findings={str(name): _finding(each) for name, each in raw["findings"].items()},
                flagged={str(name): _figure(each) for name, each in raw["flagged"].items()},
                healthy=_flagged(raw.get("healthy")),
                sick=_flagged(raw.get("sick")),
                sick_auc=None if raw.get("sick_auc") is None else _figure(raw["sick_auc"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"config.json: 'witness' can't be read ({type(error).__name__}: {error}).",
                "Measure it again with `python -m cxr calibrate … --check PART`.",
            ) from error


def _finding(raw: Mapping) -> FindingWitness:
    return FindingWitness(
        **_counts(raw, "pictures", "positives", "patients"),
        slope=_figure(raw["slope"]),
        intercept=_figure(raw["intercept"]),
        line=_pair(raw["line"]),
        spread=_figure(raw["spread"]),
        logits=_pair(raw["logits"]),
        fifths=tuple(map(_fifth, raw["fifths"])),
    )


def _fifth(raw: Mapping) -> Fifth:
    return Fifth(
        logits=_pair(raw["logits"]),
        **_counts(raw, "pictures", "positives"),
        claimed=_number(raw["claimed"]),
        ratio=None if raw["ratio"] is None else _figure(raw["ratio"]),
        probability=_number(raw["probability"]),
        share=_figure(raw["share"]),
    )


def _flagged(raw: Mapping | None) -> Flagged | None:
    if raw is None:
        return None
    return Flagged(**_counts(raw, "pictures", "patients"), any=_figure(raw["any"]), count=_figure(raw["count"]))


def _counts(raw: Mapping, *names: str) -> dict[str, int]:
    return {name: int(_number(raw[name])) for name in names}


def _figure(raw: Any) -> Figure:
    value, low, high = raw
    return _number(value), _number(low), _number(high)


def _pair(raw: Any) -> tuple[float, float]:
    low, high = raw
    return _number(low), _number(high)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, Mapping):
        return {name: _rounded(each) for name, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list | tuple) else value
