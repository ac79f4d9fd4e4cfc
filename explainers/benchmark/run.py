"""Runs each explainer on each target, on the pipeline of whole data sets; rows are stored as they are computed."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxr.reading.radiograph import read_radiograph
from explainers.batch.pipeline import Pipeline
from explainers.benchmark.boxes import Boxed, BoxedSet
from explainers.benchmark.figures import figures_of, figures_of_prior
from explainers.benchmark.protocol import OCCUPANCY, Entry, Protocol
from explainers.benchmark.rows import Key, Row
from explainers.benchmark.storing import StoredRows, check_has_rows
from explainers.contract.measure import Subject
from explainers.running.comparison import Failed, checked_options
from explainers.running.map_cache import MapCache

if TYPE_CHECKING:
    from cxr.datasets.ahead import Read
    from cxr.predictor import Predictor
    from cxr.preparation import Prepared
    from explainers.registry import Registry

BATCH = 16
"""Radiographs whose rows are stored together where every explainer is cheap; elsewhere as many as work in parallel."""


@dataclass(frozen=True, eq=False)
class Benchmark:
    """The network, explainers, data and protocol of a run."""

    predictor: "Predictor"
    registry: "Registry"
    data: BoxedSet
    protocol: Protocol
    limit: int = 0

    def steps(self) -> Iterator[tuple[list[Entry], Sequence[Boxed]]]:
        """(entries, their targets) of all work: cheap entries first, so that a stopped run has most rows."""
        for boxes in sorted({entry.boxes for entry in self.protocol.entries}):
            wanted = [count for count in (boxes, self.limit) if count]
            entries = [entry for entry in self.protocol.entries if entry.boxes == boxes]
            yield entries, self.data.boxes[: min(wanted)] if wanted else self.data.boxes

    def keys(self) -> set[Key]:
        """Keys of the rows of all work."""
        return {
            (entry.label, *boxed.key) for entries, targets in self.steps() for entry in entries for boxed in targets
        }

    @property
    def about(self) -> dict[str, Any]:
        """What may not change while a folder is filled."""
        model = self.predictor.identity.to_json()
        seen = {"labels": list(self.predictor.labels), "input": self.predictor.rule.to_config()}
        return {"model": model, "protocol": self.protocol.digest, "boxes": len(self.data), **seen}


Work = tuple[Entry, int, Boxed]
"""An explainer, a target's place in the order of patients, and the target."""


@dataclass(frozen=True)
class Picture:
    """What is left to do on one radiograph."""

    file: Path
    work: tuple[Work, ...]


def run(benchmark: Benchmark, out: Path, on_progress: Callable[[int, int, str], None] = lambda *_: None) -> list[Row]:
    """Compute the missing rows, and return all of them. An interrupted run resumes where it was.

    on_progress  called with (done, all, what is computed)

    Raises FolderError if the folder holds rows of another network, protocol or data set, and OptionError for a wrong
    option.
    """
    rowed = _Rowed.of(benchmark)
    stored, wanted = StoredRows(out, benchmark.about), benchmark.keys()
    for entries, targets in benchmark.steps():
        pictures = _pictures(benchmark.data, entries, targets, stored.keys)
        label = entries[0].label if len(entries) == 1 else f"{len(entries)} explainers"
        with closing(rowed.batches(pictures, slow=bool(entries[0].boxes))) as batches:
            for rows in batches:
                stored.add(rows)
                on_progress(len(wanted & stored.keys), len(wanted), label)
    return stored.of(wanted)


def stored_rows(benchmark: Benchmark, out: Path) -> list[Row]:
    """The rows that a run has so far. Raises FolderError if they are of another run, OptionError if there are none."""
    check_has_rows(out)
    return StoredRows(out, benchmark.about).of(benchmark.keys())


def _pictures(data: BoxedSet, entries: Sequence[Entry], targets: Sequence[Boxed], done: set[Key]) -> list[Picture]:
    """The radiographs on which something is left to do, in the order of their patients."""
    left: dict[str, list[Work]] = {}
    for place, boxed in enumerate(targets):
        work = [(entry, place, boxed) for entry in entries if (entry.label, *boxed.key) not in done]
        if work:
            left.setdefault(boxed.image, []).extend(work)
    return [Picture(data.picture(work[0][2]), tuple(work)) for work in left.values()]


@dataclass(frozen=True, eq=False)
class _Rowed:
    """Computes rows.

    options  {entry's label: all options of its explainer}
    """

    benchmark: Benchmark
    pipeline: Pipeline
    options: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, benchmark: Benchmark) -> "_Rowed":
        """Raises OptionError for options of the protocol that an explainer does not have."""
        options = {}
        for entry in benchmark.protocol.entries:
            if entry.name != OCCUPANCY:
                classes = benchmark.registry.find([entry.name])
                found = checked_options(classes, {entry.name: dict(entry.options)}, benchmark.predictor)
                options[entry.label] = found[entry.name]
        return cls(benchmark, Pipeline(benchmark.predictor, benchmark.registry), options)

    def batches(self, pictures: Sequence[Picture], *, slow: bool) -> Generator[list[Row], None, None]:
        """The rows of one batch of radiographs after another."""
        from cxr.engine.scheduler import default_workers

        size = default_workers() if slow else BATCH
        run = self.pipeline.run(pictures, lambda picture: read_radiograph(picture.file), self._rows, size=size)
        with closing(run) as batches:
            for _, found in batches:
                yield [row for rows in found for row in rows]

    def _rows(self, read: "Read[Picture, Prepared]") -> list[Row]:
        cache, covered = MapCache(), dict[Any, Any]()
        return [self._row(read, *work, cache, covered) for work in read.item.work]

    def _row(
        self,
        read: "Read[Picture, Prepared]",
        entry: Entry,
        place: int,
        boxed: Boxed,
        cache: MapCache,
        covered: dict[Any, Any],
    ) -> Row:
        row: Row = dict(zip(("image", "finding", "box"), boxed.key, strict=True))
        row |= {"label": entry.label, "patient": boxed.patient}
        if entry.name == OCCUPANCY:
            return row | figures_of_prior(self.benchmark.data.occupancy(boxed), boxed)
        if read.radiograph is None or read.prepared is None:
            return row | {"failed": read.error.sentence if read.error else "It was not read."}
        explainer = self.benchmark.registry.explainers[entry.name]
        protocol = self.benchmark.protocol
        event = self.pipeline.explained(
            read, boxed.finding, explainer, self.options[entry.label], seed=protocol.seed, cache=cache
        )
        if isinstance(event, Failed):
            return row | {"failed": event.reason}
        subject = Subject(
            event.explanation, explainer, self.benchmark.predictor, read.radiograph, read.prepared,
            cancelled=self.pipeline.stopped,
        )  # fmt: skip
        return row | figures_of(subject, protocol, entry, place, boxed, covered)
