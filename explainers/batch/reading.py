"""Reading ahead: a pool of threads decodes and prepares radiographs while the network computes."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cxr.engine.scheduler import cores
from explainers.batch.sources import Item, Reader
from hub.errors import describe_error

if TYPE_CHECKING:
    from cxr.preparation import Prepared
    from cxr.reading.radiograph import Radiograph

AHEAD = 16
"""Radiographs that are decoded before they are asked for."""

MOST_PIXELS = 64_000_000
"""Of a batch and of what is decoded ahead, each, beyond which no further radiograph is taken: 320 MB of grey pixels."""


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
class Read:
    """A radiograph, decoded and prepared; or why it could not be."""

    item: Item
    radiograph: "Radiograph | None" = None
    prepared: "Prepared | None" = None
    error: Error | None = None

    @property
    def pixels(self) -> int:
        """0 of what could not be read."""
        return self.radiograph.grey.size if self.radiograph else 0


def batches(
    items: Sequence[Item], reader: Reader, prepare: "Callable[[Radiograph], Prepared]", *, size: int
) -> Iterator[list[Read]]:
    """The radiographs in their order, `size` at a time; fewer where they are very large."""
    batch: list[Read] = []
    for read in _read_ahead(items, lambda item: _read(item, reader, prepare)):
        batch.append(read)
        if len(batch) == size or sum(each.pixels for each in batch) > MOST_PIXELS:
            yield batch
            batch = []
    if batch:
        yield batch


def _read_ahead(items: Sequence[Item], read: Callable[[Item], Read]) -> Iterator[Read]:
    """In order. No more are begun while those that are decoded hold too many pixels."""
    waiting: deque[Future[Read]] = deque()
    left = iter(items)
    with ThreadPoolExecutor(cores(), thread_name_prefix="reading") as pool:
        try:
            while True:
                while len(waiting) < AHEAD and _pixels(waiting) <= MOST_PIXELS and (item := next(left, None)):
                    waiting.append(pool.submit(read, item))
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _pixels(waiting: "deque[Future[Read]]") -> int:
    return sum(future.result().pixels for future in waiting if future.done())


def _read(item: Item, reader: Reader, prepare: "Callable[[Radiograph], Prepared]") -> Read:
    try:
        radiograph = reader.read(item.image)
        return Read(item, radiograph, prepare(radiograph))
    # One file must not end a run over a hundred thousand, whatever a decoder raises. A defect is logged.
    except Exception as error:  # noqa: BLE001
        return Read(item, error=Error.of(error))
