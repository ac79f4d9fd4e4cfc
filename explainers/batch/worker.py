"""The work on radiographs, the same on one machine and on a cluster: read, score, explain, measure, write."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from explainers.batch import rows
from explainers.batch.parts import NOT_FAILURES, write_part
from explainers.batch.plan import Plan, check_findings, describe
from explainers.batch.reading import Error, Read, batches
from explainers.batch.schemas import table_of
from explainers.batch.sources import Item, Reader
from explainers.batch.storage import Folder
from explainers.errors import Cancelled, OptionError
from explainers.registry import BUILTIN
from explainers.running.comparison import ExplainerJob, Failed, Finished, checked_options
from explainers.running.map_cache import MapCache
from explainers.running.measuring import MeasureDone, measure
from explainers.running.stream import result_of

if TYPE_CHECKING:
    from cxr.predictor import Predictor
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
    """Holds one loaded network.

    Explanations of several radiographs are computed in parallel threads, as many as the engine has workers, so that
    all cores are busy whatever an explainer does. The next batch is scored meanwhile, and the one after it decoded.
    """

    plan: Plan
    predictor: "Predictor"
    registry: "Registry"
    _stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        findings = check_findings(self.plan.findings, self.predictor.labels)
        self.plan = replace(self.plan, findings=findings)
        self.about = describe(self.plan, self.predictor, self.registry)
        self._explainers = self.registry.find(self.plan.explainers)
        self._options = checked_options(self._explainers, self.plan.options, self.predictor)
        self._origins = self.registry.origins
        self._out, self.reader = Folder.at(self.plan.out), Reader(self.plan.root)

    @classmethod
    def load(cls, plan: Plan) -> "Worker":
        """Raises OptionError, SourceError and others for a plan that can't be carried out here."""
        from cxr.predictor import Predictor
        from explainers.registry import Registry

        return cls(plan, Predictor.load(plan.model), Registry.standard(plan.plugins))

    def run(self, items: Sequence[Item]) -> Iterator[Report]:
        """Compute and write a batch after the other; each is done once it is yielded.

        Closing the iterator, or an exception, ends what runs at its next step; the batch in hand is not written.
        """
        for read, tables in self.computed(items):
            images = [each.item.image for each in read]
            written = write_part(self._out, images, tables_of(self.plan, tables), self.about)
            yield Report(len(images), tuple(_failures(tables)), written)

    def computed(self, items: Sequence[Item]) -> Iterator[tuple[list[Read], Rows]]:
        """(a batch of radiographs, its rows by table), without writing."""
        from cxr.engine.scheduler import default_workers

        self._stop.clear()
        with (
            ThreadPoolExecutor(1, thread_name_prefix="scoring") as scoring,
            ThreadPoolExecutor(default_workers(), thread_name_prefix="explaining") as explaining,
        ):
            try:
                pending: tuple[list[Read], Future[ExitStack]] | None = None
                for read in batches(items, self.reader, self.predictor.prepare, size=self.plan.batch):
                    scored = scoring.submit(self._scored, read)
                    if pending:
                        yield self._finished(*pending, explaining)
                    pending = read, scored
                if pending:
                    yield self._finished(*pending, explaining)
            finally:
                self._stop.set()

    def _scored(self, batch: list[Read]) -> ExitStack:
        """One pass over the batch; its activations are held until the stack is closed."""
        from cxr.engine.scheduler import cancel_when

        held = ExitStack()
        arrays = [each.prepared.array for each in batch if each.prepared]
        if arrays:
            with cancel_when(self._check):
                held.enter_context(self.predictor.passes_of(np.stack(arrays)))
        return held

    def _finished(
        self, batch: list[Read], scored: "Future[ExitStack]", explaining: ThreadPoolExecutor
    ) -> tuple[list[Read], Rows]:
        found: Rows = {"scores": [], "maps": [], "measures": []}
        with scored.result():
            for each in explaining.map(self._one, batch):
                for table, added in each.items():
                    found[table] += added
        return batch, found

    def _one(self, read: Read) -> Rows:
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

    def _explained(self, read: Read, finding: str, cache: MapCache, found: list[rows.Row]) -> Iterator["Explanation"]:
        """Each explainer's answer; a row is added for each, with a map or with an error."""
        assert read.radiograph is not None
        assert read.prepared is not None
        for explainer in self._explainers:
            job = ExplainerJob(
                explainer,
                self._options[explainer.name],
                self.predictor,
                read.radiograph,
                read.prepared,
                finding,
                self.plan.seed,
                cache,
                limit_s=None,
                is_plugin=self._origins.get(explainer.name) != BUILTIN,
            )
            event = result_of(job, _ignore, self._stop.is_set)
            self._check()
            if isinstance(event, Finished):
                found.append(rows.map_row(read.item, event.explanation, half=self.plan.half))
                yield event.explanation
            elif isinstance(event, Failed):
                error = Error(event.code, event.reason)
                found.append(rows.failed_map_row(read.item, finding, explainer.name, error))

    def _measured(
        self, read: Read, finding: str, explained: "Sequence[Explanation]", shared: dict[str, Any]
    ) -> Iterator[rows.Row]:
        assert read.radiograph is not None
        for event in measure(
            self.predictor,
            read.radiograph,
            explained,
            self.plan.measures,
            registry=self.registry,
            cancelled=self._stop.is_set,
            shared=shared,
            prepared=read.prepared,
        ):
            self._check()
            if isinstance(event, MeasureDone):
                yield rows.measure_row(read.item, finding, event)

    def _check(self) -> None:
        if self._stop.is_set():
            raise Cancelled("The run was stopped.")


def check_same_network(worker: Worker, about: dict[str, Any]) -> None:
    """Raises OptionError where a worker elsewhere has loaded another network, or plugins, than the run began with."""
    for name in ("model", "explainers", "measures"):
        if worker.about[name] != about[name]:
            raise OptionError(
                f"This worker's {name} differs from that of the machine that began the run.",
                "Name a revision (org/name@revision), and give every machine the same plugins.",
            )


def tables_of(plan: Plan, found: Rows) -> dict[str, Any]:
    """The tables that a run has: maps where it explains, measures where it measures."""
    names = ["scores", *["maps"] * bool(plan.explainers), *["measures"] * bool(plan.measures)]
    return {name: table_of(name, found[name], half=plan.half) for name in names}


def _failures(found: Rows) -> Iterator[str]:
    for each in (row for table in found.values() for row in table):
        error = each.get("error")
        if error and error["code"] not in NOT_FAILURES:
            what = [str(each[key]) for key in ("image", "finding", "explainer", "measure") if each.get(key)]
            yield f"{', '.join(what)}: {error['sentence']}"


def _ignore(event: Any) -> None:
    """Progress of a single explainer is of no use here."""
