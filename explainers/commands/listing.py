"""The commands `list` and `layers`."""

import argparse
import json
from collections.abc import Iterator
from typing import Any

from explainers.commands.arguments import add_json, add_model, add_plugin
from explainers.registry import Registry
from hub.command_line import add_command


def add_commands(commands: Any) -> None:
    """Add them to `python -m explainers`."""
    command = add_command(
        commands, "list",
        help="list the explainers that are available with their options, and the plugins that failed to load",
        example="python -m explainers list --plugin mine.py",
        run=_list,
    )  # fmt: skip
    add_json(command)
    add_plugin(command)
    command = add_command(
        commands, "layers", help="list the layers of a network that an explainer can use",
        example="python -m explainers layers --model starter",
        run=_layers,
    )  # fmt: skip
    add_model(command)


def _list(given: argparse.Namespace) -> int:
    registry = Registry.standard(given.plugin).snapshot()
    described = [_described(each.describe(), registry.origins[name]) for name, each in registry.explainers.items()]
    failures = [{"plugin": each.plugin, "reason": each.reason} for each in registry.failures]
    if given.json:
        print(json.dumps({"explainers": described, "failures": failures}, indent=1, ensure_ascii=False))
        return 0
    for each in described:
        print("\n".join(_lines(each)))
    for each in failures:
        print(f"left out: {each['plugin']}: {each['reason']}")
    return 0


def _described(explainer: dict, origin: str) -> dict:
    return {**explainer, "origin": origin, "options": explainer["options"]["properties"]}


def _lines(each: dict) -> Iterator[str]:
    control = ", a control" if each["control"] else ""
    yield f"{each['name']}  {each['title']} ({each['unit']}; {each['origin']}{control})"
    yield f"    {each['summary']}"
    for name, schema in each["options"].items():
        if not schema.get("deprecated"):
            yield f"    --option {each['name']}.{name}={schema['default']}  {schema['description']}"


def _layers(given: argparse.Namespace) -> int:
    from cxr.predictor import Predictor

    predictor = Predictor.load(given.model)
    for name, (height, width, channels) in predictor.layers.items():
        mark = "  (default)" if name == predictor.target_layer else ""
        print(f"{name:28} {height:4} × {width:<4} {channels:5} channels{mark}")
    return 0
