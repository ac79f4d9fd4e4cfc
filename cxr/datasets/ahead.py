"""Working ahead: threads decode the next radiographs, and the network scores the next batch, while the last is used."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from cxr.engine.scheduler import cores
from hub.errors import describe_error

if TYPE_CHECKING:
    from cxr.reading.radiograph import Radiograph

MOST_PIXELS = 64_000_000
"""Of a batch and of what is decoded ahead, each, beyond which no further radiograph is taken: 320 MB of grey pixels."""

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")
Batch = TypeVar("Batch")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Error:
    """Why something has no figures."""

    code: str
    sentence: str

    def cell(self) -> dict[str, str]:
        """As a table's column `error` has it."""
        return {"code": self.code, "sentence": self.sentence}

    @classmethod
    def of(cls, error: Exception) -> "Error":
        """A defect is logged, and its sentence gives the number of its entry in the log."""
        return cls(*describe_error(error))


@dataclass(frozen=True, eq=False)
class Read(Generic[Item, Prepared]):
    """A radiograph, decoded and prepared; or why it could not be."""

    item: Item
    radiograph: "Radiograph | None" = None
    prepared: Prepared | None = None
    error: Error | None = None

    @property
    def pixels(self) -> int:
        """0 of what could not be read."""
        return self.radiograph.grey.size if self.radiograph else 0


def batches(
    items: Iterable[Item],
    read: "Callable[[Item], Radiograph]",
    prepare: "Callable[[Radiograph], Prepared]",
    *,
    size: int,
) -> Iterator[list[Read[Item, Prepared]]]:
    """The radiographs in their order, `size` at a time; fewer where they are very large."""
    batch: list[Read[Item, Prepared]] = []
    for each in _read_ahead(items, lambda item: _read(item, read, prepare), ahead=size):
        batch.append(each)
        if len(batch) == size or sum(other.pixels for other in batch) > MOST_PIXELS:
            yield batch
            batch = []
    if batch:
        yield batch


def one_ahead(
    made: Iterable[Batch], compute: Callable[[Batch], Answer], *, thread: str = "scoring"
) -> "Generator[tuple[Batch, Future[Answer]], None, None]":
    """(batch, its answer to be), in order; the next batch is computed, in one thread, while the caller uses the last.

    Closing the iterator waits for what is being computed.
    """
    with ThreadPoolExecutor(1, thread_name_prefix=thread) as pool:
        pending: tuple[Batch, Future[Answer]] | None = None
        for batch in made:
            begun = batch, pool.submit(compute, batch)
            if pending:
                yield pending
            pending = begun
        if pending:
            yield pending


def _read_ahead(
    items: Iterable[Item], read: Callable[[Item], Read[Item, Prepared]], *, ahead: int
) -> Iterator[Read[Item, Prepared]]:
    """In order. No more are begun while those that are decoded hold too many pixels."""
    waiting: deque[Future[Read[Item, Prepared]]] = deque()
    left = iter(items)
    with ThreadPoolExecutor(cores(), thread_name_prefix="reading") as pool:
        try:
            while True:
                while len(waiting) < ahead and _pixels(waiting) <= MOST_PIXELS:
                    try:
                        waiting.append(pool.submit(read, next(left)))
                    except StopIteration:
                        break
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _pixels(waiting: "Sequence[Future[Read[Item, Prepared]]] | deque[Future[Read[Item, Prepared]]]") -> int:
    return sum(future.result().pixels for future in waiting if future.done())


def _read(
    item: Item, read: "Callable[[Item], Radiograph]", prepare: "Callable[[Radiograph], Prepared]"
) -> Read[Item, Prepared]:
    try:
        radiograph = read(item)
        return Read(item, radiograph, prepare(radiograph))
    # One file must not end a run over a hundred thousand, whatever a decoder raises. A defect is logged.
    except Exception as error:  # noqa: BLE001
        return Read(item, error=Error.of(error))
