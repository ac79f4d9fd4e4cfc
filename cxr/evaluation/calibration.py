"""Probabilities from logits: two numbers a finding, fitted on pictures that the network was not trained on.

probability = σ(a·z + b + logit π). π is the finding's frequency in the pictures that the numbers were fitted
on. Where its frequency is π' and nothing else differs, logit π' replaces logit π.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

PRIOR_POSITIVES = 30
"""Weight of the slope that is common to all findings: it counts as this many further positives of each finding."""

STEPS = 50
"""Largest number of steps of Newton's method, which takes about eight."""


@dataclass(frozen=True)
class FittedCalibration:
    """The calibration of one finding: its three numbers, and the positives and patients that it was fitted on."""

    a: float
    b: float
    prevalence: float
    positives: int
    patients: int

    def to_json(self) -> dict:
        """As a checkpoint's `calibration` holds it."""
        return {
            "a": round(self.a, 4),
            "b": round(self.b, 4),
            "prevalence": round(self.prevalence, 5),
            "positives": self.positives,
            "patients": self.patients,
        }


def fit_calibrations(
    labels: np.ndarray, logits: np.ndarray, findings: Sequence[str], patients: Sequence[str]
) -> dict[str, FittedCalibration]:
    """{finding: calibration} from labels 1, 0 or NaN and logits, both `(rows, findings)`, and the rows' patients.

    Logistic regression of each finding's labels on its logit (Platt 1999). Its slope is shrunk towards the mean of all
    findings' slopes, as 30 further positives with that slope would do; its intercept is free. Findings
    without positives or without negatives are left out. So are findings whose positives have no higher logits than the
    rest: such a score gives no probability.
    """
    columns = {
        finding: (labels[known, at] == 1, logits[known, at].astype(float))
        for at, finding in enumerate(findings)
        if (known := np.isfinite(labels[:, at])).any() and 0 < labels[known, at].mean() < 1
    }
    columns = {finding: (truth, logit) for finding, (truth, logit) in columns.items() if _rises(truth, logit)}
    common = _common_slope(columns)
    names = np.asarray(patients)
    having = {finding: len(set(names[labels[:, at] == 1])) for at, finding in enumerate(findings)}
    return {finding: _fitted(*column, common, having[finding]) for finding, column in columns.items()}


def _rises(truth: np.ndarray, logit: np.ndarray) -> bool:
    return bool(logit[truth].mean() > logit[~truth].mean())


def _common_slope(columns: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> float:
    """Mean of the findings' slopes, weighted by their positives; each is shrunk towards 1."""
    slopes = [logistic(truth, logit, slope=1.0, weight=_weight(truth, logit))[0] for truth, logit in columns.values()]
    positives = [truth.sum() for truth, _ in columns.values()]
    return float(np.average(slopes, weights=positives)) if slopes else 1.0


def _weight(truth: np.ndarray, logit: np.ndarray) -> float:
    """Weight of the penalty: the information of 30 positives about a slope, which is proportional to the variance."""
    return PRIOR_POSITIVES * (1 - truth.mean()) * max(float(logit.var()), 1e-12)


def _fitted(truth: np.ndarray, logit: np.ndarray, common: float, patients: int) -> FittedCalibration:
    slope, intercept = logistic(truth, logit, slope=common, weight=_weight(truth, logit))
    prevalence = float(truth.mean())
    b = intercept - np.log(prevalence / (1 - prevalence))
    return FittedCalibration(slope, b, prevalence, positives=int(truth.sum()), patients=patients)


def logistic(
    truth: np.ndarray, logit: np.ndarray, *, slope: float, weight: float, times: np.ndarray | None = None
) -> tuple[float, float]:
    """(slope, intercept) that minimise −log likelihood + weight/2 · (slope − `slope`)², by Newton's method.

    times  (rows,) how often each row counts; None for once
    """
    times = np.ones(len(logit)) if times is None else times
    middle, share = np.average(logit, weights=times), np.average(truth, weights=times)
    design = np.stack([logit - middle, np.ones_like(logit)])
    found = np.array([slope, np.log(share / (1 - share))])
    for _ in range(STEPS):
        probability = 0.5 * (1 + np.tanh(found @ design / 2))
        gradient = design @ (times * (probability - truth)) + [weight * (found[0] - slope), 0]
        curvature = (design * (times * (probability * (1 - probability) + 1e-12))) @ design.T + np.diag([weight, 0])
        step = np.linalg.solve(curvature, gradient)
        # steps are limited, since a whole one may pass the minimum: logits of up to ±50 are far apart
        found -= step / max(1.0, np.abs(step).max() / 2)
        if np.abs(step).max() < 1e-8:
            break
    return float(found[0]), float(found[1] - found[0] * middle)


def level(truth: np.ndarray, log_odds: np.ndarray, times: np.ndarray | None = None) -> float:
    """The number that, added to log odds `(rows,)`, makes their mean probability equal the share of positives.

    times  (rows,) how often each row counts; None for once
    """
    times = np.ones(len(log_odds)) if times is None else times
    share, low, high = np.average(truth, weights=times), -60.0, 60.0
    found = 0.0
    for _ in range(STEPS):
        probability = 0.5 * (1 + np.tanh((log_odds + found) / 2))
        excess = np.average(probability, weights=times) - share
        low, high = (low, found) if excess > 0 else (found, high)
        slope = np.average(probability * (1 - probability), weights=times)
        step = found - excess / max(slope, 1e-12)
        # Newton's step, or the middle of the bracket where that step would leave it
        previous, found = found, step if low < step < high else (low + high) / 2
        if abs(found - previous) < 1e-10:
            break
    return float(found)
