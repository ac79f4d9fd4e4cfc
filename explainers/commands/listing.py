"""The commands `list` and `layers`."""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from cxr.stated_arguments import add_stated, stated_of
from explainers.commands.arguments import add_json, add_model, add_plugin
from explainers.contract.network import Network
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
    command.add_argument(
        "--model", metavar="SOURCE",
        help="also say which of them are not available for this network, and why (default: no network is loaded)",
    )  # fmt: skip
    add_stated(command)
    add_json(command)
    add_plugin(command)
    command = add_command(
        commands, "layers", help="list the layers of a network that an explainer can use",
        example="python -m explainers layers --model starter",
        run=_layers,
    )  # fmt: skip
    add_model(command)
    add_stated(command)
    add_plugin(command)


def _list(given: argparse.Namespace) -> int:
    from explainers.contract.needs import why_not_available
    from explainers.loading import load_network

    found = Registry.standard(given.plugin)
    registry = found.snapshot()
    predictor = load_network(given.model, found, stated=stated_of(given)) if given.model else None
    described = [_described(each.describe(), registry.origins[name]) for name, each in registry.explainers.items()]
    if predictor is not None:
        for each in described:
            each["not_available"] = why_not_available(registry.explainers[each["name"]], predictor)
    failures = [{"plugin": each.plugin, "reason": each.reason} for each in registry.failures]
    networks = [_network(each, registry.network_origins[name]) for name, each in registry.networks.items()]
    if given.json:
        print(json.dumps({"explainers": described, "networks": networks, "failures": failures}, indent=1,
                         ensure_ascii=False))  # fmt: skip
        return 0
    for each in described:
        print("\n".join(_lines(each)))
    for each in networks:
        print(f"network {each['name']}  {', '.join(each['labels'])} ({each['origin']})\n    {each['summary']}")
    for each in failures:
        print(f"left out: {each['plugin']}: {each['reason']}")
    return 0


def _network(network: type[Network], origin: str) -> dict[str, Any]:
    return {"name": network.name, "labels": list(network.labels), "summary": network.summary(), "origin": origin}


def _described(explainer: dict, origin: str) -> dict:
    return {**explainer, "origin": origin, "options": explainer["options"]["properties"]}


def _lines(each: dict) -> Iterator[str]:
    control = ", a control" if each["control"] else ""
    yield f"{each['name']}  {each['title']} ({each['unit']}; {each['origin']}{control})"
    yield f"    {each['summary']}"
    if each.get("not_available"):
        yield f"    {each['not_available']}"
    for name, schema in each["options"].items():
        if not schema.get("deprecated"):
            yield f"    --option {each['name']}.{name}={schema['default']}  {schema['description']}"


def _layers(given: argparse.Namespace) -> int:
    from explainers.loading import load_network

    predictor = load_network(given.model, Registry.standard(given.plugin), stated=stated_of(given))
    for note in predictor.notes:
        print(f"note: {note}", file=sys.stderr)
    if not predictor.layers:
        print("This network gives no inner layers.")
    for name, (height, width, channels) in predictor.layers.items():
        mark = "  (default)" if name == predictor.target_layer else ""
        print(f"{name:28} {height:4} × {width:<4} {channels:5} channels{mark}")
    return 0
