"""The arguments of `batch`, and what is wrong with them before anything is computed."""

import argparse

from cxr.datasets.storage import is_address
from cxr.stated_arguments import add_stated
from explainers.box_table import NIH_SIDE
from explainers.commands.arguments import add_model, add_option_and_seed, add_plugin
from explainers.errors import OptionError
from hub.command_line import existing_file, output_folder


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Which radiographs, what is computed, where to, on which engine, and what happens afterwards."""
    _add_source(command)
    _add_work(command)
    _add_results(command)
    _add_engine(command)
    _add_sharing(command)


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
        "--labels", type=existing_file, metavar="CSV",
        help="table of labels and patients, as `python -m cxr evaluate` reads it (default: none)",
    )  # fmt: skip
    command.add_argument(
        "--boxes", type=existing_file, metavar="CSV",
        help="table of boxes, as `benchmark` reads it, for measures of place and for --findings boxed (default: none)",
    )  # fmt: skip
    command.add_argument(
        "--box-side", type=float, default=NIH_SIDE, metavar="PX",
        help="side in pixels of the pictures in which boxes are given by width and height (default: 1024, as NIH's)",
    )  # fmt: skip


def _add_work(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--explainers", nargs="+", default=[], metavar="NAME",
        help="explainers whose maps are computed, see `list` (default: none, scores alone)",
    )  # fmt: skip
    command.add_argument(
        "--findings", nargs="+", default=["all"], metavar="NAME",
        help="findings that are explained: all, top:N (the N highest above their thresholds), labelled (those that the "
        "labels name), boxed (those that have a box), or names (default: all)",
    )  # fmt: skip
    command.add_argument(
        "--measures", nargs="+", default=[], metavar="NAME",
        help="measures of each map, see `list` (default: none)",
    )  # fmt: skip
    add_option_and_seed(command)
    command.add_argument(
        "--cells", choices=("single", "half"), default="single",
        help="precision of the maps' cells: single, as computed, or half, in half the bytes (default: single)",
    )  # fmt: skip
    add_model(command)
    add_stated(command, has_table=True)
    add_plugin(command)


def _add_engine(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--engine", choices=("local", "ray"), default="local",
        help="what computes: this machine, or a Ray cluster (default: local)",
    )  # fmt: skip
    command.add_argument(
        "--address", default="", metavar="HOST:PORT",
        help="with --engine ray: the cluster's head (default: RAY_ADDRESS, else a cluster of this machine)",
    )  # fmt: skip
    command.add_argument(
        "--workers", type=int, default=0, metavar="N",
        help="with --engine ray: how many workers, each with its own network (default: one for every four cores)",
    )  # fmt: skip


def _add_results(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--out", type=folder_or_address, required=True, metavar="DIR_OR_URL",
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


def _add_sharing(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--push", default="", metavar="ORG/NAME",
        help="afterwards, upload scores and measures, with image ids and patients, to the Hugging Face Hub as a "
        "data set, private if it is new (default: nothing is uploaded)",
    )  # fmt: skip
    command.add_argument(
        "--push-maps", action="store_true",
        help="with --push: upload the maps too, which may show outlines of radiographs (default: off)",
    )  # fmt: skip
    command.add_argument(
        "--push-public", action="store_true", help="with --push: a new data set is readable for everyone (default: off)"
    )


def folder_or_address(text: str) -> str:
    """Type of an argument: an address, or a folder that the command makes if it is not there."""
    return text if is_address(text) else str(output_folder(text))


def check_arguments(given: argparse.Namespace) -> None:
    """Raises OptionError for what can't be done. Names with commas between become lists."""
    for what in ("explainers", "findings", "measures"):
        setattr(given, what, _names(getattr(given, what)))
    _check_numbers(given)
    if given.measures and not given.explainers:
        raise OptionError("--measures needs --explainers: what is measured are maps.")
    if given.findings == ["labelled"] and not given.labels:
        raise OptionError("--findings labelled needs --labels.")
    if given.findings == ["boxed"] and not given.boxes:
        raise OptionError("--findings boxed needs --boxes.")
    if given.boxes and not given.measures and given.findings != ["boxed"]:
        raise OptionError("--boxes needs --measures, or --findings boxed.")
    if given.box_side <= 0:
        raise OptionError(f"--box-side is {given.box_side:g}.", "It must be a number of pixels above 0.")
    if given.engine == "local" and (given.address or given.workers):
        raise OptionError("--address and --workers belong to --engine ray.")
    _check_sharing(given)


def _check_numbers(given: argparse.Namespace) -> None:
    for name, least in (("batch", 1), ("seed", 0), ("workers", 0)):
        if (value := getattr(given, name)) < least:
            raise OptionError(f"--{name} is {value}.", f"It must be a whole number from {least}.")


def _check_sharing(given: argparse.Namespace) -> None:
    if given.push:
        from hub.pushing import check_repo

        check_repo(given.push)
    elif given.push_maps or given.push_public:
        raise OptionError("--push-maps and --push-public belong to --push.")


def _names(words: list[str]) -> list[str]:
    """With spaces or commas between."""
    return list(dict.fromkeys(name for word in words for name in word.split(",") if name))
