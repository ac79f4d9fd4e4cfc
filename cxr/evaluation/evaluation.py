"""What a network's logits are worth on labelled pictures: figures of each finding with intervals by patient.

A figure that is not defined (a finding without positives, a group of one kind) is None, never a number.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss

from cxr.checkpoint import CheckpointConfig
from cxr.evaluation.bootstrap import limits, patient_resamples
from cxr.evaluation.calibration import logistic
from cxr.evaluation.labels import LabelTable
from cxr.evaluation.reference import auc_of
from cxr.evaluation.shortcuts import shortcuts
from cxr.training.sampling import shows_none

BINS = 10
AGES = ((0, 40), (40, 60), (60, 75), (75, 200))
"""Years, from and below: bands of about a quarter of NIH's adults each."""

ENOUGH_PATIENTS = 10
"""With a finding, below which it is most of the uncertainty of a mean over all of them."""

FEWEST = 5
"""Positives and negatives below which a group's AUC is left out: its interval would span all there is."""


@dataclass(frozen=True, eq=False)
class Scored:
    """A table's pictures with a network's answers.

    logits  (rows, findings), in the order of `table.findings`
    """

    table: LabelTable
    logits: np.ndarray
    config: CheckpointConfig

    @property
    def scores(self) -> np.ndarray:
        """σ of the logits."""
        return 0.5 * (1 + np.tanh(self.logits / 2))


def evaluate(scored: Scored, *, prevalence: Mapping[str, float] | None = None, versus: Scored | None = None) -> dict:
    """All figures, as JSON has them.

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
        "enough_patients": _of_enough_patients(scored, draws),
        "findings": findings,
        "mean": _means(findings),
        "groups": dict(_groups(scored)),
        "shortcuts": shortcuts(table, scored.logits),
    }
    if versus is not None:
        result["versus"] = paired(scored, versus, draws)
    return result


def mean_auc_with_interval(
    labels: np.ndarray, logits: np.ndarray, draws: Sequence[np.ndarray]
) -> list[float | None] | None:
    """[mean over the findings that have an AUC, low, high]; None if none has one."""
    whole = _mean_auc(labels, logits)
    if whole is None:
        return None
    drawn = [value for rows in draws if (value := _mean_auc(labels[rows], logits[rows])) is not None]
    return [whole, *limits(drawn)]


def paired(scored: Scored, versus: Scored, draws: Sequence[np.ndarray]) -> dict:
    """Differences in AUC to another network, over the same draws of patients, and in the means of the groups."""
    labels, ours, theirs = scored.table.values, scored.logits, versus.logits

    def difference(rows: np.ndarray, columns: slice | int) -> float | None:
        pair = [_mean_auc(labels[rows][:, columns], each[rows][:, columns]) for each in (ours, theirs)]
        return None if None in pair else pair[0] - pair[1]

    everything = np.arange(len(labels))
    columns = {"mean_auc": slice(None), "enough_patients": _columns_of_enough_patients(scored.table)}
    columns |= {f: [at] for at, f in enumerate(scored.table.findings)}
    figures = {}
    for name, which in columns.items():
        whole = difference(everything, which)
        drawn = [value for rows in draws if (value := difference(rows, which)) is not None]
        figures[name] = None if whole is None else [whole, *limits(drawn)]
    groups = {
        column: {name: _difference_in_group(scored, versus, rows) for name, rows in members.items()}
        for column, members in _members(scored.table)
    }
    shortcut = shortcuts(scored.table, theirs)
    return {"model": versus.config.name, "difference": figures, "groups": groups, "shortcuts": shortcut}


def _difference_in_group(scored: Scored, versus: Scored, rows: np.ndarray) -> list[float] | None:
    """Of the mean over the findings that the group has enough of."""
    table = scored.table.take(rows)
    columns = [at for at in range(len(table.findings)) if _enough(table.values[:, at])]
    if not columns:
        return None
    labels = table.values[:, columns]
    ours, theirs = (each.logits[rows][:, columns] for each in (scored, versus))

    def difference(drawn: np.ndarray) -> float | None:
        pair = [_mean_auc(labels[drawn], each[drawn]) for each in (ours, theirs)]
        return None if None in pair else pair[0] - pair[1]

    drawn = [value for each in patient_resamples(table.patients) if (value := difference(each)) is not None]
    return [difference(np.arange(len(labels))), *limits(drawn)]


def _of_enough_patients(scored: Scored, draws: Sequence[np.ndarray]) -> dict:
    """The mean over the findings that ten patients or more have."""
    columns = _columns_of_enough_patients(scored.table)
    return {
        "patients": ENOUGH_PATIENTS,
        "findings": [scored.table.findings[at] for at in columns],
        "mean_auc": mean_auc_with_interval(scored.table.values[:, columns], scored.logits[:, columns], draws),
    }


def _columns_of_enough_patients(table: LabelTable) -> list[int]:
    return [at for at, (_, patients) in enumerate(table.positives().values()) if patients >= ENOUGH_PATIENTS]


def _mean_auc(labels: np.ndarray, logits: np.ndarray) -> float | None:
    known = [auc for at in range(labels.shape[1]) if (auc := auc_of(labels[:, at], logits[:, at])) is not None]
    return float(np.mean(known)) if known else None


def _finding(scored: Scored, at: int, draws: Sequence[np.ndarray], prevalence: float | None) -> dict:
    known = np.isfinite(scored.table.values[:, at])
    truth = scored.table.values[known, at] == 1
    logit, score = scored.logits[known, at], scored.scores[known, at]
    finding = scored.table.findings[at]
    patients = np.asarray(scored.table.patients)[known]
    figures = {
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
    drawn = [auc for rows in draws if (auc := auc_of(labels[rows], logits[rows])) is not None]
    figures["auc"] = [auc_of(labels, logits), *limits(drawn)]
    figures["average_precision"] = float(average_precision_score(truth, score))
    threshold = scored.config.thresholds.get(finding)
    if threshold:
        above = scored.scores[:, at] >= threshold.score
        figures["operating_point"] = _operating(labels, above, draws, prevalence) | {"threshold": threshold.score}
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
    """[share of the rows `of` that are found, low, high]."""
    drawn = [found[rows][of[rows]].mean() for rows in draws if of[rows].any()]
    return [float(found[of].mean()), *limits(drawn)]


def _calibrated(truth: np.ndarray, probability: np.ndarray) -> dict:
    """Intercept and slope of the labels' regression on the log odds (0 and 1 are perfect), Brier score, bins."""
    log_odds = np.log(np.clip(probability, 1e-9, 1) / np.clip(1 - probability, 1e-9, 1))
    slope, _ = logistic(truth, log_odds, slope=1.0, weight=1e-9)
    return {
        "intercept": _intercept(truth, log_odds),
        "slope": slope,
        "brier": float(brier_score_loss(truth, probability)),
        "brier_of_prevalence": float(truth.mean() * (1 - truth.mean())),
        "bins": list(_reliability(truth, probability)),
    }


def _intercept(truth: np.ndarray, log_odds: np.ndarray) -> float:
    """What has to be added to the log odds for their mean probability to be the share of positives."""
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        if (0.5 * (1 + np.tanh((log_odds + middle) / 2))).mean() < truth.mean():
            low = middle
        else:
            high = middle
    return middle


def _reliability(truth: np.ndarray, probability: np.ndarray) -> Iterator[dict]:
    """Ten bins of equally many pictures: mean probability, share of positives."""
    for rows in np.array_split(np.argsort(probability, kind="stable"), BINS):
        if len(rows):
            yield {
                "pictures": len(rows),
                "probability": float(probability[rows].mean()),
                "positives": float(truth[rows].mean()),
            }


def _means(findings: Mapping[str, dict]) -> dict:
    """Over the findings for which a figure is defined, with their number."""
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


def _groups(scored: Scored) -> Iterator[tuple[str, dict]]:
    """{column: {group: figures}}.

    A network that only tells the sick from the healthy has no more than chance among the sick.
    """
    for column, members in _members(scored.table):
        yield column, {name: _group(scored, rows) for name, rows in members.items()}


def _members(table: LabelTable) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """{group: mask of the rows} by sex, age and view as far as the table has them, and of the sick alone."""
    for column, cells in table.columns.items():
        if column in ("part", "source"):
            continue
        names = np.array([_age_band(cell) if column == "age" else cell for cell in cells])
        if groups := {str(name): names == name for name in sorted(set(names) - {""})}:
            yield column, groups
    sick = ~shows_none(table)
    if len(table.findings) > 1 and sick.any() and not sick.all():
        yield "findings", {"one or more": sick}


def _group(scored: Scored, mask: np.ndarray) -> dict:
    table, logits = scored.table.take(mask), scored.logits[mask]
    enough = [at for at in range(len(table.findings)) if _enough(table.values[:, at])]
    draws = list(patient_resamples(table.patients))
    return {
        "pictures": len(table),
        "patients": len(set(table.patients)),
        "findings": len(enough),
        "mean_auc": mean_auc_with_interval(table.values[:, enough], logits[:, enough], draws) if enough else None,
    }


def _enough(labels: np.ndarray) -> bool:
    return min((labels == 1).sum(), (labels == 0).sum()) >= FEWEST


def _age_band(cell: str) -> str:
    """ "" for an age that can't be told; NIH's first table has ages such as 058Y."""
    digits = "".join(character for character in cell if character.isdigit())
    for low, high in AGES if digits else ():
        if low <= int(digits) < high:
            return f"under {high}" if not low else f"{low} and over" if high == AGES[-1][1] else f"{low} to {high - 1}"
    return ""
