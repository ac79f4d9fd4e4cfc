"""The commands for authors of plugins: `check` and `new`."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxr.stated_arguments import add_stated, stated_of
from explainers.commands.arguments import add_json
from explainers.contract.explainer import Explainer
from explainers.contract.measure import Measure
from explainers.errors import OptionError, PluginError
from explainers.registry import Registry
from hub.command_line import add_command, output_folder

if TYPE_CHECKING:
    from explainers.kit import Report


def add_commands(commands: Any) -> None:
    """Add them to `python -m explainers`."""
    command = add_command(
        commands, "check", help="run explainers and measures through the checks of the plugin kit",
        example="python -m explainers check mine.py --only planted --only sign",
        run=_check,
    )  # fmt: skip
    command.add_argument(
        "plugin", nargs="?", metavar="FILE_OR_MODULE_OR_NAME",
        help="a Python file or a module, all of whose explainers and measures are checked, or the name of an explainer "
        "or a measure that is available",
    )  # fmt: skip
    command.add_argument(
        "--network", metavar="SOURCE",
        help="check a network: a plugin's file or the name of its network, a Keras model's file, or a checkpoint "
        "(default: none)",
    )  # fmt: skip
    add_stated(command)
    command.add_argument(
        "--only", action="append", default=[], metavar="CHECK",
        help="name of a check; may be repeated; those of measures are not run on explainers, nor the other way round "
        "(default: all checks)",
    )  # fmt: skip
    command.add_argument(
        "--model", metavar="SOURCE",
        help="run explainers on this network, too: starter, a preset's name, a folder, or org/name[@revision] "
        "(default: only on the kit's own networks)",
    )  # fmt: skip
    add_json(command)
    command = add_command(
        commands, "new", help="write a small installable project with your own explainer or network and its tests",
        example="python -m explainers new warm_map",
        run=_new,
    )  # fmt: skip
    command.add_argument("name", metavar="NAME", help="its name in snake case, such as warm_map")
    command.add_argument(
        "--network", action="store_true", help="write a network instead of an explainer (default: an explainer)"
    )
    command.add_argument(
        "--out",
        type=output_folder,
        default=".",
        metavar="DIR",
        help="folder in which the project's folder is made (default: this folder)",
    )


def _check(given: argparse.Namespace) -> int:
    if (given.plugin is None) == (given.network is None):
        raise OptionError("Say what is checked: a plugin with explainers or measures, or --network SOURCE.")
    reports = _network_report(given) if given.network else _reports(given)
    if given.json:
        print(json.dumps([report.to_json() for report in reports], indent=1, ensure_ascii=False))
    else:
        print("\n".join(map(str, reports)))
    return int(not all(report.passed for report in reports))


def _network_report(given: argparse.Namespace) -> "list[Report]":
    from explainers.kit import check_network
    from explainers.loading import load_network

    predictor = load_network(given.network, stated=stated_of(given))
    for note in predictor.notes:
        print(f"note: {note}", file=sys.stderr)
    return [check_network(predictor, given.only or None)]


def _reports(given: argparse.Namespace) -> "list[Report]":
    """Of the explainers and measures of a plugin."""
    from explainers.kit import check_explainer, check_measure, check_on_network, select_checks

    for_explainers, for_measures = select_checks(given.only)
    explainers, measures = _subjects(given.plugin)
    reports = [check_explainer(each, for_explainers) for each in explainers if for_explainers != []]
    if given.model:
        from explainers.loading import load_network

        predictor = load_network(given.model)
        reports += [check_on_network(each, predictor) for each in explainers]
    reports += [check_measure(each, for_measures) for each in measures if for_measures != []]
    if not reports:
        raise PluginError("No check of these names applies.", "Measures and explainers have checks of their own.")
    return reports


def _subjects(plugin: str) -> tuple[list[type[Explainer]], list[type[Measure]]]:
    """Explainers and measures: the one of that name, or all of a file or module; PluginError if there are none."""
    standard = Registry.standard().snapshot()
    if plugin in standard.explainers:
        return [standard.explainers[plugin]], []
    if plugin in standard.measures:
        return [], [standard.measures[plugin]]
    registry = Registry()
    registry.load(plugin)
    loaded = registry.snapshot()
    for failure in loaded.failures:
        print(f"left out: {failure.plugin}: {failure.reason}", file=sys.stderr)
    if loaded.failures or not (loaded.explainers or loaded.measures):
        raise PluginError(f"{Path(plugin).name} can't be checked as a whole.", "Fix what was left out.")
    return list(loaded.explainers.values()), list(loaded.measures.values())


def _new(given: argparse.Namespace) -> int:
    from explainers.kit.new import new_project

    folder = new_project(given.name, given.out, kind="network" if given.network else "explainer")
    print(f"wrote {folder}. Next: cd {folder} && pip install -e '.[test]' && python -m pytest")
    return 0
