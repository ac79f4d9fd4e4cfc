"""Runs each explainer on each box and writes a row for each, as soon as it is computed."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cxr.reading.radiograph import read_radiograph
from explainers.benchmark.boxes import Boxed, BoxedSet, ceilings
from explainers.benchmark.protocol import OCCUPANCY, Entry, Protocol
from explainers.box_scores import SIDE, box_scores
from explainers.claims import CONFIRMED, CONTRADICTED, DEPENDS, Claims, Covering, Grid
from explainers.contract.explanation import Explanation
from explainers.contract.measure import Subject
from explainers.errors import OptionError
from explainers.map_statistics import on_grid, spearman
from explainers.perturbation import with_noise
from explainers.removal import FILLS, relevance_gain, removal_curves, removal_order
from explainers.running.comparison import Failed, Finished, compare
from explainers.running.map_cache import MapCache

if TYPE_CHECKING:
    from cxr.predictor import Predictor
    from cxr.reading.radiograph import Radiograph
    from explainers.registry import Registry

ROWS = "rows.csv"
RUN = "run.json"

VERIFIED_CELLS = 12
"""Cells of each map whose claims are tried, those with the strongest."""

FIGURES = (
    "pointing", "pointing_tolerant", "mass", "area", "iou_top", "iou_equal_area", "iobb_top", "pixel_auc", "abstains",
    "cap_pointing", "cap_iou", "relevance_gain", *(f"removal_{fill}" for fill in FILLS), "stability", "confirmed",
    "false_claims", "fill_dependent", "seconds", "forward", "backward",
)  # fmt: skip
COLUMNS = ("label", "image", "patient", "finding", "box", "failed", *FIGURES)


@dataclass(frozen=True, eq=False)
class Benchmark:
    """The network, explainers, data and protocol of a run."""

    predictor: "Predictor"
    registry: "Registry"
    data: BoxedSet
    protocol: Protocol
    limit: int = 0

    def jobs(self) -> Iterator[tuple[Entry, int, Boxed]]:
        """(entry, index, box) of all work: cheap entries first, so that a stopped run has most rows."""
        for entry in sorted(self.protocol.entries, key=lambda each: bool(each.boxes)):
            wanted = [count for count in (entry.boxes, self.limit) if count]
            for place, boxed in enumerate(self.data.boxes[: min(wanted)] if wanted else self.data.boxes):
                yield entry, place, boxed


def run(
    benchmark: Benchmark, out: Path, on_progress: Callable[[int, int, str], None] = lambda *_: None
) -> list[dict[str, str]]:
    """Compute the missing rows, and return all of them. An interrupted run resumes where it was.

    on_progress  called with (done, all, label)

    Raises OptionError if the folder holds rows of another network, protocol or data set.
    """
    out.mkdir(parents=True, exist_ok=True)
    _same_run(benchmark, out)
    rows = _read_rows(out / ROWS)
    done = {(row["label"], row["image"], row["finding"], row["box"]) for row in rows}
    jobs = list(benchmark.jobs())
    cache, shared = MapCache(), dict[str, Any]()
    with (out / ROWS).open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        for number, (entry, place, boxed) in enumerate(jobs, 1):
            if (entry.label, *boxed.key) not in done:
                row = _row(benchmark, entry, place, boxed, cache, shared)
                writer.writerow(row)
                stream.flush()
                rows.append({name: str(row.get(name, "")) for name in COLUMNS})
            on_progress(number, len(jobs), entry.label)
    return _rows_of_run(benchmark, rows)


def stored_rows(benchmark: Benchmark, out: Path) -> list[dict[str, str]]:
    """The rows that a run has so far. Raises OptionError if they are of another run, or there are none."""
    if not (out / ROWS).is_file():
        raise OptionError(f"{out.name!r} holds no rows of a benchmark.", "Check the folder.")
    _same_run(benchmark, out)
    return _rows_of_run(benchmark, _read_rows(out / ROWS))


def rows_of(out: Path) -> tuple[dict, list[dict[str, str]]]:
    """(the network, all rows) of any run. Raises OptionError if the folder holds none."""
    if not (out / ROWS).is_file() or not (out / RUN).is_file():
        raise OptionError(f"{out.name!r} holds no rows of a benchmark.", "Check the folder.")
    return json.loads((out / RUN).read_text())["model"], _read_rows(out / ROWS)


def _rows_of_run(benchmark: Benchmark, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows of this run's boxes; the file may have more, from a run with a higher limit."""
    wanted = {(entry.label, *boxed.key) for entry, _, boxed in benchmark.jobs()}
    return [row for row in rows if (row["label"], row["image"], row["finding"], row["box"]) in wanted]


def _same_run(benchmark: Benchmark, out: Path) -> None:
    """Raise OptionError if the folder has rows of another run."""
    about = {
        "model": benchmark.predictor.identity.to_json(),
        "protocol": benchmark.protocol.digest,
        "boxes": len(benchmark.data),
    }
    if (out / RUN).is_file():
        if json.loads((out / RUN).read_text()) != about:
            raise OptionError(
                f"{out.name!r} holds rows of another network, protocol or data set.", "Choose another --out."
            )
    else:
        (out / RUN).write_text(json.dumps(about, indent=1))


def _read_rows(file: Path) -> list[dict[str, str]]:
    """The file's complete rows; an incomplete last line is removed from the file."""
    if not file.is_file():
        with file.open("w", newline="", encoding="utf-8") as stream:
            csv.DictWriter(stream, COLUMNS).writeheader()
        return []
    text = file.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        file.write_text(whole, encoding="utf-8", newline="")
    return list(csv.DictReader(whole.splitlines()))


def _row(benchmark: Benchmark, entry: Entry, place: int, boxed: Boxed, cache: MapCache, shared: dict) -> dict[str, Any]:
    row: dict[str, Any] = dict(zip(("image", "finding", "box"), boxed.key, strict=True))
    row |= {"label": entry.label, "patient": boxed.patient, "failed": ""}
    mask = boxed.mask()
    if entry.name == OCCUPANCY:
        values = benchmark.data.occupancy(boxed)
        return row | box_scores(_on_square(values), mask) | {"seconds": 0, "forward": 0, "backward": 0}
    radiograph = _radiograph(benchmark, boxed, shared)
    *_, event = compare(
        benchmark.predictor,
        radiograph,
        boxed.finding,
        [entry.name],
        options={entry.name: dict(entry.options)},
        seed=benchmark.protocol.seed,
        registry=benchmark.registry,
        cache=cache,
    )
    if not isinstance(event, Finished):
        return row | {"failed": event.reason if isinstance(event, Failed) else "no result"}
    made = event.explanation
    row |= box_scores(_on_square(_whole(made)), mask)
    height, width = made.frame.image_size
    crop = tuple(np.array(made.frame.crop) / [height, width, height, width])
    row["cap_pointing"], row["cap_iou"] = ceilings(mask, made.map.shape, crop)
    row |= {"seconds": round(made.seconds, 4), **made.passes}
    subject = Subject(
        made,
        benchmark.registry.explainers[entry.name],
        benchmark.predictor,
        radiograph,
        benchmark.predictor.prepare(radiograph),
    )
    if place < benchmark.protocol.relevance_gain_boxes:
        order = removal_order(made.map, np.random.default_rng(benchmark.protocol.seed))
        curves = removal_curves(subject.context, order)[..., benchmark.predictor.labels.index(made.finding)]
        row["relevance_gain"] = round(relevance_gain(curves), 6)
        row |= {f"removal_{fill}": round(relevance_gain(each), 6) for fill, each in zip(FILLS, curves, strict=True)}
    if place < benchmark.protocol.stability_boxes and not entry.boxes:
        row["stability"] = round(_stability(subject), 6)
    if place < benchmark.protocol.verified_boxes:
        row |= _claims(subject, shared.setdefault("covered", {}))
    return row


def _claims(subject: Subject, covered: dict) -> dict[str, float]:
    """Shares of what the strongest cells claim that are confirmed, contradicted, or depend on the fill.

    Empty for a map that claims nothing. `covered` stores what all explainers of a picture share.
    """
    picture, finding = subject.context.input, subject.explanation.finding
    grid = Grid.of(subject.explanation.map.shape, picture.shape[:2])
    claims = Claims.of(subject.explanation, picture, grid)
    if not claims.weights.any():
        return {}
    found = Covering(subject.context, grid, covered, (subject.prepared.digest,)).judge(
        claims, claims.strongest(VERIFIED_CELLS), finding
    )
    states = {"confirmed": CONFIRMED, "false_claims": CONTRADICTED, "fill_dependent": DEPENDS}
    return {name: round(found.share(state), 6) for name, state in states.items()}


def _radiograph(benchmark: Benchmark, boxed: Boxed, shared: dict) -> "Radiograph":
    """The picture; the last one is cached, since boxes of one picture follow each other."""
    if shared.get("image") != boxed.image:
        shared.update(image=boxed.image, radiograph=read_radiograph(benchmark.data.picture(boxed)))
    return shared["radiograph"]


def _whole(made: Explanation) -> np.ndarray:
    """The map on the whole picture, however large it is: SIDE pixels are enough, NaN where the network did not look."""
    from dataclasses import replace

    height, width = made.frame.image_size
    scale = np.array([SIDE / height, SIDE / width] * 2)
    frame = replace(made.frame, image_size=(SIDE, SIDE), crop=tuple(np.array(made.frame.crop) * scale))
    return frame.map_to_image(made.map)


def _on_square(values: np.ndarray) -> np.ndarray:
    """A map over the whole picture at SIDE × SIDE; NaN counts as zero."""
    if values.shape != (SIDE, SIDE):
        from cxr.frame import Frame

        values = Frame((SIDE, SIDE), (SIDE, SIDE), (0.0, 0.0, float(SIDE), float(SIDE))).map_to_input(values)
    return np.nan_to_num(values)


def _stability(subject: Subject) -> float:
    """Rank correlation with the map of the input under the same small noise for all."""
    picture = subject.context.input
    noisy = with_noise(picture, np.random.default_rng(0))
    return spearman(on_grid(subject.explanation.map), on_grid(subject.again(array=noisy)))


def numbers(rows: Sequence[Mapping[str, str]], figure: str) -> np.ndarray:
    """(rows,) float64: a figure, NaN where it was not measured."""
    words = {"True": 1.0, "False": 0.0, "": np.nan}
    return np.array([words[row[figure]] if row[figure] in words else float(row[figure]) for row in rows])
