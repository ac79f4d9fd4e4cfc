"""Measuring what a second part says of a calibration and of operating points, with intervals by patient."""

import numpy as np

from cxr.checkpoint import Calibration
from cxr.checkpoint.witness import Fifth, Figure, FindingWitness, Flagged, Witness
from cxr.evaluation.auc import RankedScores, auc_with_interval, draws_as_weights
from cxr.evaluation.bootstrap import limits
from cxr.evaluation.calibration import level, logistic
from cxr.evaluation.intervals import ratio_by_patient, share_by_patient
from cxr.evaluation.labels import shows_none
from cxr.evaluation.scoring import Scored

FIFTHS = 5
FREE = 1e-9
"""Weight of the regression's penalty: just enough to keep its numbers finite where scores separate the labels."""


def witness_of(scored: Scored, *, part: str) -> Witness:
    """The check of the operating points and the calibration in `scored.config` on these pictures.

    Nothing in that configuration may have been fitted on patients of these pictures.
    """
    table, config = scored.table, scored.config
    draws = draws_as_weights(table.patients)
    findings = {
        finding: _finding(scored, at, config.calibration[finding], draws)
        for at, finding in enumerate(table.findings)
        if finding in config.calibration and _has_both(table.values[:, at])
    }
    return Witness(
        part=part,
        pictures=len(table),
        patients=len(set(table.patients)),
        findings=findings,
        **_flags(scored, draws),
    )


def _has_both(labels: np.ndarray) -> bool:
    return bool((labels == 1).any() and (labels == 0).any())


def _finding(scored: Scored, at: int, calibration: Calibration, draws: np.ndarray) -> FindingWitness:
    known = np.isfinite(scored.table.values[:, at])
    truth, logit = scored.table.values[known, at] == 1, scored.logits[known, at].astype(float)
    patients = np.asarray(scored.table.patients)[known]
    log_ratio = calibration.a * logit + calibration.b
    times = draws[:, known]
    lines = np.array([_line(truth, log_ratio, each) for each in times if _drawn_both(truth, each)])
    levels = [_level(truth, log_ratio, each) for each in times if _drawn_both(truth, each)]
    even = np.ones(len(truth))
    slope, intercept = _line(truth, log_ratio, even)
    of_slope, of_both, of_intercept = np.cov(lines.T)[np.triu_indices(2)]
    return FindingWitness(
        pictures=len(truth),
        positives=int(truth.sum()),
        patients=len(set(patients[truth])),
        slope=(slope, *limits(lines[:, 0])),
        intercept=(_level(truth, log_ratio, even), *limits(levels)),
        line=(slope, intercept),
        spread=(float(of_slope), float(of_both), float(of_intercept)),
        logits=(float(logit.min()), float(logit.max())),
        fifths=_fifths(truth, logit, calibration, patients, times),
    )


def _drawn_both(truth: np.ndarray, times: np.ndarray) -> bool:
    return bool((times @ truth) > 0 and (times @ ~truth) > 0)


def _line(truth: np.ndarray, log_ratio: np.ndarray, times: np.ndarray) -> tuple[float, float]:
    """(slope, intercept) of the log likelihood ratio: the regression's log odds minus those of all rows."""
    slope, intercept = logistic(truth, log_ratio, slope=1.0, weight=FREE, times=times)
    return slope, intercept - _log_odds(truth, times)


def _level(truth: np.ndarray, log_ratio: np.ndarray, times: np.ndarray) -> float:
    return level(truth, log_ratio + _log_odds(truth, times), times)


def _log_odds(truth: np.ndarray, times: np.ndarray) -> float:
    return float(np.log((times @ truth) / (times @ ~truth)))


def _fifths(
    truth: np.ndarray, logit: np.ndarray, calibration: Calibration, patients: np.ndarray, draws: np.ndarray
) -> tuple[Fifth, ...]:
    """Five parts of equally many pictures, from the lowest scores to the highest; equal scores may be in two parts."""
    found = []
    for rows in np.array_split(np.argsort(logit, kind="stable"), FIFTHS):
        if not len(rows):
            continue
        inside = np.zeros(len(logit), bool)
        inside[rows] = True
        without = logit[inside & ~truth]
        averaged = without if len(without) else logit[inside]
        found.append(
            Fifth(
                logits=(float(logit[rows].min()), float(logit[rows].max())),
                pictures=len(rows),
                positives=int(truth[rows].sum()),
                claimed=float(np.exp(np.clip(calibration.a * averaged + calibration.b, -50, 50)).mean()),
                ratio=_figure(ratio_by_patient(inside, truth, ~truth, patients, draws)),
                probability=float(np.mean([calibration.probability(float(each)) for each in logit[rows]])),
                share=_certain(share_by_patient(truth, inside, patients, draws)),
            )
        )
    return tuple(found)


def _flags(scored: Scored, draws: np.ndarray) -> dict:
    """`points`, `flagged`, `healthy`, `sick` and `sick_auc` of a `Witness`."""
    table = scored.table
    above = {finding: scored.above(finding) for finding in table.findings if finding in scored.config.thresholds}
    labelled = np.isfinite(table.values).any(axis=1)
    healthy, sick = shows_none(table) & labelled, ~shows_none(table)
    if not above or not healthy.any():
        return {"points": len(above), "flagged": {}}
    count = np.sum(list(above.values()), axis=0)
    truth = np.where(labelled, sick.astype(float), np.nan)
    auc = auc_with_interval(RankedScores(truth, count.astype(float)), np.ones(len(table)), draws)
    return {
        "points": len(above),
        "flagged": {
            finding: _certain(share_by_patient(each, healthy, table.patients, draws)) for finding, each in above.items()
        },
        "healthy": _flagged(count, healthy, table.patients, draws),
        "sick": _flagged(count, sick, table.patients, draws) if sick.any() else None,
        "sick_auc": _figure(auc),
    }


def _flagged(count: np.ndarray, rows: np.ndarray, patients: tuple[str, ...], draws: np.ndarray) -> Flagged:
    pictures = draws @ rows.astype(float)
    means = (draws @ (count * rows).astype(float))[pictures > 0] / pictures[pictures > 0]
    return Flagged(
        pictures=int(rows.sum()),
        patients=len(set(np.asarray(patients)[rows])),
        any=_certain(share_by_patient(count > 0, rows, patients, draws)),
        count=(float(count[rows].mean()), *limits(means)),
    )


def _figure(values: list[float] | None) -> Figure | None:
    return None if values is None else _certain(values)


def _certain(values: list[float] | None) -> Figure:
    assert values is not None
    value, low, high = values
    return value, low, high
