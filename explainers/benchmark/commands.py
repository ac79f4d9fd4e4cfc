"""The command line of the benchmark: benchmark, average-maps."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explainers.benchmark.run import Bench

INTERRUPTED = 130
"""Exit status of what Ctrl-C ended, as shells have it."""


def add_commands(commands: Any) -> None:
    """Add them to `python -m explainers`."""
    _add_benchmark(commands)
    _add_average_maps(commands)


def _add_benchmark(commands: Any) -> None:
    command = commands.add_parser("benchmark", help="measure explainers over a data set with boxes")
    command.add_argument("--data", required=True, metavar="DIR", help="with boxes.csv and a folder images")
    command.add_argument("--out", required=True, metavar="DIR", help="rows, summary, report; run it again to go on")
    command.add_argument("--model", default="starter", metavar="SOURCE", help="default: starter")
    command.add_argument("--explainers", nargs="+", default=[], metavar="NAME", help="default: the protocol's")
    command.add_argument("--limit", type=int, default=0, metavar="N", help="boxes at most; default: the protocol's")
    command.add_argument("--protocol", type=Path, metavar="FILE", help="default: the packaged one")
    command.add_argument("--box-side", type=float, default=1024, metavar="PX", help="of the boxes' pictures; NIH: 1024")
    command.add_argument("--plugin", action="append", default=[], metavar="FILE_OR_MODULE", help="repeatable")
    command.add_argument(
        "--versus", type=Path, metavar="DIR", help="--out of another network's run over the same boxes"
    )
    command.add_argument("--summarise", action="store_true", help="nothing new: figures of the rows that are there")
    command.add_argument("--attach", action="store_true", help="put the summary into the checkpoint's own folder")
    command.set_defaults(run=_benchmark)


def _add_average_maps(commands: Any) -> None:
    command = commands.add_parser("average-maps", help="each finding's mean map, for a native checkpoint's folder")
    command.add_argument("model", metavar="DIR", help="the checkpoint's folder; the maps are written into it")
    command.add_argument("--images", required=True, metavar="DIR", help="folder of radiographs")
    command.add_argument("--labels", metavar="CSV", help="only pictures that this table lists")
    command.add_argument("--part", default="train", metavar="NAME", help="and only those of this part; default: train")
    command.add_argument("--limit", type=int, default=1000, metavar="N", help="pictures, drawn by a seed")
    command.set_defaults(run=_average_maps)


def _benchmark(given: argparse.Namespace) -> int:
    from cxr.predictor import Predictor
    from explainers.benchmark import report
    from explainers.benchmark.boxes import read_boxes
    from explainers.benchmark.protocol import OCCUPANCY, read_protocol
    from explainers.benchmark.run import Bench, kept, rows_of
    from explainers.benchmark.statistics import summary
    from explainers.registry import Registry

    registry = Registry.standard(given.plugin)
    protocol = read_protocol(given.protocol).of(given.explainers)
    registry.find([entry.name for entry in protocol.entries if entry.name != OCCUPANCY])
    predictor = Predictor.load(given.model)
    data = read_boxes(Path(given.data), labels=predictor.labels, side=given.box_side, seed=protocol.seed)
    out = Path(given.out)
    bench = Bench(predictor, registry, data, protocol, given.limit)
    versus = rows_of(given.versus) if given.versus else None
    rows = kept(bench, out) if given.summarise else _run_with_bar(bench, out)
    found = summary(rows, protocol, model=predictor.identity.to_json(), findings=data.findings, versus=versus)
    files = report.write(out, found, bench)
    if given.attach:
        files.append(report.attach(Path(given.model), found))
    print(report.table(found))
    print(f"wrote {', '.join(file.name for file in files)} to {out}")
    return 0


def _run_with_bar(bench: "Bench", out: Path) -> list[dict[str, str]]:
    """All rows. Interrupted, it says how to go on, and how to see what is there."""
    from tqdm import tqdm

    from explainers.benchmark.run import run

    bar = tqdm(unit=" maps", disable=not sys.stderr.isatty())

    def on_progress(done: int, count: int, label: str) -> None:
        bar.total = count
        bar.set_description_str(label, refresh=False)
        bar.update(done - bar.n)

    try:
        return run(bench, out, on_progress)
    except KeyboardInterrupt:
        print(f"Stopped; {out} keeps what is done. The same command goes on, --summarise shows it.", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
    finally:
        bar.close()


def _average_maps(given: argparse.Namespace) -> int:
    import numpy as np
    from tqdm import tqdm

    from cxr.evaluation.labels import read_labels
    from cxr.predictor import Predictor
    from explainers.benchmark.average_maps import attach, average_maps
    from explainers.errors import OptionError

    folder = Path(given.images)
    if given.labels:
        table = read_labels(given.labels)
        parts = table.columns.get("part", (given.part,) * len(table))
        names = [image for image, part in zip(table.images, parts, strict=True) if part == given.part]
    else:
        names = sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []
    files = [folder / name for name in names if (folder / name).is_file()]
    if not files:
        raise OptionError("There are no pictures to average over.", "Check --images, --labels and --part.")
    picked = np.sort(np.random.default_rng(0).permutation(len(files))[: given.limit])
    bar = tqdm(total=len(picked), unit=" pictures", disable=not sys.stderr.isatty())
    maps = average_maps(
        Predictor.load(given.model), [files[at] for at in picked], lambda done: bar.update(done - bar.n)
    )
    bar.close()
    data = f"{Path(given.labels).name}, part {given.part}" if given.labels else folder.name
    file = attach(Path(given.model), maps, count=len(picked), data=data)
    print(f"wrote {file.name}: the mean over {len(picked)} pictures")
    return 0
