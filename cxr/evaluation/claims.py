"""Which probabilities and likelihood ratios may be shown, decided by patients that no calibration was fitted on.

The rules, for each finding, on the second part (the checkpoint's witness):

- 20 patients or more have the finding.
- The slope of the stated likelihood ratios' logarithm lies between 0.7 and 1.4. Its 95 % interval is above 0, and
  includes 1 or lies between 0.8 and 1.25.
- The stated ratios are right on average within a factor of 1.5, and their 95 % interval includes the factor 1 or lies
  within a factor of 1.25.
- The score lies between the lowest and the highest score of that part.

What meets them is shown with the interval that the second part gives it, widened to hold the stated value.
"""

import math
from dataclasses import dataclass

from cxr.checkpoint import CheckpointConfig
from cxr.checkpoint.witness import Figure, FindingWitness
from cxr.findings import display_name

ENOUGH_PATIENTS = 20
SLOPES = (0.7, 1.4)
CLOSE_SLOPES = (0.8, 1.25)
LEVEL_FACTOR = 1.5
CLOSE_FACTOR = 1.25

TELLING_AUC = 0.6
"""Least AUC of the number of findings above their points, sick against healthy, at which scores separate the two."""


@dataclass(frozen=True)
class Claim:
    """What may be shown beside one score.

    ratio        the likelihood ratio and its 95 % interval; None where it is withheld
    probability  at the prevalence of the calibration's data, and its 95 % interval; None where it is withheld
    withheld     why both are withheld, in a sentence; "" where they are shown
    """

    ratio: Figure | None
    probability: Figure | None
    withheld: str


def claim(finding: str, logit: float, config: CheckpointConfig) -> Claim:
    """What may be shown beside a finding's logit."""
    reason = withheld(finding, config)
    if reason:
        return Claim(None, None, reason)
    calibration, found = config.calibration[finding], _witness(finding, config)
    lowest, highest = found.logits
    if not lowest <= logit <= highest:
        return Claim(None, None, f"Not calibrated: no score of the other patients was this {_side(logit, lowest)}.")
    log_ratio = calibration.log_ratio(logit)
    _, low, high = found.ratio(log_ratio)
    stated = math.exp(log_ratio)
    ratio = (stated, min(low, stated), max(high, stated))
    value, least, most = (calibration.probability_of_ratio(math.log(each)) for each in ratio)
    return Claim(ratio, (value, least, most), "")


def _side(logit: float, lowest: float) -> str:
    return "low" if logit < lowest else "high"


def _witness(finding: str, config: CheckpointConfig) -> FindingWitness:
    assert config.witness is not None
    return config.witness.findings[finding]


def withheld(finding: str, config: CheckpointConfig) -> str:
    """Why no probability of a finding is shown, in a sentence with figures; "" where it is shown."""
    name = display_name(finding)
    if finding not in config.calibration:
        return f"Uncalibrated: the checkpoint has no calibration for {name}."
    if config.witness is None:
        return "Not calibrated: the calibration was not checked on other patients."
    found = config.witness.findings.get(finding)
    if found is None:
        return f"Not calibrated: none of the other patients has {name}."
    if found.patients < ENOUGH_PATIENTS:
        return (
            f"Not calibrated: only {found.patients} of the other patients {'has' if found.patients == 1 else 'have'} "
            f"{name}, and {ENOUGH_PATIENTS} are needed."
        )
    where = f"Not calibrated: on other patients ({found.patients} with {name})"
    if not slope_fits(found.slope):
        return f"{where} the calibration slope is {_interval(found.slope)} instead of 1. {_top(found)}"
    if not level_fits(found.intercept):
        factor = (math.exp(found.intercept[0]), math.exp(found.intercept[1]), math.exp(found.intercept[2]))
        return f"{where} the likelihood ratio is {_interval(factor)} times the stated one. {_top(found)}"
    return ""


def slope_fits(slope: Figure) -> bool:
    """Whether ratios change as stated, within the tolerance."""
    value, low, high = slope
    includes = low <= 1 <= high or (CLOSE_SLOPES[0] <= low and high <= CLOSE_SLOPES[1])
    return SLOPES[0] <= value <= SLOPES[1] and low > 0 and includes


def level_fits(intercept: Figure) -> bool:
    """Whether ratios are right on average, within the tolerance."""
    value, low, high = intercept
    includes = low <= 0 <= high or max(abs(low), abs(high)) <= math.log(CLOSE_FACTOR)
    return abs(value) <= math.log(LEVEL_FACTOR) and includes


def _top(found: FindingWitness) -> str:
    """The stated and the observed likelihood ratio of the highest scores, in a sentence."""
    top = found.fifths[-1]
    if top.ratio is None:
        return ""
    return (
        f"For the highest fifth of the scores, the stated likelihood ratio is {top.claimed:.2g}, the observed one "
        f"{_interval(top.ratio)}."
    )


def _interval(figure: Figure) -> str:
    return "{:.2f} ({:.2f} to {:.2f})".format(*figure)


def of_healthy(config: CheckpointConfig) -> str:
    """How often radiographs without a finding are flagged, in a sentence; "" where that was not measured."""
    witness = config.witness
    if witness is None or witness.healthy is None:
        return ""
    healthy, (share, low, high) = witness.healthy, witness.healthy.any
    return (
        f"False alarms: of {healthy.pictures:,} radiographs without a finding ({healthy.patients:,} other patients), "
        f"{100 * share:.0f} % ({100 * low:.0f} % to {100 * high:.0f} %) are above at least one operating point, and on "
        f"average above {healthy.count[0]:.1f} of {witness.points}."
    )


def flagged(finding: str, config: CheckpointConfig) -> Figure | None:
    """Share of other patients' radiographs without any finding that are above this finding's operating point."""
    return config.witness.flagged.get(finding) if config.witness else None


def sentences_on(config: CheckpointConfig) -> tuple[str, ...]:
    """Sentences on all operating points together, measured on other patients; empty where that was not measured."""
    return tuple(sentence for sentence in (of_network(config), of_healthy(config)) if sentence)


def of_network(config: CheckpointConfig) -> str:
    """A sentence where the number of findings above their points does not separate sick from healthy; else ""."""
    witness = config.witness
    if witness is None or witness.healthy is None or witness.sick is None or witness.sick_auc is None:
        return ""
    auc, low, _ = witness.sick_auc
    if auc >= TELLING_AUC and low > 0.5:
        return ""
    return (
        "On other patients, this network's operating points do not separate radiographs with a finding from those "
        f"without: {witness.sick.count[0]:.1f} of {witness.points} findings are above their points in the first, "
        f"{witness.healthy.count[0]:.1f} in the second (AUC of the number {_interval(witness.sick_auc)}, .5 is chance)."
    )
