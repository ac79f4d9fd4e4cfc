"""Command line of scoring: python -m cxr predict IMAGE… [--model SOURCE] [--json]"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from hub.errors import CxrLensError, told

if TYPE_CHECKING:
    from cxr.prediction import FindingScore, Prediction
    from cxr.predictor import Predictor


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status is 0 if all of it succeeded."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's own start-up notes are not part of the answer
    given = _parser().parse_args(arguments)
    try:
        return given.run(given)
    except CxrLensError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cxr", description="From a chest radiograph to scores.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_predict(commands)
    return parser


def _add_predict(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    predict = commands.add_parser("predict", help="score radiographs", description="Score radiographs for 14 findings.")
    predict.add_argument("images", nargs="+", metavar="IMAGE", help="PNG, JPEG, WebP, TIFF or DICOM file")
    predict.add_argument(
        "--model", default="starter", metavar="SOURCE", help="starter, a folder, or org/name[@revision]"
    )
    predict.add_argument("--json", action="store_true", help="print JSON instead of tables")
    predict.set_defaults(run=_predict)


def _predict(given: argparse.Namespace) -> int:
    """Score each image; one that can't be read is reported, and the others are still scored."""
    from cxr.predictor import Predictor

    predictor = Predictor.load(given.model)
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
    from cxr.radiograph import read_radiograph

    try:
        prediction = predictor.predict(read_radiograph(image))
    except Exception as error:  # noqa: BLE001 - logged with its traceback by `told`, and the other images go on
        return {"image": image, "error": told(error)[1]}
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
    print(f"  {'finding':20} {'score':>6} {'threshold':>10} {'':6} {'probability':>12}")
    for each in prediction.findings:
        print(f"  {_row(each)}")


def _row(each: "FindingScore") -> str:
    from cxr.findings import display_name

    threshold = "none" if each.threshold is None else f"{each.threshold:.2f}"
    side = "" if each.above_threshold is None else ("above" if each.above_threshold else "below")
    probability = "uncalibrated" if each.probability is None else f"{each.probability:.1%}"
    return f"{display_name(each.finding):20} {each.score:6.2f} {threshold:>10} {side:6} {probability:>12}"


if __name__ == "__main__":
    sys.exit(main())
