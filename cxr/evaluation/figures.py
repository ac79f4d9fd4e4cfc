"""Figures of a network on labelled pictures: AUC, operating point and calibration of each finding, by patient.

A figure that is not defined (a finding without positives, a group with one class) is None.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss

from cxr.evaluation.auc import auc_of, mean_auc_with_interval
from cxr.evaluation.bootstrap import patient_resamples, with_interval
from cxr.evaluation.calibration import level, logistic
from cxr.evaluation.paired import paired
from cxr.evaluation.scoring import Scored
from cxr.evaluation.shortcuts import shortcuts
from cxr.evaluation.subgroups import mean_of_enough_patients, subgroups
from cxr.evaluation.witness import witness_of

BINS = 10


def evaluate(
    scored: Scored,
    *,
    part: str = "",
    prevalence: Mapping[str, float] | None = None,
    versus: Scored | None = None,
) -> dict:
    """All figures, as JSON has them.

    part        name of the pictures
    prevalence  {finding: share} that PPV and NPV are stated for; default: that of the pictures
    versus      another network's answers to the same pictures, compared pair by pair
    """
    table = scored.table
    draws = list(patient_resamples(table.patients))
    findings = {
        finding: _finding(scored, at, draws, (prevalence or {}).get(finding))
        for at, finding in enumerate(table.findings)
    }
    result = {
        "model": scored.config.name,
        "pictures": len(table),
        "patients": len(set(table.patients)),
        "mean_auc": mean_auc_with_interval(table.values, scored.logits, draws),
        "enough_patients": mean_of_enough_patients(scored, draws),
        "findings": findings,
        "mean": _means(findings),
        "groups": dict(subgroups(scored)),
        "shortcuts": shortcuts(table, scored.logits),
        "witness": witness_of(scored, part=part).to_json(),
    }
    if versus is not None:
        result["versus"] = paired(scored, versus, draws)
    return result


def _finding(scored: Scored, at: int, draws: Sequence[np.ndarray], prevalence: float | None) -> dict:
    known = np.isfinite(scored.table.values[:, at])
    truth = scored.table.values[known, at] == 1
    logit, score = scored.logits[known, at], scored.scores[known, at]
    finding = scored.table.findings[at]
    patients = np.asarray(scored.table.patients)[known]
    figures: dict[str, Any] = {
        "pictures": int(known.sum()),
        "positives": int(truth.sum()),
        "positive_patients": len(set(patients[truth])),
        "auc": None,
        "average_precision": None,
        "operating_point": None,
        "calibration": None,
    }
    if not truth.any() or truth.all():
        return figures
    labels, logits = scored.table.values[:, at], scored.logits[:, at]
    figures["auc"] = with_interval(lambda rows: auc_of(labels[rows], logits[rows]), draws, len(labels))
    figures["average_precision"] = float(average_precision_score(truth, score))
    threshold = scored.config.thresholds.get(finding)
    if threshold:
        operating = _operating(labels, scored.above(finding), draws, prevalence)
        figures["operating_point"] = operating | {"threshold": threshold.score}
    calibration = scored.config.calibration.get(finding)
    if calibration:
        probability = np.array([calibration.probability(float(value)) for value in logit])
        figures["calibration"] = _calibrated(truth, probability)
    return figures


def _operating(labels: np.ndarray, above: np.ndarray, draws: Sequence[np.ndarray], prevalence: float | None) -> dict:
    """Sensitivity and specificity with intervals, and predictive values at a stated prevalence."""
    sensitivity = _share(above, labels == 1, draws)
    specificity = _share(~above, labels == 0, draws)
    share = float((labels == 1).sum() / np.isfinite(labels).sum()) if prevalence is None else prevalence
    above_share = sensitivity[0] * share + (1 - specificity[0]) * (1 - share)
    return {
        "sensitivity": sensitivity,
        "specificity": specificity,
        "prevalence": share,
        "ppv": sensitivity[0] * share / above_share if above_share else None,
        "npv": specificity[0] * (1 - share) / (1 - above_share) if above_share < 1 else None,
    }


def _share(found: np.ndarray, of: np.ndarray, draws: Sequence[np.ndarray]) -> list[float]:
    """[share of the rows `of` that are found, low, high]; some rows must be in `of`."""
    share = with_interval(lambda rows: float(found[rows][of[rows]].mean()) if of[rows].any() else None, draws, len(of))
    assert share is not None
    return share


def _calibrated(truth: np.ndarray, probability: np.ndarray) -> dict:
    """Intercept and slope of the regression of labels on log odds (0 and 1 are perfect), Brier score, bins."""
    log_odds = np.log(np.clip(probability, 1e-9, 1) / np.clip(1 - probability, 1e-9, 1))
    slope, _ = logistic(truth, log_odds, slope=1.0, weight=1e-9)
    return {
        "intercept": level(truth, log_odds),
        "slope": slope,
        "brier": float(brier_score_loss(truth, probability)),
        "brier_of_prevalence": float(truth.mean() * (1 - truth.mean())),
        "bins": list(_reliability(truth, probability)),
    }


def _reliability(truth: np.ndarray, probability: np.ndarray) -> Iterator[dict]:
    """Mean probability and share of positives in each of ten bins with equally many pictures."""
    for rows in np.array_split(np.argsort(probability, kind="stable"), BINS):
        if len(rows):
            yield {
                "pictures": len(rows),
                "probability": float(probability[rows].mean()),
                "positives": float(truth[rows].mean()),
            }


def _means(findings: Mapping[str, dict]) -> dict:
    """Mean of each figure over the findings for which it is defined, and the number of these findings."""
    figures = {
        "auc": [each["auc"][0] for each in findings.values() if each["auc"]],
        "average_precision": [each["average_precision"] for each in findings.values() if each["auc"]],
        **{
            name: [each["operating_point"][name][0] for each in findings.values() if each["operating_point"]]
            for name in ("sensitivity", "specificity")
        },
    }
    return {name: {"value": float(np.mean(values)) if values else None, "findings": len(values)}
            for name, values in figures.items()}  # fmt: skip
