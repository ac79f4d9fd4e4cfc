"""Command line of explaining: python -m explainers list | layers | explain | check | new | benchmark"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from explainers.benchmark.commands import add_commands
from explainers.contract.explainer import Explainer
from explainers.contract.measure import Measure
from explainers.contract.options import options_schema
from explainers.errors import OptionError, PluginError
from explainers.registry import Registry
from hub.command_line import run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status is 0 if all of it succeeded."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's own start-up notes are not part of the answer
    return run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m explainers", description="From scores to explanations.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_list(commands)
    _add_layers(commands)
    _add_explain(commands)
    _add_check(commands)
    _add_new(commands)
    add_commands(commands)
    return parser


def _add_list(commands: Any) -> None:
    command = commands.add_parser("list", help="explainers at hand, their options, and plugins that failed")
    command.add_argument("--json", action="store_true", help="print JSON instead of text")
    _add_plugin(command)
    command.set_defaults(run=_list)


def _add_layers(commands: Any) -> None:
    command = commands.add_parser("layers", help="layers that an explainer may look at")
    _add_model(command)
    command.set_defaults(run=_layers)


def _add_explain(commands: Any) -> None:
    command = commands.add_parser("explain", help="explain one finding of a radiograph")
    command.add_argument("image", metavar="IMAGE", help="PNG, JPEG, WebP, TIFF or DICOM file")
    command.add_argument("--finding", default="", metavar="NAME", help="default: the highest above its threshold")
    command.add_argument("--explainer", action="append", default=[], metavar="NAME", help="repeatable; see `list`")
    command.add_argument(
        "--option", action="append", default=[], metavar="EXPLAINER.NAME=VALUE", help="repeatable; see `list`"
    )
    command.add_argument(
        "--window", default="", metavar="NAME", help="of a DICOM file: such as window-2, range, pixels"
    )
    command.add_argument("--seed", type=int, default=0, metavar="N", help="of explainers that draw at random")
    command.add_argument("--out", required=True, metavar="DIR", help="where pictures, maps and records are written")
    command.add_argument(
        "--isolate", type=float, metavar="SECONDS", help="plugins in processes of their own, ended after so long"
    )
    _add_model(command)
    _add_plugin(command)
    command.set_defaults(run=_explain)


def _add_check(commands: Any) -> None:
    command = commands.add_parser("check", help="run explainers and measures through the checks of the plugin kit")
    command.add_argument("plugin", metavar="MODULE_OR_FILE_OR_NAME", help="whose explainers and measures, or which one")
    command.add_argument("--only", action="append", default=[], metavar="CHECK", help="repeatable; default: all")
    command.add_argument("--model", metavar="SOURCE", help="run explainers on this network too, such as starter")
    command.add_argument("--json", action="store_true", help="print JSON instead of text")
    command.set_defaults(run=_check)


def _add_new(commands: Any) -> None:
    command = commands.add_parser("new", help="write a small project with an explainer of your own")
    command.add_argument("name", metavar="NAME", help="the explainer's name, in snake case")
    command.add_argument("--out", default=".", metavar="DIR", help="where its folder is made; default: here")
    command.set_defaults(run=_new)


def _add_model(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--model", default="starter", metavar="SOURCE", help="starter, a preset, a folder, or org/name[@revision]"
    )


def _add_plugin(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--plugin", action="append", default=[], metavar="FILE_OR_MODULE", help="repeatable: more explainers"
    )


def _list(given: argparse.Namespace) -> int:
    registry = Registry.standard(given.plugin)
    described = [described_explainer(registry, name) for name in registry.explainers]
    failures = [{"plugin": each.plugin, "reason": each.reason} for each in registry.failures]
    if given.json:
        print(json.dumps({"explainers": described, "failures": failures}, indent=1, ensure_ascii=False))
        return 0
    for each in described:
        print("\n".join(_lines(each)))
    for each in failures:
        print(f"left out: {each['plugin']}: {each['reason']}")
    return 0


def described_explainer(registry: Registry, name: str) -> dict:
    """What `list` says of an explainer."""
    explainer = registry.explainers[name]
    return {
        **explainer.describe(),
        "origin": registry.origins[name],
        "options": options_schema(explainer)["properties"],
    }


def _lines(each: dict) -> Iterator[str]:
    control = ", a control" if each["control"] else ""
    yield f"{each['name']}  {each['title']} ({each['unit']}; {each['origin']}{control})"
    yield f"    {each['summary']}"
    for name, schema in each["options"].items():
        yield f"    --option {each['name']}.{name}={schema['default']}  {schema['description']}"


def _layers(given: argparse.Namespace) -> int:
    from cxr.predictor import Predictor

    predictor = Predictor.load(given.model)
    for name, (height, width, channels) in predictor.layers.items():
        mark = "  (default)" if name == predictor.target_layer else ""
        print(f"{name:28} {height:4} × {width:<4} {channels:5} channels{mark}")
    return 0


def _explain(given: argparse.Namespace) -> int:
    from cxr.predictor import Predictor
    from cxr.reading.radiograph import read_radiograph
    from explainers.output.files import write_files
    from explainers.running.comparison import Failed, Finished, Progressed, compare

    registry = Registry.standard(given.plugin, time_limit=given.isolate)
    for failure in registry.failures:
        print(f"left out: {failure.plugin}: {failure.reason}", file=sys.stderr)
    names = given.explainer or registry.defaults
    options = _options(given.option, registry)
    radiograph = read_radiograph(given.image, window=given.window)
    predictor = Predictor.load(given.model)
    failed = False
    for event in compare(
        predictor, radiograph, given.finding, names, options=options, seed=given.seed, registry=registry
    ):
        if isinstance(event, Progressed):
            _show_progress(event.explainer, event.fraction, event.text)
        elif isinstance(event, Failed):
            failed = True
            _clear_progress()
            print(f"{event.explainer}: failed: {event.reason}", file=sys.stderr)
        elif isinstance(event, Finished):
            _clear_progress()
            files = write_files(event.explanation, radiograph, Path(given.out))
            about = f"{event.explanation.finding}, {event.explanation.seconds:.2f} s"
            print(f"{event.explainer}: {about}: {', '.join(file.name for file in files)}")
    return int(failed)


def _check(given: argparse.Namespace) -> int:
    from explainers.kit import check_explainer, check_measure, check_on_network

    explainers, measures = _asked_for(given.plugin)
    reports = [check_explainer(each, given.only or None) for each in explainers]
    if given.model:
        from cxr import Predictor

        predictor = Predictor.load(given.model)
        reports += [check_on_network(each, predictor) for each in explainers]
    reports += [check_measure(each, given.only or None) for each in measures]
    if given.json:
        print(json.dumps([report.to_json() for report in reports], indent=1, ensure_ascii=False))
    else:
        print("\n".join(map(str, reports)))
    return int(not all(report.passed for report in reports))


def _asked_for(plugin: str) -> tuple[list[type[Explainer]], list[type[Measure]]]:
    """Explainers and measures: the one of that name, or all of a file or module; PluginError if there are none."""
    standard = Registry.standard()
    if plugin in standard.explainers:
        return [standard.explainers[plugin]], []
    if plugin in standard.measures:
        return [], [standard.measures[plugin]]
    registry = Registry()
    registry.load(plugin)
    for failure in registry.failures:
        print(f"left out: {failure.plugin}: {failure.reason}", file=sys.stderr)
    if registry.failures or not (registry.explainers or registry.measures):
        raise PluginError(f"{Path(plugin).name} can't be checked as a whole.", "Fix what was left out.")
    return list(registry.explainers.values()), list(registry.measures.values())


def _new(given: argparse.Namespace) -> int:
    from explainers.kit.new import new_project

    folder = new_project(given.name, given.out)
    print(f"wrote {folder}. Next: cd {folder} && pip install -e '.[test]' && python -m pytest")
    return 0


def _options(words: Sequence[str], registry: Registry) -> dict[str, dict[str, Any]]:
    """{explainer: {option: value}} from words of the form EXPLAINER.NAME=VALUE."""
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


if __name__ == "__main__":
    sys.exit(main())
