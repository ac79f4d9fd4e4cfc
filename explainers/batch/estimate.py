"""What a run would cost, from computing its first radiographs: passes, hours and bytes."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from cxr.datasets.parts import parquet_of
from explainers.batch.sources import Item
from explainers.batch.worker import Worker, tables_of

TRIED = 4
"""Radiographs that are computed: the first ones that can be read."""


@dataclass(frozen=True)
class Estimate:
    """Of radiographs that are left, from `tried` of them."""

    images: int
    tried: int
    seconds_each: float
    bytes_each: float
    maps_each: float
    passes_each: float

    def lines(self) -> list[str]:
        """As the command prints it."""
        if not self.tried:
            return [
                f"{self.images} radiographs are left; none of the first ones could be read, so nothing is estimated."
            ]
        return [
            f"{self.images} radiographs are left. From computing {self.tried} of them here:",
            f"  passes  {self.passes_each * self.images:,.0f} ({self.passes_each:.1f} a radiograph)",
            f"  maps    {self.maps_each * self.images:,.0f}",
            f"  hours   {self.seconds_each * self.images / 3600:.2f} ({self.seconds_each:.3f} s a radiograph)",
            f"  bytes   {self.bytes_each * self.images:,.0f} ({self.bytes_each:,.0f} a radiograph)",
        ]


def estimate(worker: Worker, items: Sequence[Item]) -> Estimate:
    """Compute a few radiographs twice, the second time with everything compiled; nothing is written."""
    tried = [item for item in items[: 4 * TRIED] if _readable(worker, item)][:TRIED]
    if not tried:
        return Estimate(len(items), 0, 0, 0, 0, 0)
    list(worker.computed(tried))
    begin = time.perf_counter()
    found = [tables for _, tables in worker.computed(tried)]
    seconds = time.perf_counter() - begin
    maps = [row for tables in found for row in tables["maps"] if not row.get("error")]
    written = sum(
        len(parquet_of(table, worker.about)) for tables in found for table in tables_of(worker.plan, tables).values()
    )
    # what an explainer computes for all findings together is counted once
    passes = sum(row["forward"] + row["backward"] for row in maps if not row["shared"])
    return Estimate(
        images=len(items),
        tried=len(tried),
        seconds_each=seconds / len(tried),
        bytes_each=written / len(tried),
        maps_each=len(maps) / len(tried),
        passes_each=1 + passes / len(tried),
    )


def _readable(worker: Worker, item: Item) -> bool:
    from cxr.errors import RadiographError

    try:
        worker.reader.read(item.image)
    except RadiographError:
        return False
    return True
