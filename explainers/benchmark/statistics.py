"""From rows to figures with intervals: by patient, macro over findings, paired, and corrected for their number."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from cxr.evaluation.bootstrap import limits, patient_resamples
from explainers.benchmark.protocol import OCCUPANCY, Protocol
from explainers.benchmark.run import numbers

MEANS = (
    "pointing", "pointing_tolerant", "mass", "area", "iou_top", "iou_equal_area", "iobb_top", "pixel_auc", "abstains",
    "cap_pointing", "cap_iou", "relevance_gain", "stability", "confirmed", "false_claims", "fill_dependent",
)  # fmt: skip
COSTS = ("seconds", "forward", "backward")

Rows = Sequence[Mapping[str, str]]


def summary(
    rows: Rows,
    protocol: Protocol,
    *,
    model: Mapping,
    findings: Sequence[str],
    versus: tuple[Mapping, Rows] | None = None,
) -> dict:
    """JSON: per explainer its macro figures, those of each finding, costs, and the difference to the prior.

    versus  another network and the rows of its run over the same boxes: differences to these are added
    """
    by_label = {entry.label: [row for row in rows if row["label"] == entry.label] for entry in protocol.entries}
    prior = next((entry.label for entry in protocol.entries if entry.name == OCCUPANCY), None)
    explainers = []
    for entry in protocol.entries:
        own = [row for row in by_label[entry.label] if not row["failed"]]
        described = {"label": entry.label, "name": entry.name, "options": dict(entry.options), "boxes": len(own)}
        described["failed"] = len(by_label[entry.label]) - len(own)
        if own:
            described["macro"] = {name: _figure(own, name, protocol) for name in MEANS if _there(own, name)}
            described["by_finding"] = {
                finding: _by_finding([row for row in own if row["finding"] == finding], protocol)
                for finding in findings
            }
            described["costs"] = {name: float(np.nanmedian(numbers(own, name))) for name in COSTS}
            if prior and entry.label != prior:
                described["against_prior"] = _differences(own, by_label[prior], protocol)
            others = [row for row in versus[1] if row["label"] == entry.label] if versus else []
            if others and entry.name != OCCUPANCY:
                described["against_other"] = _differences(own, others, protocol)
        explainers.append(described)
    _correct(explainers, "against_prior", "beats_prior")
    _correct(explainers, "against_other", "beats_other")
    return {
        "version": protocol.version,
        "protocol": protocol.digest,
        "model": dict(model),
        **({"versus": dict(versus[0])} if versus else {}),
        "boxes": len({(row["image"], row["finding"], row["box"]) for row in rows}),
        "images": len({row["image"] for row in rows}),
        "patients": len({row["patient"] for row in rows}),
        "findings": list(findings),
        "prior": prior,
        "explainers": explainers,
    }


def _there(rows: Rows, name: str) -> bool:
    return bool(np.isfinite(numbers(list(rows), name)).any())


def macro(values: np.ndarray, kinds: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(draws,) mean over findings of the weighted mean over their rows; findings without a row count in no draw.

    values   (rows,) with NaN where nothing was measured
    kinds    (rows,) the finding of each
    weights  (draws, rows) how often each row is in a bootstrap sample
    """
    there = np.isfinite(values)
    means = []
    for kind in np.unique(kinds[there]):
        own = there & (kinds == kind)
        counts = weights[:, own].sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            means.append(weights[:, own] @ values[own] / counts)
    if not means:
        return np.full(len(weights), np.nan)
    known = np.isfinite(means)
    with np.errstate(invalid="ignore"):
        return np.where(known, means, 0).sum(axis=0) / known.sum(axis=0)


def _figure(rows: Rows, name: str, protocol: Protocol) -> list[float]:
    """[value, low, high], macro."""
    values, kinds = numbers(list(rows), name), _kinds(rows)
    drawn = macro(values, kinds, _weights(rows, protocol))
    return _rounded(macro(values, kinds, np.ones((1, len(rows))))[0], limits(drawn[np.isfinite(drawn)]))


def _by_finding(rows: Rows, protocol: Protocol) -> dict:
    if not rows:
        return {"boxes": 0}
    return {"boxes": len(rows)} | {name: _figure(rows, name, protocol) for name in protocol.headline}


def _differences(own: Rows, other: Rows, protocol: Protocol) -> dict:
    """{headline figure: own less other}, on the boxes of both; empty where they share none."""
    by_box = {_key(row): row for row in other if not row["failed"]}
    rows = [row for row in own if _key(row) in by_box]
    return {name: _difference(rows, by_box, name, protocol) for name in protocol.headline} if rows else {}


def _difference(rows: Rows, by_box: Mapping[tuple, Mapping[str, str]], name: str, protocol: Protocol) -> dict:
    """Own less other on the same boxes: [value, low, high] and a two-sided p of the bootstrap."""
    values = numbers(rows, name) - numbers([by_box[_key(row)] for row in rows], name)
    drawn = macro(values, _kinds(rows), _weights(rows, protocol))
    drawn = drawn[np.isfinite(drawn)]
    tail = min((drawn <= 0).sum(), (drawn >= 0).sum())
    p = min(1.0, 2 * (tail + 1) / (len(drawn) + 1))
    value = macro(values, _kinds(rows), np.ones((1, len(rows))))[0]
    return {"difference": _rounded(value, limits(drawn)), "p": round(float(p), 5)}


def _key(row: Mapping[str, str]) -> tuple[str, str, str]:
    return row["image"], row["finding"], row["box"]


def _kinds(rows: Rows) -> np.ndarray:
    return np.array([row["finding"] for row in rows])


def _weights(rows: Rows, protocol: Protocol) -> np.ndarray:
    """(draws, rows): how often each row is in each draw of patients; the same draws for the same rows."""
    return _drawn(tuple(row["patient"] for row in rows), protocol.resamples, protocol.seed)


@lru_cache(maxsize=32)
def _drawn(patients: tuple[str, ...], count: int, seed: int) -> np.ndarray:
    draws = patient_resamples(patients, count=count, seed=seed)
    return np.stack([np.bincount(picked, minlength=len(patients)) for picked in draws]).astype(np.float32)


def _correct(explainers: Sequence[dict], against: str, verdict: str) -> None:
    """Holm's correction over all comparisons of a kind; the verdict: whether all of an explainer's hold after it."""
    tests = [test for each in explainers for test in each.get(against, {}).values()]
    worst = 0.0
    for rank, test in enumerate(sorted(tests, key=lambda test: test["p"])):
        worst = max(worst, min(1.0, test["p"] * (len(tests) - rank)))
        test["p_holm"] = round(worst, 5)
    for each in explainers:
        if each.get(against):
            each[verdict] = all(test["p_holm"] < 0.05 and test["difference"][0] > 0 for test in each[against].values())


def _rounded(value: float, bounds: tuple[float, float]) -> list[float]:
    return [round(float(each), 4) for each in (value, *bounds)]
