"""The command line of evaluation: `python -m cxr evaluate`."""

import argparse
from typing import Any

from cxr.evaluation.table_arguments import add_table, table_of
from cxr.stated_arguments import add_stated, stated_of
from hub.command_line import add_command, output_folder


def add_evaluate(commands: Any) -> None:
    """Add it to `python -m cxr`."""
    command = add_command(
        commands,
        "evaluate",
        help="measure AUC, operating points and calibration on labelled radiographs, with intervals by patient",
        example="python -m cxr evaluate --labels labels.csv --images chests/images --part test --out report",
        run=_evaluate,
    )
    add_table(command)
    command.add_argument(
        "--model", default="starter", metavar="SOURCE",
        help="a checkpoint, or a Keras model's file, whose own labels are measured too (default: starter)",
    )  # fmt: skip
    add_stated(command, has_table=True, model="the Keras model of --model")
    command.add_argument(
        "--versus", metavar="SOURCE", help="second network, compared on the same pictures (default: none)"
    )
    command.add_argument(
        "--prevalence",
        type=float,
        metavar="SHARE",
        help="prevalence for PPV and NPV, 0 to 1 (default: that of the pictures)",
    )
    command.add_argument(
        "--out",
        required=True,
        type=output_folder,
        metavar="DIR",
        help="folder for evaluation.json, evaluation.md and diagrams; the same command continues an interrupted run",
    )


def _evaluate(given: argparse.Namespace) -> int:
    from cxr.evaluation.figures import evaluate
    from cxr.evaluation.report import markdown, write_report
    from cxr.evaluation.scoring import score_table
    from cxr.evaluation.stored_answers import forget_answers
    from cxr.predictor import Predictor

    predictors = [Predictor.load(given.model, stated=stated_of(given))]
    predictors += [Predictor.load(given.versus)] if given.versus else []
    table = table_of(given, others=[label for each in predictors for label in each.labels])
    scored, *versus = score_table(predictors, table, given.images, out=given.out)
    prevalence = dict.fromkeys(scored.table.findings, given.prevalence) if given.prevalence is not None else None
    figures = evaluate(
        scored,
        part=given.part or given.labels.name,
        prevalence=prevalence,
        versus=versus[0] if versus else None,
    )
    files = write_report(figures, scored, given.out)
    forget_answers(given.out)
    print(markdown(figures, scored.config))
    print(f"written: {', '.join(str(file) for file in files)}")
    return 0
