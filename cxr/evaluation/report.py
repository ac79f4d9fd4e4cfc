"""An evaluation for people: a table in Markdown, and pictures where matplotlib is installed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_curve

from cxr.checkpoint import CheckpointConfig
from cxr.checkpoint.witness import Witness
from cxr.evaluation.claims_table import claims_markdown
from cxr.evaluation.scoring import Scored
from cxr.evaluation.shortcuts import farthest, mean_distance
from cxr.findings import display_name

UNDEFINED = "not defined"
MEANS = {"mean_auc": "Mean", "enough_patients": "Mean of the findings with enough patients"}
"""Rows of the table of differences that are means over findings."""

COLUMNS = (
    "finding",
    "positives (patients)",
    "AUC",
    "average precision",
    "sensitivity",
    "specificity",
    "PPV / NPV at prevalence",
    "calibration: intercept, slope, Brier",
)


def write_report(figures: Mapping, scored: Scored, out: Path) -> list[Path]:
    """`evaluation.json`, `evaluation.md` and three pictures; returns the files."""
    out.mkdir(parents=True, exist_ok=True)
    written = [out / "evaluation.json", out / "evaluation.md"]
    written[0].write_text(json.dumps(figures, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    written[1].write_text(markdown(figures, scored.config))
    return [*written, *_pictures(figures, scored, out)]


def markdown(figures: Mapping, config: CheckpointConfig) -> str:
    """Tables of findings, groups and differences, and the check of the checkpoint's claims on these pictures."""
    parts = [
        f"# {figures['model']}: {figures['pictures']} pictures of {figures['patients']} patients",
        f"Mean AUC {_interval(figures['mean_auc'])}, 95 % intervals by patient. {_enough_patients(figures)}",
        "\n".join(_findings(figures)),
        "\n".join(_groups(figures["groups"])),
        "\n".join(_shortcuts(figures)),
    ]
    if "versus" in figures:
        parts.append("\n".join(_versus(figures["versus"])))
    parts.append(claims_markdown(replace(config, witness=Witness.from_json(figures["witness"]))))
    return "\n\n".join(part for part in parts if part) + "\n"


def _enough_patients(figures: Mapping) -> str:
    of = figures["enough_patients"]
    named = f"Over the {len(of['findings'])} findings that {of['patients']} patients or more have"
    return f"{named}: {_interval(of['mean_auc'])}."


def _shortcuts(figures: Mapping) -> Iterator[str]:
    """What the logits reveal beside the findings; all rows but the last are among pictures without a finding."""
    versus = [figures["versus"]] if "versus" in figures else []
    if not figures["shortcuts"]:
        return
    yield f"| what each logit separates | pictures |{' mean distance from 0.5 | farthest |' * (1 + len(versus))}"
    yield "|---|---|" + "---|---|" * (1 + len(versus))
    for name, each in figures["shortcuts"].items():
        yes, no = each["pictures"]
        cells = [_shortcut(of["shortcuts"][name]["auc"]) for of in (figures, *versus)]
        yield f"| {name} | {yes} and {no} | {' | '.join(cells)} |"


def _shortcut(auc: Mapping) -> str:
    finding = farthest(auc)
    return f"{mean_distance(auc):.3f} | {display_name(finding)} {_interval(auc[finding])}"


def _findings(figures: Mapping) -> Iterator[str]:
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---" * len(COLUMNS) + "|"
    for finding, each in figures["findings"].items():
        point, calibration = each["operating_point"], each["calibration"]
        cells = [
            display_name(finding),
            f"{each['positives']} ({each['positive_patients']})",
            _interval(each["auc"]),
            _number(each["average_precision"]),
            _interval(point and point["sensitivity"]),
            _interval(point and point["specificity"]),
            f"{_number(point['ppv'])} / {_number(point['npv'])} at {point['prevalence']:.3f}" if point else UNDEFINED,
            f"{calibration['intercept']:.2f}, {calibration['slope']:.2f}, {calibration['brier']:.3f}"
            if calibration
            else UNDEFINED,
        ]
        yield f"| {' | '.join(cells)} |"


def _groups(groups: Mapping) -> Iterator[str]:
    if not groups:
        return
    yield "| group | pictures (patients) | findings | mean AUC |"
    yield "|---|---|---|---|"
    for column, members in groups.items():
        for name, each in members.items():
            counts = f"{each['pictures']} ({each['patients']})"
            yield f"| {column} {name} | {counts} | {each['findings']} | {_interval(each['mean_auc'])} |"


def _versus(versus: Mapping) -> Iterator[str]:
    yield f"| difference in AUC to {versus['model']} | |"
    yield "|---|---|"
    for name, difference in versus["difference"].items():
        yield f"| {MEANS.get(name) or display_name(name)} | {_interval(difference, sign='+')} |"
    for column, members in versus["groups"].items():
        for name, difference in members.items():
            yield f"| Mean, {column} {name} | {_interval(difference, sign='+')} |"


def _number(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.3f}"


def _interval(values: Sequence[float] | None, *, sign: str = "") -> str:
    if not values:
        return UNDEFINED
    middle, low, high = (f"{value:{sign}.3f}" for value in values)
    return f"{middle} ({low} to {high})"


def _pictures(figures: Mapping, scored: Scored, out: Path) -> list[Path]:
    """ROC curves, reliability and histograms of the scores; none without matplotlib."""
    try:
        import matplotlib
    except ImportError:
        print("note: no pictures, since matplotlib is not installed: pip install 'cxr-lens[train]'")
        return []
    matplotlib.use("Agg")
    drawers = {"roc": _draw_roc, "reliability": _draw_reliability, "scores": _draw_scores}
    return [_sheet(name, draw, figures, scored, out / f"{name}.png") for name, draw in drawers.items()]


def _sheet(name: str, draw, figures: Mapping, scored: Scored, file: Path) -> Path:
    """A small diagram for each finding."""
    from matplotlib.figure import Figure

    columns = 4
    rows = -(-len(scored.table.findings) // columns)
    sheet = Figure(figsize=(3 * columns, 2.8 * rows), layout="constrained", dpi=110)
    axes = np.atleast_1d(sheet.subplots(rows, columns)).ravel()
    for at, axis in enumerate(axes):
        if at >= len(scored.table.findings):
            axis.set_axis_off()
            continue
        finding = scored.table.findings[at]
        axis.set_title(display_name(finding), fontsize=10)
        axis.tick_params(labelsize=7)
        if figures["findings"][finding]["auc"] is None:
            axis.text(0.5, 0.5, UNDEFINED, ha="center", va="center", transform=axis.transAxes)
            continue
        draw(axis, figures["findings"][finding], scored, at)
    sheet.savefig(file)
    return file


def _draw_roc(axis, figures: Mapping, scored: Scored, at: int) -> None:
    known = np.isfinite(scored.table.values[:, at])
    false_rate, true_rate, _ = roc_curve(scored.table.values[known, at], scored.scores[known, at])
    axis.plot([0, 1], [0, 1], color="0.8", linewidth=1)
    axis.plot(false_rate, true_rate, color="#0f766e")
    point = figures["operating_point"]
    if point:
        axis.plot(1 - point["specificity"][0], point["sensitivity"][0], "o", color="#b45309")
    axis.set_xlabel(f"1 − specificity; AUC {figures['auc'][0]:.3f}", fontsize=8)
    axis.set_ylabel("sensitivity", fontsize=8)


def _draw_reliability(axis, figures: Mapping, scored: Scored, at: int) -> None:
    if figures["calibration"] is None:
        axis.text(0.5, 0.5, "uncalibrated", ha="center", va="center", transform=axis.transAxes)
        return
    bins = figures["calibration"]["bins"]
    top = 1.05 * max(max(each["probability"], each["positives"]) for each in bins)
    axis.plot([0, top], [0, top], color="0.8", linewidth=1)
    axis.plot([each["probability"] for each in bins], [each["positives"] for each in bins], "o-", color="#0f766e")
    axis.set_xlabel("probability", fontsize=8)
    axis.set_ylabel("share with the finding", fontsize=8)


def _draw_scores(axis, figures: Mapping, scored: Scored, at: int) -> None:
    scores, labels = scored.scores[:, at], scored.table.values[:, at]
    edges = np.linspace(0, 1, 31)
    axis.hist(scores[labels == 0], edges, density=True, color="0.75", label="without")
    axis.hist(scores[labels == 1], edges, density=True, histtype="step", color="#b45309", label="with the finding")
    if figures["operating_point"]:
        axis.axvline(figures["operating_point"]["threshold"], color="#0f766e", linewidth=1)
    axis.set_xlabel("score", fontsize=8)
    axis.legend(fontsize=6)
