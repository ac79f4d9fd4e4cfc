"""The command `explain`."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cxr.stated_arguments import add_stated, stated_of
from explainers.commands.arguments import add_model, add_option_and_seed, add_plugin
from explainers.errors import OptionError
from explainers.registry import Registry
from hub.command_line import add_command, existing_file, output_folder

if TYPE_CHECKING:
    from cxr.predictor import Predictor
    from cxr.reading.radiograph import Radiograph
    from explainers.contract.explanation import Explanation


def add_commands(commands: Any) -> None:
    """Add it to `python -m explainers`."""
    command = add_command(
        commands, "explain", help="explain one finding of a radiograph with one or more explainers",
        example="python -m explainers explain chest.png --finding Effusion --explainer grad_cam \\\n"
        "      --explainer occlusion --option occlusion.patch=24 --out maps",
        run=_explain,
    )  # fmt: skip
    command.add_argument(
        "image", type=existing_file, metavar="IMAGE", help="the radiograph: a PNG, JPEG, WebP, TIFF or DICOM file"
    )
    command.add_argument(
        "--finding", default="", metavar="NAME",
        help="finding whose logit is explained, such as Effusion (default: the one highest above its threshold)",
    )  # fmt: skip
    command.add_argument(
        "--explainer", action="append", default=[], metavar="NAME",
        help="an explainer's name, see `list`; may be repeated (default: those that are compared by default)",
    )  # fmt: skip
    add_option_and_seed(command)
    command.add_argument(
        "--window", default="", metavar="NAME",
        help="window of a DICOM file: window-2, range or pixels, for example (default: the one that the file asks for)",
    )  # fmt: skip
    command.add_argument(
        "--out", type=output_folder, required=True, metavar="DIR",
        help="folder that pictures, maps and records are written into; it is made if it does not exist",
    )  # fmt: skip
    command.add_argument(
        "--isolate", type=float, metavar="SECONDS",
        help="run plugins' explainers and networks in processes of their own, which end after so many seconds "
        "(default: in this process, without a limit)",
    )  # fmt: skip
    command.add_argument(
        "--regions", type=float, metavar="SHARE",
        help="also write outlines and boxes of each map's hottest part, of this share of the picture, such as 0.05 "
        "(default: none)",
    )  # fmt: skip
    command.add_argument(
        "--dicom", type=output_folder, metavar="DIR",
        help="also write DICOM for a viewer into this folder: overlays, maps and scores in the radiograph's study; "
        "IMAGE must be a DICOM file (default: none)",
    )  # fmt: skip
    command.add_argument(
        "--keep-identity", action="store_true",
        help="copy the patient's name, number and dates into what --dicom writes (default: they are left empty)",
    )  # fmt: skip
    add_model(command)
    add_stated(command)
    add_plugin(command)


def _explain(given: argparse.Namespace) -> int:
    from cxr.reading.radiograph import read_radiograph
    from explainers.loading import load_network
    from explainers.running.comparison import Failed, Finished, Progressed, Started, compare
    from explainers.running.isolation import Isolation

    _check(given)
    isolation = None if given.isolate is None else Isolation(given.isolate)
    registry = Registry.standard(given.plugin, isolation=isolation)
    for failure in registry.failures:
        print(f"left out: {failure.plugin}: {failure.reason}", file=sys.stderr)
    names = given.explainer or registry.defaults
    options = parse_options(given.option, registry)
    radiograph = read_radiograph(given.image, window=given.window)
    predictor = load_network(given.model, registry, stated=stated_of(given))
    explained: list[Explanation] = []
    failed = False
    for event in compare(
        predictor, radiograph, given.finding, names, options=options, seed=given.seed, registry=registry
    ):
        if isinstance(event, Started) and event.text:
            print(f"{event.explainer}: {event.text[0].lower()}{event.text[1:]}", file=sys.stderr)
        elif isinstance(event, Progressed):
            _show_progress(event.explainer, event.fraction, event.text)
        elif isinstance(event, Failed):
            failed = True
            _clear_progress()
            print(f"{event.explainer}: failed: {event.reason}", file=sys.stderr)
        elif isinstance(event, Finished):
            _clear_progress()
            explained.append(event.explanation)
            _write(given, event.explanation, radiograph, predictor)
    if given.dicom is not None and explained:
        _write_dicom(given, explained, radiograph, predictor)
    return int(failed)


def _check(given: argparse.Namespace) -> None:
    """OptionError for what can't be done, before anything is computed."""
    from explainers.output.dicom import source_of
    from explainers.regions import check_share

    if given.isolate is not None and not given.isolate > 0:
        raise OptionError(f"--isolate is {given.isolate:g}.", "It must be a number of seconds above 0.")
    if given.regions is not None:
        check_share(given.regions)
    if given.dicom is not None:
        source_of(given.image.read_bytes(), keep_identity=given.keep_identity)


def _write(
    given: argparse.Namespace, explanation: "Explanation", radiograph: "Radiograph", predictor: "Predictor"
) -> None:
    from explainers.output.files import write_files, write_record
    from explainers.regions import regions_record

    for warning in explanation.notes.get("warnings", ()):
        print(f"warning: {warning}", file=sys.stderr)
    files = write_files(explanation, radiograph, given.out)
    if given.regions is not None:
        record = regions_record(explanation, given.regions, predictor.average_maps)
        files.append(write_record(given.out / f"{explanation.explainer}.regions.json", record))
    names = ", ".join(file.name for file in files)
    print(f"{explanation.explainer}: {explanation.finding}, {explanation.seconds:.2f} s: {names}")


def _write_dicom(
    given: argparse.Namespace, explained: Sequence["Explanation"], radiograph: "Radiograph", predictor: "Predictor"
) -> None:
    from explainers.output.dicom import DicomSettings, write_dicom

    settings = DicomSettings(given.keep_identity, given.regions)
    content = given.image.read_bytes()
    files = write_dicom(explained, predictor.predict(radiograph), radiograph, content, given.dicom, settings)
    print(f"DICOM: {', '.join(file.name for file in files)}")


def parse_options(words: Sequence[str], registry: Registry) -> dict[str, dict[str, Any]]:
    """{explainer: {option: value}} from words of the form EXPLAINER.NAME=VALUE; OptionError for others."""
    options: dict[str, dict[str, Any]] = {}
    for word in words:
        target, equals, text = word.partition("=")
        explainer, dot, name = target.partition(".")
        if not (equals and dot):
            raise OptionError(f"{word!r} is not of the form EXPLAINER.NAME=VALUE.", "Such as occlusion.patch=24.")
        (found,) = registry.find([explainer])
        known = {option.name: option for option in found.options()}
        value = known[name].parse(text, explainer=explainer) if name in known else text
        options.setdefault(explainer, {})[name] = value
    return options


def _show_progress(explainer: str, fraction: float, text: str) -> None:
    """A bar on a terminal; nothing in a pipe or a log."""
    if sys.stderr.isatty():
        done = round(fraction * 20)
        print(f"\r\033[K{explainer} {'█' * done}{'░' * (20 - done)} {text}", end="", file=sys.stderr, flush=True)


def _clear_progress() -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
