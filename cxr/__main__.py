"""Command line of scoring: python -m cxr predict IMAGE… | phantom FILE | verify SOURCE | publish DIR ORG/NAME | …"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from cxr.evaluation.table_arguments import ROWS_OF_PART
from cxr.phantom.command import add_phantom
from cxr.stated_arguments import add_stated, stated_of
from cxr.training.commands import add_commands
from hub.command_line import add_command, add_upload, add_version, existing_file, existing_folder, run
from hub.errors import describe_error

if TYPE_CHECKING:
    from cxr.prediction import FindingScore, Prediction
    from cxr.predictor import Predictor


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status is 0 if all of it succeeded."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's notes are not part of the output
    return run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m cxr",
        description="Score chest radiographs, check checkpoints, train and evaluate them.",
        epilog="python -m cxr COMMAND --help explains a command and gives an example.",
    )
    add_version(parser)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_predict(commands)
    add_phantom(commands)
    _add_verify(commands)
    _add_publish(commands)
    add_commands(commands)
    return parser


def _add_predict(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    predict = add_command(
        commands,
        "predict",
        help="score radiographs for the findings of a checkpoint",
        example="python -m cxr predict radiograph.png --model starter --json",
        run=_predict,
    )
    predict.add_argument(
        "images", nargs="+", metavar="IMAGE", help="a radiograph: PNG, JPEG, WebP, TIFF or DICOM file; several at once"
    )
    predict.add_argument("--model", default="starter", metavar="SOURCE", help=f"{SOURCE} (default: starter)")
    add_stated(predict)
    predict.add_argument("--json", action="store_true", help="print one JSON object (default: a table for each image)")


SOURCE = "the network: starter, a preset's name, a checkpoint's folder, a Keras model's file (.keras, .h5), or "
SOURCE += "org/name[@revision] on the Hub"


def _add_verify(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verify = add_command(
        commands,
        "verify",
        help="check a checkpoint's files, names and shapes, and score a synthetic chest with it",
        example="python -m cxr verify starter --labels labels.csv --images chests/images --part test",
        run=_verify,
    )
    verify.add_argument("source", metavar="SOURCE", help=SOURCE)
    add_stated(verify, has_table=True)
    verify.add_argument(
        "--labels", type=existing_file, metavar="CSV", help="table of labels to measure the AUC on (default: no AUC)"
    )
    verify.add_argument(
        "--images",
        type=existing_folder,
        metavar="DIR",
        help="folder of the pictures that the table names (default: none; needed with --labels)",
    )
    verify.add_argument("--part", metavar="NAME", help=ROWS_OF_PART)


def _add_publish(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    publish = add_command(
        commands,
        "publish",
        help="verify a checkpoint, write its model card, and upload it to the Hub",
        example="python -m cxr publish my-checkpoint my-name/my-checkpoint --private",
        run=_publish,
    )
    add_upload(publish)


def _predict(given: argparse.Namespace) -> int:
    """Score each image; one that can't be read is reported, and the others are still scored."""
    from cxr.predictor import Predictor

    predictor = Predictor.load(given.model, stated=stated_of(given))
    failed = False
    results = []
    for image in given.images:
        result = _scored(predictor, image)
        failed |= "error" in result
        results.append({key: value for key, value in result.items() if key != "prediction"})
        if not given.json:
            _print_result(result)
    if given.json:
        model = predictor.identity.to_json()
        print(json.dumps({"model": model, "results": results}, indent=1, ensure_ascii=False, allow_nan=False))
    return int(failed)


def _scored(predictor: "Predictor", image: str) -> dict:
    from cxr.reading.radiograph import read_radiograph

    try:
        prediction = predictor.predict(read_radiograph(image))
    except Exception as error:  # noqa: BLE001 - logged with its traceback by `describe_error`, and the other images go on
        return {"image": image, "error": describe_error(error)[1]}
    check = asdict(prediction.statistics)
    return {"image": image, **prediction.to_json(), "input": check, "prediction": prediction}


def _print_result(result: dict) -> None:
    print(result["image"])
    if "error" in result:
        print(f"  error: {result['error']}", file=sys.stderr)
        return
    prediction: Prediction = result["prediction"]
    for warning in prediction.warnings:
        print(f"  note: {warning}")
    spread = f" {'95 % interval':>14}" if any(each.interval for each in prediction.findings) else ""
    print(f"  {'finding':20} {'score':>6}{spread} {'threshold':>10} {'':6} {'probability':>12} 95 % interval")
    for each in prediction.findings:
        print(f"  {_row(each)}")
    for note in prediction.notes:
        print(f"  note: {note}")
    if any(each.withheld for each in prediction.findings):
        print("  note: `python -m cxr claims` says why scores are not calibrated.")


def _row(each: "FindingScore") -> str:
    from cxr.findings import display_name

    threshold = "none" if each.threshold is None else f"{each.threshold:.2f}"
    side = "" if each.above_threshold is None else ("above" if each.above_threshold else "below")
    probability = "not calibrated"
    if each.probability is not None and each.probability_interval:
        low, high = each.probability_interval
        probability = f"{each.probability:>12.1%} {low:.1%} to {high:.1%}"
    spread = f" {'{:.2f} to {:.2f}'.format(*each.interval):>14}" if each.interval else ""
    return f"{display_name(each.finding):20} {each.score:6.2f}{spread} {threshold:>10} {side:6} {probability}"


def _verify(given: argparse.Namespace) -> int:
    from cxr.evaluation.reference import check_reference
    from cxr.predictor import Predictor
    from hub import resolve
    from hub.verifying import verify

    if bool(given.labels) != bool(given.images):
        print("error: --labels needs --images, and --images needs --labels.", file=sys.stderr)
        return 2
    resolved = resolve(given.source, stated=stated_of(given))
    for line in verify(resolved):
        print(line)
    predictor = Predictor.load(resolved)
    print(check_reference(predictor))
    return _measure(predictor, given) if given.labels else 0


def _measure(predictor: "Predictor", given: argparse.Namespace) -> int:
    """Print the AUC beside the reported one; returns 1 if it is far below it."""
    from cxr.evaluation.labels import read_labels
    from cxr.evaluation.reference import measure
    from cxr.evaluation.splits import part_of

    table = read_labels(given.labels)
    for note in table.notes:
        print(f"note: {note}", file=sys.stderr)
    table = part_of(table, given.part) if given.part else table
    figures = measure(predictor, table, given.images)
    for finding, value in figures.auc.items():
        print(f"  {finding:20} {value:.3f}")
    interval = f"95 % by patient {figures.low:.3f} to {figures.high:.3f}"
    print(f"mean AUC {figures.mean:.3f} ({interval}), {figures.images} pictures of {figures.patients} patients")
    reported = predictor.config.raw.get("reported", {})
    if reported.get("mean_auc"):
        print(f"reported: {reported['mean_auc']} on {reported.get('data', 'other data')}")
    if not figures.suspect(reported.get("mean_auc")):
        return 0
    print(
        "SUSPECT: far below the reported AUC. Check the label order, the input rule and the last ReLU.", file=sys.stderr
    )
    return 1


def _publish(given: argparse.Namespace) -> int:
    from cxr.publishing import publish

    print(publish(given.directory, given.repo, private=given.private))
    return 0


if __name__ == "__main__":
    sys.exit(main())
