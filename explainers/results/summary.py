"""A run's figures: scores and AUC of each finding, agreement of explainers, mean maps, costs, failures."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cxr.evaluation.auc import RankedScores
from explainers.agreement import agreement
from explainers.batch.schemas import TABLES
from explainers.contract.explanation import Explanation
from explainers.results.comparing import Resamples
from explainers.results.reading import Results

QUANTILES = (5, 25, 50, 75, 95)
BINS = 20
"""Of a histogram of scores from 0 to 1."""

MOST_RADIOGRAPHS = 2000
"""Of which maps are averaged and compared: more change little and take long to read."""

LEAST_PATIENTS = 10
"""Of a mean map: one of fewer patients may show one of them."""


@dataclass(frozen=True, eq=False)
class FindingFigures:
    """Of one finding's scores.

    quantiles  at QUANTILES
    counts     (BINS,) of scores
    above      share at or above the threshold; None where there is none
    auc        (AUC, low, high); None without labels of both kinds
    positives  radiographs labelled 1; labelled: labelled 1 or 0
    """

    finding: str
    quantiles: tuple[float, ...]
    counts: np.ndarray
    above: float | None
    auc: tuple[float, float, float] | None
    positives: int
    labelled: int


@dataclass(frozen=True)
class Cost:
    """Of one explainer, a radiograph: seconds, passes, maps, and cells of a map."""

    explainer: str
    radiographs: int
    seconds: float
    passes: float
    maps: float
    cells: int


@dataclass(eq=False)
class MeanMap:
    """The sum of maps of one finding and explainer."""

    unit: str
    signed: bool
    total: np.ndarray
    patients: set[str] = field(default_factory=set)
    count: int = 0

    @property
    def mean(self) -> np.ndarray | None:
        """(y, x) float32; None of too few patients."""
        return (self.total / self.count).astype(np.float32) if len(self.patients) >= LEAST_PATIENTS else None


@dataclass(frozen=True, eq=False)
class MapFigures:
    """What the maps of some radiographs say together.

    radiographs  how many
    means        {(finding, explainer): mean}
    correlation  (n, n) mean rank correlation of two explainers' maps of one radiograph and finding; NaN without any
    """

    radiographs: int
    means: dict[tuple[str, str], MeanMap]
    correlation: np.ndarray


def finding_figures(results: Results, *, resamples: int) -> list[FindingFigures]:
    """In the order of the network's outputs."""
    scores = results.scores.filter(pc.is_null(results.scores["error"]))
    found = []
    for finding in results.labels:
        rows = scores.filter(pc.equal(scores["finding"], finding))
        if rows.num_rows:
            found.append(_finding_figures(finding, rows, resamples))
    return found


def _finding_figures(finding: str, rows: pa.Table, resamples: int) -> FindingFigures:
    values, labels = (rows[name].cast(pa.float64()).to_numpy() for name in ("score", "label"))
    above = pc.mean(rows["above"].cast(pa.float64())).as_py()
    ranked = RankedScores(labels, values)
    auc = None
    if (value := ranked.auc(np.ones(len(values)))) is not None:
        patients = pc.coalesce(rows["patient"], rows["image"]).to_pylist()
        auc = value, *Resamples(patients, resamples).interval(ranked.auc)
    return FindingFigures(
        finding=finding,
        quantiles=tuple(float(each) for each in np.percentile(values, QUANTILES)),
        counts=np.histogram(values, BINS, (0, 1))[0],
        above=above,
        auc=auc,
        positives=int((labels == 1).sum()),
        labelled=int(np.isfinite(labels).sum()),
    )


def map_figures(results: Results) -> MapFigures:
    """Mean maps and agreement, from one pass over the maps, a part at a time. Parts lie in no order of radiographs."""
    names = results.explainers
    means: dict[tuple[str, str], MeanMap] = {}
    sums, counts = np.zeros((len(names), len(names))), np.zeros((len(names), len(names)))
    patients = _patients(results)
    radiographs: set[str] = set()
    for image, group in _by_finding(results):
        if len(radiographs) == MOST_RADIOGRAPHS and image not in radiographs:
            break
        radiographs.add(image)
        for each in group:
            _add(means, each, patients[image])
        found = agreement(group)
        places = np.ix_(*[[names.index(name) for name in found.names]] * 2)
        sums[places] += found.spearman
        counts[places] += 1
    with np.errstate(invalid="ignore"):
        return MapFigures(len(radiographs), means, sums / counts)


def _by_finding(results: Results) -> Iterator[tuple[str, list[Explanation]]]:
    """(image, the explanations of one finding)."""
    pairs = results.keyed_explanations()
    for (image, _), group in groupby(pairs, key=lambda pair: pair[0][:2]):
        yield image, [explanation for _, explanation in group]


def _add(means: dict[tuple[str, str], MeanMap], one: Explanation, patient: str) -> None:
    key = one.finding, one.explainer
    if key not in means:
        means[key] = MeanMap(one.unit, one.signed, np.zeros(one.map.shape))
    mean = means[key]
    mean.total += one.map
    mean.count += 1
    mean.patients.add(patient)


def _patients(results: Results) -> dict[str, str]:
    table = results.table("scores", ["image", "patient"])
    return dict(zip(table["image"].to_pylist(), pc.coalesce(table["patient"], table["image"]).to_pylist(), strict=True))


def costs(results: Results) -> list[Cost]:
    """Of each explainer. What it computed for several findings together is counted once."""
    maps = results.maps.filter(pc.is_null(results.maps["error"]))
    return [_cost(name, rows) for name in results.explainers if (rows := _of(maps, name)).num_rows]


def _of(maps: pa.Table, explainer: str) -> pa.Table:
    return maps.filter(pc.equal(maps["explainer"], explainer))


def _cost(explainer: str, rows: pa.Table) -> Cost:
    radiographs = len(pc.unique(rows["image"]))
    computed = rows.filter(pc.invert(rows["shared"]))
    passes = (pc.sum(computed[name]).as_py() or 0 for name in ("forward", "backward"))
    return Cost(
        explainer,
        radiographs,
        seconds=(pc.sum(computed["seconds"]).as_py() or 0.0) / radiographs,
        passes=sum(passes) / radiographs,
        maps=rows.num_rows / radiographs,
        cells=rows["rows"][0].as_py() * rows["columns"][0].as_py(),
    )


def errors(results: Results) -> list[tuple[str, str, int, str]]:
    """(table, code, how many rows, the first one's sentence)."""
    found = []
    for name in TABLES:
        column = results.table(name, ["error"])["error"]
        failed = column.filter(pc.is_valid(column)).to_pylist()
        for code in sorted({each["code"] for each in failed}):
            sentences = [each["sentence"] for each in failed if each["code"] == code]
            found.append((name, code, len(sentences), sentences[0]))
    return found
