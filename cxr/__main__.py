"""Command line of scoring: python -m cxr predict IMAGE… | phantom FILE | verify SOURCE | publish DIR ORG/NAME"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from cxr.training.commands import add_commands
from hub.command_line import run
from hub.errors import describe_error

if TYPE_CHECKING:
    from cxr.prediction import FindingScore, Prediction
    from cxr.predictor import Predictor


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status is 0 if all of it succeeded."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's own start-up notes are not part of the answer
    return run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cxr", description="From a chest radiograph to scores.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_predict(commands)
    _add_phantom(commands)
    _add_verify(commands)
    _add_publish(commands)
    add_commands(commands)
    return parser


def _add_predict(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    predict = commands.add_parser("predict", help="score radiographs", description="Score radiographs for 14 findings.")
    predict.add_argument("images", nargs="+", metavar="IMAGE", help="PNG, JPEG, WebP, TIFF or DICOM file")
    predict.add_argument(
        "--model", default="starter", metavar="SOURCE", help="starter, a preset, a folder, or org/name[@revision]"
    )
    predict.add_argument("--json", action="store_true", help="print JSON instead of tables")
    predict.set_defaults(run=_predict)


SIGNS = ("effusion", "cardiomegaly", "nodule", "pneumothorax")


def _add_phantom(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    phantom = commands.add_parser(
        "phantom", help="write a synthetic radiograph to try things with; no patient is in it"
    )
    phantom.add_argument("file", metavar="FILE", help="a PNG file, such as radiograph.png; replaced if it is there")
    phantom.add_argument("--seed", type=int, default=1, metavar="N", help="another body; default: 1, the page's")
    phantom.add_argument("--size", type=int, default=1024, metavar="PX", help="of each side; default: 1024")
    for sign in SIGNS:
        phantom.add_argument(f"--{sign}", action="store_true", help="plant it")
    phantom.set_defaults(run=_phantom)


def _add_verify(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verify = commands.add_parser(
        "verify", help="check a checkpoint", description="Check files, names and shapes, and that the network answers."
    )
    verify.add_argument("source", metavar="SOURCE", help="a preset, a folder, org/name[@revision], or starter")
    verify.add_argument("--labels", metavar="TABLE", help="labels in CSV, to measure the AUC with")
    verify.add_argument("--images", metavar="DIR", help="folder of the pictures that the table names")
    verify.add_argument("--part", metavar="NAME", help="only rows whose column `part` says so, such as test")
    verify.set_defaults(run=_verify)


def _add_publish(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    publish = commands.add_parser("publish", help="verify a checkpoint, write its card, and push it to the Hub")
    publish.add_argument("directory", metavar="DIR", help="a native checkpoint's folder")
    publish.add_argument("repo", metavar="ORG/NAME", help="made if it is not there")
    publish.add_argument("--private", action="store_true", help="make it private, if it is made")
    publish.set_defaults(run=_publish)


def _predict(given: argparse.Namespace) -> int:
    """Score each image; one that can't be read is reported, and the others are still scored."""
    from cxr.predictor import Predictor

    predictor = Predictor.load(given.model)
    if predictor.config.left_out:
        print(f"note: {predictor.config.left_out}", file=sys.stderr)
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
    spread = f" {'95 % of it':>12}" if any(each.interval for each in prediction.findings) else ""
    print(f"  {'finding':20} {'score':>6}{spread} {'threshold':>10} {'':6} {'probability':>12}")
    for each in prediction.findings:
        print(f"  {_row(each)}")


def _row(each: "FindingScore") -> str:
    from cxr.findings import display_name

    threshold = "none" if each.threshold is None else f"{each.threshold:.2f}"
    side = "" if each.above_threshold is None else ("above" if each.above_threshold else "below")
    probability = "uncalibrated" if each.probability is None else f"{each.probability:.1%}"
    spread = f" {'{:.2f} to {:.2f}'.format(*each.interval):>12}" if each.interval else ""
    return f"{display_name(each.finding):20} {each.score:6.2f}{spread} {threshold:>10} {side:6} {probability:>12}"


def _phantom(given: argparse.Namespace) -> int:
    from PIL import Image

    from cxr.phantom import phantom

    try:
        made = phantom(given.seed, size=given.size, **{sign: getattr(given, sign) for sign in SIGNS})
        Image.fromarray(made.radiograph.display(given.size)).save(given.file, "PNG")
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    planted = ", ".join(made.truth) or "nothing"
    print(f"wrote {Path(given.file).name}: {given.size} × {given.size} pixels, synthetic; planted: {planted}")
    return 0


def _verify(given: argparse.Namespace) -> int:
    from cxr.evaluation.reference import check_reference
    from cxr.predictor import Predictor
    from hub import resolve
    from hub.verifying import verify

    if bool(given.labels) != bool(given.images):
        print("error: --labels and --images belong together", file=sys.stderr)
        return 2
    resolved = resolve(given.source)
    for line in verify(resolved):
        print(line)
    predictor = Predictor.load(resolved)
    print(check_reference(predictor))
    if predictor.config.left_out:
        print(predictor.config.left_out)
    return _measure(predictor, given) if given.labels else 0


def _measure(predictor: "Predictor", given: argparse.Namespace) -> int:
    """Print the AUC beside the reported one; 1 if it is too far below to be believed."""
    from cxr.evaluation.labels import read_labels
    from cxr.evaluation.reference import measure

    table = read_labels(given.labels, findings=predictor.labels)
    if given.part:
        table = table.take([at for at, part in enumerate(table.columns.get("part", ())) if part == given.part])
    figures = measure(predictor, table, Path(given.images))
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
        "SUSPECT: far below what was reported; is it the label order, the input rule or the last ReLU?", file=sys.stderr
    )
    return 1


def _publish(given: argparse.Namespace) -> int:
    from cxr.publishing import publish

    print(publish(Path(given.directory), given.repo, private=given.private))
    return 0


if __name__ == "__main__":
    sys.exit(main())
