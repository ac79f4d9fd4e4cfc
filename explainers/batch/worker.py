"""The work on radiographs, the same on one machine and on a cluster: read, score, explain, measure, write."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cxr.datasets.ahead import Error, Read
from cxr.datasets.parts import write_part
from cxr.datasets.storage import Folder
from explainers.batch import rows
from explainers.batch.parts import IN_ORDER, NOT_FAILURES
from explainers.batch.pipeline import Pipeline
from explainers.batch.plan import Plan, check_findings, describe
from explainers.batch.schemas import table_of
from explainers.batch.sources import Item, Reader
from explainers.errors import OptionError
from explainers.running.comparison import Finished, checked_options
from explainers.running.map_cache import MapCache
from explainers.running.measuring import MeasureDone, measure

if TYPE_CHECKING:
    from cxr.frame import Box
    from cxr.predictor import Predictor
    from cxr.preparation import Prepared
    from cxr.reading.radiograph import Radiograph
    from explainers.contract.explanation import Explanation
    from explainers.registry import Registry

Rows = dict[str, list[rows.Row]]


@dataclass(frozen=True)
class Report:
    """A batch that is done.

    images    how many radiographs it has
    failures  a sentence for each thing that failed
    written   bytes
    """

    images: int
    failures: tuple[str, ...] = ()
    written: int = 0


@dataclass(eq=False)
class Worker:
    """Holds one loaded network, and carries out a plan with it."""

    plan: Plan
    predictor: "Predictor"
    registry: "Registry"

    def __post_init__(self) -> None:
        findings = check_findings(self.plan.findings, self.predictor.labels)
        self.plan = replace(self.plan, findings=findings)
        self.about = describe(self.plan, self.predictor, self.registry)
        self._explainers = self.registry.find(self.plan.explainers)
        self._options = checked_options(self._explainers, self.plan.options, self.predictor)
        self._out, self.reader = Folder.at(self.plan.out), Reader(self.plan.root)
        self._pipeline = Pipeline(self.predictor, self.registry)

    @classmethod
    def load(cls, plan: Plan) -> "Worker":
        """Raises OptionError, SourceError and others for a plan that can't be carried out here."""
        from explainers.loading import load_network
        from explainers.registry import Registry

        registry = Registry.standard(plan.plugins)
        return cls(plan, load_network(plan.model, registry, stated=plan.stated), registry)

    def run(self, items: Sequence[Item]) -> Iterator[Report]:
        """Compute and write a batch after the other; each is done once it is yielded.

        Closing the iterator, or an exception, ends what runs at its next step; the batch in hand is not written.
        """
        for read, tables in self.computed(items):
            images = [each.item.image for each in read]
            written = write_part(self._out, images, tables_of(self.plan, tables), self.about)
            yield Report(len(images), tuple(_failures(tables)), written)

    def computed(self, items: Sequence[Item]) -> "Generator[tuple[list[Read[Item, Prepared]], Rows], None, None]":
        """(a batch of radiographs, its rows by table), without writing."""
        with closing(
            self._pipeline.run(items, lambda item: self.reader.read(item.image), self._one, size=self.plan.batch)
        ) as batches:
            for batch, rows_of_each in batches:
                found: Rows = {"scores": [], "maps": [], "measures": []}
                for each in rows_of_each:
                    for table, added in each.items():
                        found[table] += added
                yield batch, found

    def _one(self, read: "Read[Item, Prepared]") -> Rows:
        """The rows of one radiograph."""
        if read.radiograph is None or read.prepared is None:
            return {"scores": [rows.unread_row(read)]}
        prediction = self.predictor.predict(read.radiograph, read.prepared)
        found: Rows = {"scores": list(rows.score_rows(read, prediction)), "maps": [], "measures": []}
        cache, shared = MapCache(len(self._explainers) or 1), dict[str, Any]()
        for finding in self.plan.explained(read.item, prediction):
            explained = list(self._explained(read, finding, cache, found["maps"]))
            if explained and self.plan.measures:
                found["measures"] += self._measured(read, finding, explained, shared)
        return found

    def _explained(
        self, read: "Read[Item, Prepared]", finding: str, cache: MapCache, found: list[rows.Row]
    ) -> Iterator["Explanation"]:
        """Each explainer's answer; a row is added for each, with a map or with an error."""
        for explainer in self._explainers:
            options = self._options[explainer.name]
            event = self._pipeline.explained(read, finding, explainer, options, seed=self.plan.seed, cache=cache)
            if isinstance(event, Finished):
                found.append(rows.map_row(read.item, event.explanation, half=self.plan.half))
                yield event.explanation
            else:
                error = Error(event.code, event.reason)
                found.append(rows.failed_map_row(read.item, finding, explainer.name, error))

    def _measured(
        self, read: "Read[Item, Prepared]", finding: str, explained: "Sequence[Explanation]", shared: dict[str, Any]
    ) -> Iterator[rows.Row]:
        assert read.radiograph is not None
        boxes = _boxes_of(read.item, finding, read.radiograph)
        for event in measure(
            self.predictor,
            read.radiograph,
            explained,
            self.plan.measures,
            registry=self.registry,
            cancelled=self._pipeline.stopped,
            shared=shared,
            prepared=read.prepared,
            box=boxes[0] if boxes else None,
            more_boxes=boxes[1:],
        ):
            self._pipeline.check()
            if isinstance(event, MeasureDone):
                yield rows.measure_row(read.item, finding, event)


def _boxes_of(item: Item, finding: str, radiograph: "Radiograph") -> "list[Box]":
    """The finding's boxes, in pixels of the radiograph."""
    shares = [each.shares(radiograph.size_in_file) for each in item.boxes if each.finding == finding]
    height, width = radiograph.height, radiograph.width
    return [(top * height, left * width, tall * height, wide * width) for top, left, tall, wide in shares]


def check_same_network(worker: Worker, about: dict[str, Any]) -> None:
    """Raises OptionError where a worker elsewhere has loaded another network, or plugins, than the run began with."""
    for name in ("model", "explainers", "measures"):
        if worker.about[name] != about[name]:
            raise OptionError(
                f"This worker's {name} differs from that of the machine that began the run.",
                "Name a revision (org/name@revision), and give every machine the same plugins.",
            )


def tables_of(plan: Plan, found: Rows) -> dict[str, Any]:
    """The tables that a run has, in the order of writing: maps where it explains, measures where it measures."""
    there = {"scores": True, "maps": bool(plan.explainers), "measures": bool(plan.measures)}
    return {name: table_of(name, found[name], half=plan.half) for name in IN_ORDER if there[name]}


def _failures(found: Rows) -> Iterator[str]:
    for each in (row for table in found.values() for row in table):
        error = each.get("error")
        if error and error["code"] not in NOT_FAILURES:
            what = [str(each[key]) for key in ("image", "finding", "explainer", "measure") if each.get(key)]
            yield f"{', '.join(what)}: {error['sentence']}"
