"""A run from begin to end: what is left to do, on which engine, with progress, and what came of it."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from tqdm import tqdm

from cxr.datasets.parts import clean
from cxr.datasets.storage import Folder
from explainers.batch.parts import IN_ORDER, done_images, failures, undo_failed
from explainers.batch.plan import begin_run
from explainers.batch.sources import Item, Source
from explainers.batch.worker import Report, Worker

LOG_INTERVAL_S = 30
"""Between two lines of progress where nobody watches a terminal."""

SHOWN_FAILURES = 5
"""Failures that are printed one by one."""


@dataclass(frozen=True)
class Outcome:
    """Of all radiographs of the folder, those of earlier runs included.

    images    of the source
    missing   that have no row: their workers wrote elsewhere
    unread    that could not be read
    failed    maps and measures that failed
    """

    images: int
    missing: int
    unread: int
    failed: int

    @property
    def whole(self) -> bool:
        """Whether everything was computed."""
        return not (self.missing or self.unread or self.failed)

    def line(self) -> str:
        """As the command prints it."""
        scored = self.images - self.missing - self.unread
        found = f"{self.images} radiographs: {scored} scored, {self.unread} unreadable"
        if self.failed:
            found += f"; {self.failed} maps or measures failed"
        if self.missing:
            found += f"; {self.missing} have no row here: does every worker reach the folder of the results?"
        return found


def prepare_folder(worker: Worker, source: Source, *, retry_failed: bool = False) -> list[Item]:
    """Begin or continue the folder's run; returns what is left. Raises FolderError if the folder is of another run."""
    out = Folder.at(worker.plan.out)
    begin_run(out, worker.about)
    clean(out, IN_ORDER)
    if retry_failed:
        undo_failed(out)
    return left(out, source)


def left(out: Folder, source: Source) -> list[Item]:
    """The radiographs of the source that are not done."""
    done = done_images(out)
    return [item for item in source.items if item.image not in done]


def run(reports: Iterator[Report], source: Source, out: Folder, *, left_over: int) -> Outcome:
    """Follow the engine's reports with a line of progress: radiographs a second, time left, failures."""
    shown = failed = 0
    seen = sys.stderr.isatty()
    with tqdm(
        total=len(source),
        initial=len(source) - left_over,
        unit=" images",
        mininterval=0.1 if seen else LOG_INTERVAL_S,
        ascii=None if seen else " #",
    ) as bar:
        bar.set_postfix(failed=0, refresh=False)
        for report in reports:
            for sentence in report.failures[: SHOWN_FAILURES - shown]:
                tqdm.write(f"failed: {sentence}", file=sys.stderr)
                shown += 1
            failed += len(report.failures)
            bar.set_postfix(failed=failed, refresh=False)
            bar.update(report.images)
    if failed > shown:
        print(f"and {failed - shown} more, in the column `error`", file=sys.stderr)
    return Outcome(len(source), len(left(out, source)), *failures(out))
