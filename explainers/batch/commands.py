"""The command line of whole data sets: batch."""

import argparse
import hashlib
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxr.datasets.storage import is_address
from cxr.stated_arguments import stated_of, stated_words
from explainers.batch.arguments import add_arguments, check_arguments
from explainers.errors import OptionError
from hub.command_line import add_command

if TYPE_CHECKING:
    from explainers.batch.plan import Plan
    from explainers.batch.sources import Item, Source
    from explainers.batch.worker import Report, Worker
    from explainers.box_table import RowBox

PATHS = ("images", "root", "labels", "boxes", "out", "plugin", "model")
"""Arguments whose value may be a path."""

NOT_STORED = ("run", "dry_run", "retry_failed", "push", "push_maps", "push_public", "engine", "address", "workers")
"""Arguments that say nothing of the results."""

STATED = ("outputs", "input")
"""Arguments whose value is not stored as it was read."""


def add_commands(commands: Any) -> None:
    """Add it to `python -m explainers`."""
    command = add_command(
        commands, "batch", help="score and explain many radiographs; results are Parquet tables",
        example="python -m explainers batch --images chests/images --labels labels.csv --explainers grad_cam \\\n"
        "      --findings top:2 --out results",
        run=_batch,
    )  # fmt: skip
    add_arguments(command)


def _batch(given: argparse.Namespace) -> int:
    need_pyarrow()
    from cxr.datasets.storage import Folder
    from explainers.batch.run import left, prepare_folder, run
    from explainers.batch.worker import Worker
    from explainers.loading import load_network
    from explainers.registry import Registry

    check_arguments(given)
    registry = Registry.standard(given.plugin)
    predictor = load_network(given.model, registry, stated=stated_of(given))
    source = _source(given, predictor.labels)
    worker = Worker(_plan(given, source), predictor, registry)
    for note in predictor.notes:
        print(f"note: {note}", file=sys.stderr)
    out = Folder.at(given.out)
    if given.dry_run:
        return _dry_run(worker, left(out, source))
    items = prepare_folder(worker, source, retry_failed=given.retry_failed)
    try:
        outcome = run(_reports(given, worker, items), source, out, left_over=len(items))
    except KeyboardInterrupt:
        print("\nThe batch in hand is lost; the same command continues.", file=sys.stderr)
        raise
    print(f"{outcome.line()}; tables in {given.out}")
    if given.push:
        from explainers.batch.sharing import share

        print(f"uploaded: {share(given.out, given.push, maps=given.push_maps, public=given.push_public)}")
    return int(not outcome.whole)


def _reports(given: argparse.Namespace, worker: "Worker", items: "Sequence[Item]") -> "Iterator[Report]":
    if given.engine == "local":
        return worker.run(items)
    from explainers.batch import on_ray

    return on_ray.run(worker.plan, items, worker.about, address=given.address, workers=given.workers)


def need_pyarrow() -> None:
    """Raises OptionError without pyarrow, which reads and writes the tables."""
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise OptionError("Whole data sets need pyarrow.", "pip install 'cxr-lens[batch]'") from error


def _source(given: argparse.Namespace, findings: Sequence[str]) -> "Source":
    """The radiographs. Tables may name the network's own findings beside NIH's."""
    from cxr.evaluation.labels import read_labels
    from explainers.batch.sources import read_source

    labels = read_labels(given.labels, others=findings) if given.labels else None
    for note in labels.notes if labels else ():
        print(f"note: {note}", file=sys.stderr)
    boxes = _boxes(given, findings)
    source = read_source(given.images, root=given.root, column=given.column, labels=labels, boxes=boxes)
    if labels and not any(item.labels for item in source.items):
        raise OptionError("The labels name none of these radiographs.", "Check --labels and --images.")
    if boxes and not any(item.boxes for item in source.items):
        raise OptionError("The boxes are on none of these radiographs.", "Check --boxes and --images.")
    return source


def _boxes(given: argparse.Namespace, findings: Sequence[str]) -> "Sequence[RowBox]":
    from explainers.box_table import read_box_table

    if not given.boxes:
        return ()
    table = read_box_table(given.boxes, side=given.box_side, labels=findings)
    if not table.rows:
        raise OptionError(f"{given.boxes.name} has no box of a finding that is known here.", "Check --boxes.")
    if table.left_out:
        print(f"note: boxes of {', '.join(table.left_out)} are left out: no findings known here", file=sys.stderr)
    return table.rows


def _plan(given: argparse.Namespace, source: "Source") -> "Plan":
    from explainers.batch.plan import Plan
    from explainers.commands.explaining import parse_options
    from explainers.registry import Registry

    options = parse_options(given.option, Registry.standard(given.plugin)) if given.option else {}
    return Plan(
        # a worker elsewhere has another working directory
        root=_whole(source.root),
        out=_whole(given.out),
        model=_whole(given.model, if_there=True),
        stated=stated_of(given),
        plugins=tuple(_whole(each, if_there=True) for each in given.plugin),
        explainers=tuple(given.explainers),
        options=options,
        findings=tuple(given.findings),
        measures=tuple(given.measures),
        boxes=_digest(given),
        seed=given.seed,
        half=given.cells == "half",
        batch=given.batch,
        command=command_of(given),
    )


def _digest(given: argparse.Namespace) -> str:
    """Of the table of boxes and the side that they are given in."""
    if not given.boxes:
        return ""
    return hashlib.sha256(given.boxes.read_bytes() + f" {given.box_side}".encode()).hexdigest()


def _dry_run(worker: "Worker", items: list) -> int:
    from explainers.batch.estimate import estimate

    print("\n".join(estimate(worker, items).lines()))
    return 0


def command_of(given: argparse.Namespace) -> str:
    """The command as it is stored: of each path its last part alone, since a folder may name a person."""
    words = ["python", "-m", "explainers", "batch"]
    for name, value in vars(given).items():
        if name in (*NOT_STORED, *STATED) or value in ("", [], None, False):
            continue
        values = value if isinstance(value, list) else [value]
        words += [
            f"--{name.replace('_', '-')}",
            *(_last_part(str(each)) if name in PATHS else str(each) for each in values),
        ]
    return shlex.join([*words, *stated_words(stated_of(given))])


def _whole(text: str, *, if_there: bool = False) -> str:
    """A path from the root on; an address stays, and with `if_there` whatever names no path that exists."""
    if is_address(text) or (if_there and not Path(text).expanduser().exists()):
        return text
    return str(Path(text).expanduser().absolute())


def _last_part(text: str) -> str:
    """Of a path of this machine; an address, a preset's name and a module stay."""
    is_path = not is_address(text) and (Path(text).expanduser().exists() or Path(text).is_absolute())
    return Path(text).name if is_path else text
