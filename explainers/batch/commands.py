"""The command line of whole data sets: batch."""

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explainers.batch.storage import is_address
from explainers.commands.arguments import add_command, add_model, add_plugin
from explainers.errors import OptionError

if TYPE_CHECKING:
    from explainers.batch.plan import Plan
    from explainers.batch.sources import Source
    from explainers.batch.worker import Worker

PATHS = ("images", "root", "labels", "out", "plugin", "model")
"""Arguments whose value may be a path."""

NOT_STORED = ("run", "dry_run", "retry_failed")
"""Arguments that say nothing of the results."""


def add_commands(commands: Any) -> None:
    """Add it to `python -m explainers`."""
    command = add_command(
        commands, "batch", help="score and explain many radiographs; results are Parquet tables",
        example="python -m explainers batch --images chests/images --labels labels.csv --explainers grad_cam \\\n"
        "      --findings top:2 --out results",
    )  # fmt: skip
    _add_source(command)
    _add_work(command)
    command.add_argument(
        "--out", required=True, metavar="DIR_OR_URL",
        help="folder of the results, a path or an address such as s3://bucket/run; the same command continues an "
        "interrupted run",
    )  # fmt: skip
    command.add_argument(
        "--batch", type=int, default=32, metavar="N",
        help="radiographs whose rows are written together, which is all that a killed run loses (default: 32)",
    )  # fmt: skip
    command.add_argument(
        "--dry-run", action="store_true",
        help="compute a few radiographs, say what the whole run would cost, and write nothing (default: off)",
    )  # fmt: skip
    command.add_argument(
        "--retry-failed", action="store_true",
        help="compute batches again in which something failed (default: failures stay as they are)",
    )  # fmt: skip
    command.set_defaults(run=_batch)


def _add_source(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--images", required=True, metavar="DIR_OR_FILE",
        help="a folder or address with radiographs, also in folders below it; or a file that names them: a text with "
        "one name a line, or a table in CSV or Parquet",
    )  # fmt: skip
    command.add_argument(
        "--root", default="", metavar="DIR_OR_URL",
        help="folder that the names of a list or table are below (default: the folder that it lies in)",
    )  # fmt: skip
    command.add_argument(
        "--column", default="", metavar="NAME",
        help="the table's column that names the files (default: the one with a usual name, such as image or path)",
    )  # fmt: skip
    command.add_argument(
        "--labels", metavar="CSV", help="table of labels and patients, as `python -m cxr evaluate` reads it (default: "
        "none)",
    )  # fmt: skip


def _add_work(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--explainers", nargs="+", default=[], metavar="NAME",
        help="explainers whose maps are computed, see `list` (default: none, scores alone)",
    )  # fmt: skip
    command.add_argument(
        "--findings", nargs="+", default=["all"], metavar="NAME",
        help="findings that are explained: all, top:N (the N highest above their thresholds), labelled (those that the "
        "labels name), or names (default: all)",
    )  # fmt: skip
    command.add_argument(
        "--measures", nargs="+", default=[], metavar="NAME",
        help="measures of each map, see `list` (default: none)",
    )  # fmt: skip
    command.add_argument(
        "--option", action="append", default=[], metavar="EXPLAINER.NAME=VALUE",
        help="an option of an explainer; may be repeated (default: the options' defaults)",
    )  # fmt: skip
    command.add_argument("--seed", type=int, default=0, metavar="N", help="seed of random explainers (default: 0)")
    command.add_argument(
        "--cells", choices=("single", "half"), default="single",
        help="precision of the maps' cells: single, as computed, or half, in half the bytes (default: single)",
    )  # fmt: skip
    add_model(command)
    add_plugin(command)


def _batch(given: argparse.Namespace) -> int:
    need_pyarrow()
    from explainers.batch.run import left, prepare_folder, run
    from explainers.batch.storage import Folder
    from explainers.batch.worker import Worker

    _check(given)
    source = _source(given)
    worker = Worker.load(_plan(given, source))
    out = Folder.at(given.out)
    if given.dry_run:
        return _dry_run(worker, left(out, source))
    items = prepare_folder(worker, source, retry_failed=given.retry_failed)
    outcome = run(worker.run(items), source, out, left_over=len(items))
    print(f"{outcome.line()}; tables in {given.out}")
    return int(bool(outcome.unread or outcome.failed))


def need_pyarrow() -> None:
    """Raises OptionError without pyarrow, which reads and writes the tables."""
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise OptionError("Whole data sets need pyarrow.", "pip install 'cxr-lens[batch]'") from error


def _check(given: argparse.Namespace) -> None:
    from explainers.output.folder import output_folder

    if given.batch < 1:
        raise OptionError(f"--batch is {given.batch}.", "It must be a whole number from 1.")
    if given.seed < 0:
        raise OptionError(f"--seed is {given.seed}.", "It must be a whole number from 0.")
    for what in ("explainers", "findings", "measures"):
        setattr(given, what, _names(getattr(given, what)))
    if given.measures and not given.explainers:
        raise OptionError("--measures needs --explainers: what is measured are maps.")
    if given.findings == ["labelled"] and not given.labels:
        raise OptionError("--findings labelled needs --labels.")
    if not is_address(given.out):
        output_folder(given.out)


def _names(words: list[str]) -> list[str]:
    """With spaces or commas between."""
    return list(dict.fromkeys(name for word in words for name in word.split(",") if name))


def _source(given: argparse.Namespace) -> "Source":
    from cxr.evaluation.labels import read_labels
    from explainers.batch.sources import read_source
    from explainers.output.folder import local_path

    labels = read_labels(local_path(given.labels)) if given.labels else None
    for note in labels.notes if labels else ():
        print(f"note: {note}", file=sys.stderr)
    source = read_source(given.images, root=given.root, column=given.column, labels=labels)
    if labels and not any(item.labels for item in source.items):
        raise OptionError("The labels name none of these radiographs.", "Check --labels and --images.")
    return source


def _plan(given: argparse.Namespace, source: "Source") -> "Plan":
    from explainers.batch.plan import Plan
    from explainers.commands.explaining import parse_options
    from explainers.registry import Registry

    options = parse_options(given.option, Registry.standard(given.plugin)) if given.option else {}
    return Plan(
        root=source.root,
        out=given.out,
        model=given.model,
        plugins=tuple(given.plugin),
        explainers=tuple(given.explainers),
        options=options,
        findings=tuple(given.findings),
        measures=tuple(given.measures),
        seed=given.seed,
        half=given.cells == "half",
        batch=given.batch,
        command=command_of(given),
    )


def _dry_run(worker: "Worker", items: list) -> int:
    from explainers.batch.estimate import estimate

    print("\n".join(estimate(worker, items).lines()))
    return 0


def command_of(given: argparse.Namespace) -> str:
    """The command as it is stored: of each path its last part alone, since a folder may name a person."""
    words = ["python", "-m", "explainers", "batch"]
    for name, value in vars(given).items():
        if name in NOT_STORED or value in ("", [], None, False):
            continue
        values = value if isinstance(value, list) else [value]
        words += [
            f"--{name.replace('_', '-')}",
            *(_last_part(str(each)) if name in PATHS else str(each) for each in values),
        ]
    return shlex.join(words)


def _last_part(text: str) -> str:
    """Of a path of this machine; an address, a preset's name and a module stay."""
    is_path = not is_address(text) and (Path(text).expanduser().exists() or Path(text).is_absolute())
    return Path(text).name if is_path else text
