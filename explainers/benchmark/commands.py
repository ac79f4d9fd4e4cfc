"""The command line of the benchmark: benchmark, average-maps."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxr.stated_arguments import add_stated, stated_of
from explainers.batch.commands import need_pyarrow
from explainers.commands.arguments import add_model, add_plugin
from hub.command_line import STOPPED, add_command, existing_file, existing_folder, output_folder

if TYPE_CHECKING:
    from explainers.benchmark.rows import Row
    from explainers.benchmark.run import Benchmark


def add_commands(commands: Any) -> None:
    """Add them to `python -m explainers`."""
    _add_benchmark(commands)
    _add_average_maps(commands)


def _add_benchmark(commands: Any) -> None:
    command = add_command(
        commands, "benchmark", help="measure explainers over a data set with boxes, beside controls",
        example="python -m explainers benchmark --data boxes --out results --explainers grad_cam --limit 20",
        run=_benchmark,
    )  # fmt: skip
    command.add_argument(
        "--data", type=existing_folder, required=True, metavar="DIR", help="folder with boxes.csv and a folder images"
    )
    command.add_argument(
        "--out", type=output_folder, required=True, metavar="DIR",
        help="folder that rows, summary and report are written into; the same command continues an interrupted run",
    )  # fmt: skip
    add_model(command)
    add_stated(command)
    command.add_argument(
        "--explainers", nargs="+", default=[], metavar="NAME",
        help="explainers to measure; those that the protocol lacks are measured with their default options (default: "
        "those of the protocol)",
    )  # fmt: skip
    command.add_argument(
        "--limit", type=int, default=0, metavar="N",
        help="largest number of boxes for each explainer (default: the protocol's)",
    )  # fmt: skip
    command.add_argument(
        "--protocol",
        type=existing_file,
        metavar="FILE",
        help="TOML file with the protocol (default: the packaged protocol)",
    )
    command.add_argument(
        "--box-side", type=float, default=1024, metavar="PX",
        help="side in pixels of the pictures in which the boxes are given (default: 1024, as NIH's)",
    )  # fmt: skip
    add_plugin(command)
    command.add_argument(
        "--versus", metavar="DIR_OR_SOURCE",
        help="--out of another network's run over the same boxes, or a network that carries the rows of its own run, "
        "such as starter; differences to it are reported (default: none)",
    )  # fmt: skip
    command.add_argument(
        "--summarise", action="store_true", help="compute no new rows; report on those that exist (default: off)"
    )
    command.add_argument(
        "--attach", action="store_true",
        help="write summary and rows into the checkpoint's folder, which --model must name (default: off)",
    )  # fmt: skip


def _add_average_maps(commands: Any) -> None:
    command = add_command(
        commands, "average-maps",
        help="compute each finding's mean map over many radiographs, for the control average_map",
        example="python -m explainers average-maps checkpoint --images images --labels labels.csv",
        run=_average_maps,
    )  # fmt: skip
    command.add_argument(
        "model", type=existing_folder, metavar="DIR", help="folder of a native checkpoint; the maps are written into it"
    )
    command.add_argument("--images", type=existing_folder, required=True, metavar="DIR", help="folder of radiographs")
    command.add_argument(
        "--labels",
        type=existing_file,
        metavar="CSV",
        help="table of labels; only pictures that it lists are used (default: all pictures)",
    )
    command.add_argument(
        "--part", default="train", metavar="NAME", help="with --labels, only pictures of this part (default: train)"
    )
    command.add_argument(
        "--limit", type=int, default=1000, metavar="N",
        help="largest number of pictures, a random sample with a fixed seed (default: 1000)",
    )  # fmt: skip


def _benchmark(given: argparse.Namespace) -> int:
    need_pyarrow()
    from explainers.benchmark import report
    from explainers.benchmark.boxes import read_boxes
    from explainers.benchmark.protocol import OCCUPANCY, read_protocol
    from explainers.benchmark.run import Benchmark, stored_rows
    from explainers.benchmark.statistics import summary
    from explainers.benchmark.storing import rows_to_compare_with
    from explainers.loading import load_network
    from explainers.registry import Registry

    registry = Registry.standard(given.plugin)
    protocol = read_protocol(given.protocol).of(given.explainers)
    registry.find([entry.name for entry in protocol.entries if entry.name != OCCUPANCY])
    predictor = load_network(given.model, registry, stated=stated_of(given))
    for note in predictor.notes:
        print(f"note: {note}", file=sys.stderr)
    data = read_boxes(given.data, labels=predictor.labels, side=given.box_side, seed=protocol.seed)
    if data.left_out:
        print(
            f"note: boxes of {', '.join(data.left_out)} are left out: none of the findings known here", file=sys.stderr
        )
    benchmark = Benchmark(predictor, registry, data, protocol, given.limit)
    versus = rows_to_compare_with(given.versus) if given.versus else None
    rows = stored_rows(benchmark, given.out) if given.summarise else _run_with_bar(benchmark, given.out)
    found = summary(
        rows,
        protocol,
        model=predictor.identity.to_json(),
        findings=data.findings,
        controls=[name for name, each in registry.explainers.items() if each.control],
        versus=versus,
    )
    files = report.write(given.out, found, benchmark)
    if given.attach:
        files += report.attach(Path(given.model).expanduser(), found, rows)
    print(report.table(found))
    print(f"wrote {', '.join(['rows', *(file.name for file in files)])} to {given.out}")
    return 0


def _run_with_bar(benchmark: "Benchmark", out: Path) -> "list[Row]":
    """All rows, with a progress bar. When interrupted, it says how to continue and how to see the rows so far."""
    from tqdm import tqdm

    from explainers.benchmark.run import run

    bar = tqdm(unit=" maps", disable=not sys.stderr.isatty())

    def on_progress(done: int, count: int, label: str) -> None:
        bar.total = count
        bar.set_description_str(label, refresh=False)
        bar.update(done - bar.n)

    try:
        return run(benchmark, out, on_progress)
    except KeyboardInterrupt:
        print(f"Stopped; {out} keeps what is done. The same command goes on, --summarise shows it.", file=sys.stderr)
        raise SystemExit(STOPPED) from None
    finally:
        bar.close()


def _average_maps(given: argparse.Namespace) -> int:
    import numpy as np
    from tqdm import tqdm

    from cxr.evaluation.labels import read_labels
    from explainers.benchmark.average_maps import attach, average_maps
    from explainers.errors import OptionError
    from explainers.loading import load_network

    if given.labels:
        table = read_labels(given.labels)
        parts = table.columns.get("part", (given.part,) * len(table))
        names = [image for image, part in zip(table.images, parts, strict=True) if part == given.part]
    else:
        names = sorted(file.name for file in given.images.iterdir())
    files = [given.images / name for name in names if (given.images / name).is_file()]
    if not files:
        raise OptionError("There are no pictures to average over.", "Check --images, --labels and --part.")
    picked = np.sort(np.random.default_rng(0).permutation(len(files))[: given.limit])
    bar = tqdm(total=len(picked), unit=" pictures", disable=not sys.stderr.isatty())
    predictor = load_network(str(given.model))
    maps = average_maps(predictor, [files[at] for at in picked], lambda done: bar.update(done - bar.n))
    bar.close()
    data = f"{given.labels.name}, part {given.part}" if given.labels else given.images.name
    file = attach(given.model, maps, count=len(picked), data=data)
    print(f"wrote {file.name}: the mean over {len(picked)} pictures")
    return 0
