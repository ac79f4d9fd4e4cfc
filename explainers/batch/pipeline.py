"""Radiographs one batch after another: decoded ahead, scored together, and used in parallel threads."""

import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from cxr.datasets.ahead import Read, batches, one_ahead
from explainers.errors import Cancelled
from explainers.registry import BUILTIN
from explainers.running.comparison import ExplainerJob, Failed, Finished
from explainers.running.map_cache import MapCache
from explainers.running.stream import result_of

if TYPE_CHECKING:
    from cxr.predictor import Predictor
    from cxr.preparation import Prepared
    from cxr.reading.radiograph import Radiograph
    from explainers.contract.explainer import Explainer
    from explainers.registry import Registry

Item = TypeVar("Item")
Found = TypeVar("Found")


@dataclass(frozen=True, eq=False)
class Pipeline:
    """One network at work on many radiographs.

    As many radiographs are used in parallel as the engine has workers, so that all cores are busy whatever an explainer
    does. The next batch is scored meanwhile, and the one after it decoded.
    """

    predictor: "Predictor"
    registry: "Registry"
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(
        self,
        items: Iterable[Item],
        read: "Callable[[Item], Radiograph]",
        use: "Callable[[Read[Item, Prepared]], Found]",
        *,
        size: int,
    ) -> "Generator[tuple[list[Read[Item, Prepared]], list[Found]], None, None]":
        """(a batch of `size` radiographs, what `use` gave for each), in order.

        Within `use`, scores and class activation maps of the radiograph cost no further pass. Closing the iterator, or
        an exception, ends what runs at its next step.
        """
        from cxr.engine.scheduler import default_workers

        self._stop.clear()
        made = batches(items, read, self.predictor.prepare, size=size)
        with (
            one_thread_a_product(),
            closing(one_ahead(made, self._scored)) as scored,
            ThreadPoolExecutor(default_workers(), thread_name_prefix="explaining") as using,
        ):
            try:
                for batch, passes in scored:
                    with passes.result():
                        found = list(using.map(partial(self._cancellable, use), batch))
                    yield batch, found
            finally:
                self._stop.set()

    def check(self) -> None:
        """Raises Cancelled once the run is stopped."""
        if self._stop.is_set():
            raise Cancelled("The run was stopped.")

    @property
    def stopped(self) -> Callable[[], bool]:
        """Whether the run is stopped, as jobs ask it."""
        return self._stop.is_set

    def explained(
        self,
        read: "Read[Any, Prepared]",
        finding: str,
        explainer: "type[Explainer]",
        options: Mapping[str, Any],
        *,
        seed: int,
        cache: MapCache,
    ) -> Finished | Failed:
        """One explainer's answer, or why there is none. options: all of them, checked. Raises Cancelled."""
        assert read.radiograph is not None
        assert read.prepared is not None
        job = ExplainerJob(
            explainer,
            options,
            self.predictor,
            read.radiograph,
            read.prepared,
            finding,
            seed,
            cache,
            limit_s=None,
            is_plugin=self.registry.origins.get(explainer.name) != BUILTIN,
        )
        event = result_of(job, _ignore, self._stop.is_set)
        self.check()
        assert isinstance(event, Finished | Failed)
        return event

    def _cancellable(self, use: "Callable[[Read[Item, Prepared]], Found]", read: "Read[Item, Prepared]") -> "Found":
        from cxr.engine.scheduler import cancel_when

        with cancel_when(self.check):
            return use(read)

    def _scored(self, batch: "list[Read[Item, Prepared]]") -> ExitStack:
        """One pass over the batch; its activations are held until the stack is closed."""
        from cxr.engine.scheduler import cancel_when

        held = ExitStack()
        arrays = [each.prepared.array for each in batch if each.prepared]
        if arrays:
            with cancel_when(self.check):
                held.enter_context(self.predictor.passes_of(arrays))
        return held


def one_thread_a_product() -> AbstractContextManager[Any]:
    """In the `with` block, NumPy computes each matrix product in the thread that asks for it.

    All cores are busy already. OpenBLAS' threads would wait for each other at full speed, which took more processor
    time than the products themselves.
    """
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(internal_api="openblas").limit(limits=1)


def _ignore(event: Any) -> None:
    """Progress of a single explainer is of no use here."""
