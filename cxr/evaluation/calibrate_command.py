"""The command line of calibration: `python -m cxr calibrate`."""

import argparse
from typing import Any

from cxr.errors import LabelError
from cxr.evaluation.table_arguments import add_table, table_of
from hub.command_line import add_command, existing_folder


def add_calibrate(commands: Any) -> None:
    """Add it to `python -m cxr`."""
    command = add_command(
        commands,
        "calibrate",
        help="choose operating points and fit calibrations, check them on other patients, and write all of it into a "
        "checkpoint's config.json",
        example="python -m cxr calibrate my-checkpoint --labels labels.csv --images chests/images --part validation "
        "--check test",
        run=_calibrate,
    )
    command.add_argument("directory", type=existing_folder, metavar="DIR", help="folder of a native checkpoint")
    add_table(command)
    command.add_argument(
        "--check",
        metavar="PART",
        help="part of other patients that says which probabilities may be shown (default: none, and none is shown)",
    )
    targets = command.add_mutually_exclusive_group()
    targets.add_argument(
        "--sensitivity",
        type=float,
        metavar="SHARE",
        help="choose the highest threshold with this sensitivity (default: maximise Youden's index)",
    )
    targets.add_argument(
        "--target-specificity",
        type=float,
        metavar="SHARE",
        help="choose the lowest threshold with this specificity (default: maximise Youden's index)",
    )
    command.add_argument(
        "--by-view",
        action="store_true",
        help="choose operating points for AP and for PA as well, for radiographs whose view is known (default: no)",
    )


def _calibrate(given: argparse.Namespace) -> int:
    from cxr.checkpoint.writing import write_config
    from cxr.evaluation.checkpoint_fields import calibrated, fitted
    from cxr.evaluation.scoring import score_table
    from cxr.evaluation.splits import check_disjoint
    from cxr.evaluation.thresholds import Rule
    from cxr.predictor import Predictor
    from hub.config import read_config

    rule = Rule(given.sensitivity, given.target_specificity)
    tables = {given.part: table_of(given)}
    if given.check:
        if not given.part or given.part == given.check:
            raise LabelError("--check needs --part, which names another part.", "For example --part validation.")
        tables[given.check] = table_of(argparse.Namespace(**{**vars(given), "part": given.check}))
        check_disjoint(tables)
    config = read_config(given.directory)
    predictor = Predictor.load(str(given.directory))
    scored = {part: score_table([predictor], table, given.images)[0] for part, table in tables.items()}
    fit = scored[given.part]
    found = fitted(fit.table, fit.logits, part=given.part or given.labels.name, rule=rule, by_view=given.by_view)
    written = calibrated(config, found, scored.get(given.check), part=given.check or "")
    write_config(given.directory, written)
    _print(written)
    print(f"{given.directory / 'config.json'}: {len(found['thresholds'])} operating points")
    return 0


def _print(raw: dict) -> None:
    from cxr.checkpoint import CheckpointConfig
    from cxr.evaluation.claims_table import claims_markdown

    for finding, point in raw["thresholds"].items():
        few = ", provisional" if point["provisional"] else ""
        rests_on = f"{point['positives']} positives of {point['patients']} patients{few}"
        print(
            f"  {finding:20} threshold {point['score']:.3f}: sensitivity {point['sensitivity']:.2f}, "
            f"specificity {point['specificity']:.2f}, {rests_on}"
        )
        for view, of_view in point.get("views", {}).items():
            print(f"  {'':20} {view}: {of_view['score']:.3f}, {of_view['positives']} positives")
    print(claims_markdown(CheckpointConfig.from_raw(raw, name=str(raw.get("name", "")))))
