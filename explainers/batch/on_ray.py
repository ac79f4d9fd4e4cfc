"""The same work on a Ray cluster: Ray Data gives tasks of radiographs to a pool of actors, each with one network.

Results are written by the actors, into a folder that every machine reaches, with the names and the rows of a run on one
machine. What is left to do is found by the ids in that folder and not by Ray Data's checkpoints: these are beta, and a
run that one engine began could not be continued by the other. A task that Ray repeats after an actor's death leaves
out the batches whose part is there; one that is written twice replaces itself.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from cxr.datasets.parts import part_name
from cxr.datasets.storage import Folder
from explainers.batch.parts import LAST
from explainers.batch.plan import Plan
from explainers.batch.sources import Item
from explainers.batch.worker import Report, Worker, check_same_network
from explainers.box_table import RowBox
from explainers.errors import OptionError

BATCHES_A_TASK = 4
"""Batches that an actor gets at once, so that it can decode one while it computes another."""

CORES_A_WORKER = 4
"""An engine uses no more, see `cxr.engine.scheduler`; on smaller machines a worker has all cores."""


def run(plan: Plan, items: Sequence[Item], about: dict[str, Any], *, address: str, workers: int) -> Iterator[Report]:
    """Compute and write the radiographs; yields a report for each batch, as they are done.

    address  of a running cluster, such as host:6379; "" for RAY_ADDRESS, or else a cluster of this machine alone
    workers  actors; 0 for one for every four cores

    Raises OptionError where Ray is missing, no cluster answers, or a worker has another network than `about` says.
    """
    ray = _ray()
    started = not ray.is_initialized()
    if started:
        _connect(ray, address)
    try:
        yield from _reports(ray, plan, items, about, workers)
    finally:
        if started:
            ray.shutdown()


def _reports(ray: Any, plan: Plan, items: Sequence[Item], about: dict[str, Any], workers: int) -> Iterator[Report]:
    if not items:
        return
    size = BATCHES_A_TASK * plan.batch
    tasks = [
        {"items": json.dumps([asdict(item) for item in items[at : at + size]])} for at in range(0, len(items), size)
    ]
    cores = _cores(ray)
    pool = ray.data.ActorPoolStrategy(size=min(len(tasks), workers or max(1, int(sum(cores) // _share(cores)))))
    done = ray.data.from_items(tasks, override_num_blocks=len(tasks)).map_batches(
        RayWorker,
        fn_constructor_args=(plan, about),
        batch_size=1,
        compute=pool,
        num_cpus=_share(cores),
    )
    try:
        for row in done.iter_rows():
            for found in json.loads(row["reports"]):
                yield Report(found["images"], tuple(found["failures"]), found["written"])
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, OptionError):
            raise error.cause from error
        raise


class RayWorker:
    """One actor of the pool: loads the network once, then computes tasks."""

    def __init__(self, plan: Plan, about: dict[str, Any]) -> None:
        self._worker = Worker.load(plan)
        check_same_network(self._worker, about)
        self._out = Folder.at(plan.out)

    def __call__(self, task: dict[str, Any]) -> dict[str, list[str]]:
        """{"reports": JSON} of the batches of a task."""
        (text,) = task["items"]
        items = [_item(each) for each in json.loads(text)]
        return {"reports": [json.dumps([asdict(report) for report in self._computed(items)])]}

    def _computed(self, items: Sequence[Item]) -> Iterator[Report]:
        size = self._worker.plan.batch
        left: list[Item] = []
        for at in range(0, len(items), size):
            batch = items[at : at + size]
            # an actor that died may have written this one
            if self._out.exists(f"{LAST}/{part_name([item.image for item in batch])}"):
                yield Report(len(batch))
            else:
                left += batch
        yield from self._worker.run(left)


def _item(found: dict[str, Any]) -> Item:
    labels = tuple((finding, value) for finding, value in found["labels"])
    boxes = tuple(RowBox(**{**each, "box": tuple(each["box"])}) for each in found["boxes"])
    return Item(found["image"], found["patient"], labels, boxes)


def _ray() -> Any:
    """The module, with Ray Data."""
    # nothing of a hospital's runs is reported to anyone
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise OptionError("--engine ray needs Ray.", "pip install 'cxr-lens[ray]'") from error
    return ray


def _connect(ray: Any, address: str) -> None:
    try:
        ray.init(address=address or None, log_to_driver=False, logging_level="warning")
    except (ConnectionError, ValueError, RuntimeError) as error:
        line = (str(error).splitlines() or ["no message"])[0]
        raise OptionError(
            f"No Ray cluster answers at {address or 'this machine'}: {line}", "Start one: ray start."
        ) from error
    ray.data.DataContext.get_current().enable_progress_bars = False


def _cores(ray: Any) -> list[float]:
    """Of each machine."""
    return [node["Resources"].get("CPU", 0.0) for node in ray.nodes() if node["Alive"]]


def _share(cores: Sequence[float]) -> float:
    """Cores of a worker: four, or all of the smallest machine that has any."""
    return min([CORES_A_WORKER, *(each for each in cores if each)])
