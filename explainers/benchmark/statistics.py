"""From rows to figures with intervals: by patient, macro over findings, paired, and corrected for their number.

Explainers that were measured on fewer targets than the rest stand in tables of their own, beside the rest on the same
targets.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from explainers.benchmark.conclusions import concluded
from explainers.benchmark.intervals import Sampled
from explainers.benchmark.protocol import OCCUPANCY, Entry, Protocol
from explainers.benchmark.rows import Row, key_of
from explainers.removal import FILLS

REMOVALS = ("relevance_gain", *(f"removal_{fill}" for fill in FILLS))
MEANS = (
    "pointing", "pointing_tolerant", "mass", "area", "iou_top", "iou_equal_area", "iobb_top", "pixel_auc", "abstains",
    "cap_pointing", "cap_iou", *REMOVALS, "stability", "confirmed", "false_claims", "fill_dependent",
)  # fmt: skip
COSTS = ("seconds", "forward", "backward")

BOUNDS = dict.fromkeys(MEANS, (0.0, 1.0)) | dict.fromkeys(REMOVALS) | {"stability": (-1.0, 1.0)}
"""What a figure can be: {figure: (lowest, highest), None without bounds}."""

OF_DIFFERENCES = (-1.0, 1.0)

LEAST_PATIENTS = 2
"""Of a finding with fewer, nothing is known of how patients differ, so it is in no mean over findings."""

Rows = Sequence[Row]


def summary(
    rows: Rows,
    protocol: Protocol,
    *,
    model: Mapping,
    findings: Sequence[str],
    controls: Collection[str] = (),
    versus: tuple[Mapping, Rows] | None = None,
) -> dict:
    """JSON: per explainer its macro figures, those of each finding, costs, and the difference to the prior.

    controls  names of explainers that are controls
    versus    another network and the rows of its run over the same boxes: differences to these are added
    """
    good = [row for row in rows if not row["failed"]]
    whole = len({_key(row) for row in rows})
    counts = {entry.label: entry.boxes if 0 < entry.boxes < whole else 0 for entry in protocol.entries}
    tables = []
    for count in [0, *sorted(set(counts.values()) - {0}, reverse=True)]:
        tested = [entry for entry in protocol.entries if counts[entry.label] == count]
        shown = [entry for entry in protocol.entries if not counts[entry.label] or 0 < count <= counts[entry.label]]
        keys = {_key(row) for row in rows if not count or row["label"] in {entry.label for entry in tested}}
        own = tested if not count else shown
        tables.append(_Table(good, protocol, own, keys, findings, frozenset(controls)).to_json(rows, tested, versus))
    main, *subsets = tables
    everything = [each for table in tables for each in table["explainers"]]
    _correct(everything, "against_prior", "beats_prior")
    _correct(everything, "against_other", "beats_other")
    found = {
        "version": protocol.version,
        "protocol": protocol.digest,
        "model": dict(model),
        **({"versus": dict(versus[0])} if versus else {}),
        "boxes": sum(len(box.split()) for _, _, box in {_key(row) for row in rows}),
        "findings": list(findings),
        "prior": _prior(protocol),
        **main,
        "subsets": subsets,
    }
    return found | {"concluded": concluded(found)}


def _prior(protocol: Protocol) -> str | None:
    return next((entry.label for entry in protocol.entries if entry.name == OCCUPANCY), None)


@dataclass(frozen=True, eq=False)
class _Table:
    """Explainers on one set of targets.

    rows  that did not fail, of any explainer and target
    """

    rows: Rows
    protocol: Protocol
    entries: Sequence[Entry]
    keys: Collection[tuple]
    findings: Sequence[str]
    controls: frozenset[str]
    _of_figure: dict[str, list[str]] = field(default_factory=dict)

    def of(self, label: str) -> list[Row]:
        return [row for row in self.rows if row["label"] == label and _key(row) in self.keys]

    def to_json(self, rows: Rows, tested: Sequence[Entry], versus: tuple[Mapping, Rows] | None) -> dict:
        described = [self._described(entry, rows, entry in tested, versus) for entry in self.entries]
        return {
            "targets": len(self.keys),
            "images": len({image for image, _, _ in self.keys}),
            "patients": len({row["patient"] for row in rows if _key(row) in self.keys}),
            "mean_findings": {name: kinds for name in MEANS if (kinds := self._kinds_of(name))},
            "explainers": described,
        }

    def _described(self, entry: Entry, rows: Rows, tested: bool, versus: tuple[Mapping, Rows] | None) -> dict:
        own = self.of(entry.label)
        failed = sum(bool(row["failed"]) for row in rows if row["label"] == entry.label and _key(row) in self.keys)
        found: dict = {"label": entry.label, "name": entry.name, "options": dict(entry.options), "boxes": len(own)}
        found |= {"failed": failed, "control": entry.name in self.controls or entry.name == OCCUPANCY}
        if not own:
            return found
        found["macro"] = {name: figure for name in MEANS if (figure := self._macro(own, name))}
        found["by_finding"] = {finding: self._by_finding(own, finding) for finding in self.findings}
        found["costs"] = {name: float(np.nanmedian(numbers(own, name))) for name in COSTS}
        if not tested or entry.name == OCCUPANCY:
            return found
        if prior := _prior(self.protocol):
            found["against_prior"] = self._differences(own, self.of(prior))
        others = [row for row in versus[1] if row["label"] == entry.label and not row["failed"]] if versus else []
        if others:
            found["against_other"] = self._differences(own, others)
        return found

    def _kinds_of(self, name: str) -> list[str]:
        """The findings that a figure's means are over: those that enough patients have it measured of."""
        if name not in self._of_figure:
            self._of_figure[name] = self._kinds_with_patients(name)
        return self._of_figure[name]

    def _kinds_with_patients(self, name: str) -> list[str]:
        labels = {entry.label for entry in self.entries}
        measured = [
            row for row in self.rows if row["label"] in labels and _key(row) in self.keys and row[name] is not None
        ]
        having = {kind: {row["patient"] for row in measured if row["finding"] == kind} for kind in self.findings}
        return [kind for kind in self.findings if len(having[kind]) >= LEAST_PATIENTS]

    def _macro(self, own: Rows, name: str) -> list[float] | None:
        """[mean over findings, low, high]; None where a finding of the table's means is missing."""
        kinds = self._kinds_of(name)
        rows = [row for row in own if row["finding"] in kinds and row[name] is not None]
        if not rows or {row["finding"] for row in rows} != set(kinds):
            return None
        return self._figure(rows, numbers(rows, name), BOUNDS[name])

    def _by_finding(self, own: Rows, finding: str) -> dict:
        rows = [row for row in own if row["finding"] == finding]
        if not rows:
            return {"boxes": 0}
        figures = {name: self._figure(rows, numbers(rows, name), BOUNDS[name]) for name in self.protocol.headline}
        return {"boxes": len(rows)} | figures

    def _differences(self, own: Rows, other: Rows) -> dict:
        """{headline figure: own less other}, on the targets of both; empty where they share none."""
        by_target = {_key(row): row for row in other}
        found = {}
        for name in self.protocol.headline:
            kinds = self._kinds_of(name)
            rows = [row for row in own if _key(row) in by_target and row["finding"] in kinds]
            if rows:
                values = numbers(rows, name) - numbers([by_target[_key(row)] for row in rows], name)
                sampled = self._sampled(rows, values, OF_DIFFERENCES)
                found[name] = {
                    "difference": _rounded(sampled.mean, sampled.interval()),
                    "p": round(sampled.p_of_zero(), 5),
                }
        return found

    def _figure(self, rows: Rows, values: np.ndarray, bounds: tuple[float, float] | None) -> list[float]:
        sampled = self._sampled(rows, values, bounds)
        return _rounded(sampled.mean, sampled.interval())

    def _sampled(self, rows: Rows, values: np.ndarray, bounds: tuple[float, float] | None) -> Sampled:
        kinds, patients = [row["finding"] for row in rows], [row["patient"] for row in rows]
        return Sampled(values, kinds, patients, bounds=bounds, count=self.protocol.resamples, seed=self.protocol.seed)


def tables_of(found: Mapping) -> Iterator[Mapping]:
    """The tables of a summary: that of all targets, then those of fewer."""
    yield found
    yield from found.get("subsets", ())


def numbers(rows: Rows, figure: str) -> np.ndarray:
    """(rows,) float64: a figure, NaN where it was not measured."""
    return np.array([np.nan if row[figure] is None else float(row[figure]) for row in rows])


def _key(row: Row) -> tuple[str, str, str]:
    """Of the row's target."""
    return key_of(row)[1:]


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
