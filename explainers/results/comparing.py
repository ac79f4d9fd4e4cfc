"""Two runs over the same radiographs: paired differences, with intervals over resamples of patients."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cxr.evaluation.auc import RankedScores
from cxr.evaluation.bootstrap import RESAMPLES, limits
from explainers.errors import OptionError
from explainers.map_statistics import on_grid, spearman
from explainers.results.reading import Results

Figure = Callable[[np.ndarray], float | None]
"""A figure under weights of the rows; None where it is not defined."""


@dataclass(frozen=True)
class Difference:
    """One row of a comparison.

    figure      "score", "auc", a measure's name, or "rank correlation" of the maps (then `difference` is the mean)
    a, b        mean of each run; the figure itself for "auc"
    difference  a minus b, with its 95 % interval over resamples of patients
    """

    figure: str
    finding: str
    explainer: str | None
    a: float | None
    b: float | None
    difference: float
    low: float
    high: float
    images: int
    patients: int


def compare(a: Results, b: Results, *, maps: bool = False, resamples: int = RESAMPLES) -> pa.Table:
    """Paired differences of two runs, over the radiographs that both have: one row a figure and finding.

    Scores, AUC where there are labels, and every measure that both have. With `maps`, also the mean rank correlation
    of the maps of the same explainer, which takes a millisecond a map. A radiograph without a patient counts as one of
    its own. Raises OptionError if the runs have no radiograph in common.
    """
    rows = [*_scores(a, b, resamples), *_measures(a, b, resamples), *(_maps(a, b, resamples) if maps else ())]
    if not rows:
        raise OptionError("The runs have no radiograph in common.", "Compare runs over the same data set.")
    return pa.Table.from_pylist([asdict(row) for row in rows], _SCHEMA)


_SCHEMA = pa.schema(
    [
        *[(name, pa.string()) for name in ("figure", "finding", "explainer")],
        *[(name, pa.float64()) for name in ("a", "b", "difference", "low", "high")],
        *[(name, pa.int64()) for name in ("images", "patients")],
    ]
)


class Resamples:
    """Draws of patients, as weights of rows.

    patients  of each row
    """

    def __init__(self, patients: Sequence[str], count: int) -> None:
        names, self._of = np.unique(np.asarray(patients), return_inverse=True)
        self.patients = len(names)
        rng = np.random.default_rng(0)
        self._draws = [rng.integers(0, self.patients, self.patients) for _ in range(count)]

    def interval(self, figure: Figure) -> tuple[float, float]:
        """The 95 % interval of a figure; NaN where no draw defines it."""
        found = [
            value
            for draw in self._draws
            if (value := figure(np.bincount(draw, minlength=self.patients)[self._of].astype(float))) is not None
        ]
        return limits(found) if found else (np.nan, np.nan)


def _scores(a: Results, b: Results, resamples: int) -> Iterator[Difference]:
    columns = ["image", "patient", "finding", "score", "label"]
    for finding, rows in _joined(a, b, "scores", columns, ["image", "finding"]):
        ours, theirs, drawn = _numbers(rows, "score"), _numbers(rows, "score_b"), Resamples(_patients(rows), resamples)
        yield _mean_difference("score", finding, None, ours, theirs, drawn)
        labels = np.where(np.isnan(one := _numbers(rows, "label")), _numbers(rows, "label_b"), one)
        yield from _auc_difference(finding, RankedScores(labels, ours), RankedScores(labels, theirs), labels, drawn)


def _auc_difference(
    finding: str, first: RankedScores, second: RankedScores, labels: np.ndarray, drawn: Resamples
) -> Iterator[Difference]:
    """None where one kind of label is missing."""
    even = np.ones(len(labels))
    auc, other = first.auc(even), second.auc(even)
    if auc is not None and other is not None:
        low, high = drawn.interval(lambda weights: _minus(first.auc(weights), second.auc(weights)))
        known = int(np.isfinite(labels).sum())
        yield Difference("auc", finding, None, auc, other, auc - other, low, high, known, drawn.patients)


def _measures(a: Results, b: Results, resamples: int) -> Iterator[Difference]:
    keys = ["image", "finding", "explainer", "measure"]
    for finding, rows in _joined(a, b, "measures", [*keys, "patient", "value"], keys):
        names = rows.group_by(["explainer", "measure"]).aggregate([]).sort_by("measure").to_pylist()
        for each in names:
            some = rows.filter(
                pc.and_(pc.equal(rows["explainer"], each["explainer"]), pc.equal(rows["measure"], each["measure"]))
            )
            some = some.filter(pc.and_(pc.is_valid(some["value"]), pc.is_valid(some["value_b"])))
            if some.num_rows:
                ours, theirs = _numbers(some, "value"), _numbers(some, "value_b")
                drawn = Resamples(_patients(some), resamples)
                yield _mean_difference(each["measure"], finding, each["explainer"], ours, theirs, drawn)


def _maps(a: Results, b: Results, resamples: int) -> Iterator[Difference]:
    found: dict[tuple[str, str], list[tuple[str, float]]] = {}
    patients = _patient_of(a)
    for (image, finding, explainer), ours, theirs in _pairs_of_maps(a, b):
        correlation = spearman(on_grid(ours), on_grid(theirs))
        found.setdefault((finding, explainer), []).append((patients[image], correlation))
    for (finding, explainer), pairs in sorted(found.items()):
        values = np.array([value for _, value in pairs])
        drawn = Resamples([patient for patient, _ in pairs], resamples)
        low, high = drawn.interval(partial(_weighted, values))
        mean = float(values.mean())
        yield Difference(
            "rank correlation", finding, explainer, None, None, mean, low, high, len(values), drawn.patients
        )


def _pairs_of_maps(a: Results, b: Results) -> Iterator[tuple[tuple[str, str, str], np.ndarray, np.ndarray]]:
    """Maps of the same radiograph, finding and explainer, a part of `a` at a time, with the parts of `b` it needs."""
    from explainers.batch.parts import parts

    for part in parts(a.folder, "maps"):
        ours = dict(a.keyed_explanations(only={part}))
        needed = {b.part_of[image] for image, _, _ in ours if image in b.part_of}
        for key, theirs in b.keyed_explanations(only=needed) if needed else ():
            if key in ours:
                yield key, ours[key].map, theirs.map


def _joined(
    a: Results, b: Results, table: str, columns: Sequence[str], keys: Sequence[str]
) -> Iterator[tuple[str, pa.Table]]:
    """(finding, the rows that both have) for each finding; columns of `b` end in _b."""
    one, other = (each.table(table, columns) for each in (a, b))
    if not one.num_rows or not other.num_rows:
        return
    rows = one.join(other, list(keys), join_type="inner", right_suffix="_b").sort_by(
        [(key, "ascending") for key in keys]
    )
    for finding in a.labels:
        some = rows.filter(pc.equal(rows["finding"], finding))
        if some.num_rows:
            yield finding, some


def _mean_difference(
    figure: str, finding: str, explainer: str | None, ours: np.ndarray, theirs: np.ndarray, drawn: Resamples
) -> Difference:
    differences = ours - theirs
    low, high = drawn.interval(partial(_weighted, differences))
    means = float(ours.mean()), float(theirs.mean())
    return Difference(
        figure, finding, explainer, *means, float(differences.mean()), low, high, len(ours), drawn.patients
    )


def _weighted(values: np.ndarray, weights: np.ndarray) -> float:
    return float(weights @ values / weights.sum())


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _numbers(table: pa.Table, column: str) -> np.ndarray:
    return table[column].combine_chunks().cast(pa.float64()).to_numpy(zero_copy_only=False)


def _patients(table: pa.Table) -> list[str]:
    """The image where the patient is not known."""
    return pc.coalesce(table["patient"], table["image"]).to_pylist()


def _patient_of(results: Results) -> dict[str, str]:
    table = results.table("scores", ["image", "patient"])
    return dict(zip(table["image"].to_pylist(), _patients(table), strict=True))
