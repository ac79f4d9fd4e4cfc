"""A recipe's figures by cross-validation: every picture scored by a network that was trained without its patient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cxr.errors import LabelError
from cxr.evaluation.auc import RankedScores, auc_with_interval, draws_as_weights
from cxr.evaluation.bootstrap import limits
from cxr.evaluation.labels import LabelTable, shows_none

WITHOUT_FINDING = 0.27
"""Share of pictures without a finding in NIH's official test part."""

FEWEST_PATIENTS = 10
"""Least number of patients with a finding that counts in the mean: fewer would contribute most of its uncertainty."""


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Logits of networks that were each trained without the patients of their fold.

    logits  (rows, findings), in the order of the table
    folds   (rows,) number of the fold, whose network gave the logits
    """

    name: str
    table: LabelTable
    logits: np.ndarray
    folds: np.ndarray

    def __post_init__(self) -> None:
        fold_of: dict[str, int] = {}
        for patient, fold in zip(self.table.patients, self.folds.tolist(), strict=True):
            if fold_of.setdefault(patient, fold) != fold:
                raise LabelError(f"Patient {patient} is in two folds of {self.name}.", "A fold has whole patients.")


def cross_validated(
    networks: Sequence[OutOfFold], *, without_finding: float = WITHOUT_FINDING, apart: Sequence[str] = ()
) -> dict:
    """Figures of each network as JSON has them, and differences to the first one over the same resamples of patients.

    without_finding  share of pictures without a finding, to which pictures are weighted
    apart            findings that are left out of the means, whatever the number of their patients

    Positives are compared with negatives of their own fold. The means are over findings with ten patients or more:
    "weighted" to the share, "as_they_are", and "with_a_finding", of these pictures alone. Raises LabelError if the
    networks were not measured on the same pictures.
    """
    first = networks[0].table
    if any(each.table.images != first.images or each.table.findings != first.findings for each in networks):
        raise LabelError("The networks were not measured on the same pictures.", "Give logits of the same tables.")
    counts = first.positives()
    mean_over = [name for name in first.findings if counts[name][1] >= FEWEST_PATIENTS and name not in apart]
    if not mean_over:
        raise LabelError(f"No finding has {FEWEST_PATIENTS} patients.", "Give more pictures.")
    draws = draws_as_weights(first.patients)
    weights = _weights(shows_none(first), without_finding)
    columns = [first.findings.index(name) for name in mean_over]
    means = {each.name: _means(each, weights, columns, draws) for each in networks}
    return {
        "pictures": len(first),
        "patients": len(set(first.patients)),
        "without_finding": without_finding,
        "mean_over": mean_over,
        "apart": [name for name in first.findings if name not in mean_over],
        "networks": {
            each.name: _figures(each, means[each.name], means[networks[0].name], weights["weighted"], draws)
            for each in networks
        },
    }


def _weights(healthy: np.ndarray, share: float) -> dict[str, np.ndarray]:
    """{mean: weights of the rows} of each of the three means."""
    even = np.ones(len(healthy))
    if healthy.all() or not healthy.any():
        raise LabelError("All pictures show a finding, or none does.", "Both kinds are needed.")
    to_share = np.where(healthy, share / healthy.mean(), (1 - share) / (~healthy).mean())
    return {"weighted": to_share, "as_they_are": even, "with_a_finding": np.where(healthy, 0.0, 1.0)}


def _means(
    network: OutOfFold, weights: Mapping[str, np.ndarray], columns: Sequence[int], draws: np.ndarray
) -> dict[str, np.ndarray]:
    """{mean: (1 + draws,)}: over all pictures, then over each resample; NaN where no finding has an AUC."""
    ranked = [_ranked(network, at) for at in columns]
    return {
        name: np.array([_mean(ranked, each)] + [_mean(ranked, each * times) for times in draws])
        for name, each in weights.items()
    }


def _mean(ranked: Sequence[RankedScores], weights: np.ndarray) -> float:
    known = [auc for each in ranked if (auc := each.auc(weights)) is not None]
    return float(np.mean(known)) if known else float("nan")


def _ranked(network: OutOfFold, at: int) -> RankedScores:
    return RankedScores(network.table.values[:, at], network.logits[:, at], network.folds)


def _figures(
    network: OutOfFold,
    means: Mapping[str, np.ndarray],
    first: Mapping[str, np.ndarray],
    weights: np.ndarray,
    draws: np.ndarray,
) -> dict:
    positives = network.table.positives()
    findings = {
        finding: {
            "positives": positives[finding][0],
            "positive_patients": positives[finding][1],
            "auc": auc_with_interval(_ranked(network, at), weights, draws),
        }
        for at, finding in enumerate(network.table.findings)
    }
    return {
        "folds": len(np.unique(network.folds)),
        "mean_auc": {name: _with_limits(drawn) for name, drawn in means.items()},
        "difference": {name: _with_limits(drawn - first[name]) for name, drawn in means.items()},
        "findings": findings,
    }


def _with_limits(drawn: np.ndarray) -> list[float]:
    return [float(drawn[0]), *limits(drawn[1:][np.isfinite(drawn[1:])])]


def markdown(figures: Mapping) -> str:
    """Two tables in Markdown: one row for each network, and one row for each finding."""
    names = list(figures["networks"])
    lines = [
        f"{figures['pictures']} pictures of {figures['patients']} patients, each scored by a network that was trained "
        f"without its patient. Mean AUC over {len(figures['mean_over'])} findings, 95 % intervals by patient; "
        f"apart: {', '.join(figures['apart']) or 'none'}.",
        "",
        f"| network | {figures['without_finding']:.0%} without a finding | difference | as they are | with a finding |",
        "|---|---|---|---|---|",
    ]
    for name, each in figures["networks"].items():
        mean = {kind: _cell(values) for kind, values in each["mean_auc"].items()}
        difference = _cell(each["difference"]["weighted"], sign="+") if name != names[0] else ""
        lines.append(
            f"| {name} | {mean['weighted']} | {difference} | {mean['as_they_are']} | {mean['with_a_finding']} |"
        )
    lines += ["", f"| finding | positives (patients) | {' | '.join(names)} |", "|---|---" + "|---" * len(names) + "|"]
    for finding, each in figures["networks"][names[0]]["findings"].items():
        cells = [_cell(figures["networks"][name]["findings"][finding]["auc"]) for name in names]
        lines.append(f"| {finding} | {each['positives']} ({each['positive_patients']}) | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(values: Sequence[float] | None, *, sign: str = "") -> str:
    return "not defined" if not values else "{:{s}.3f} ({:{s}.3f} to {:{s}.3f})".format(*values, s=sign)
