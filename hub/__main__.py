"""Command line for the files of checkpoints: python -m hub presets | pull SOURCE | verify SOURCE | push DIR ORG/NAME"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from hub.command_line import add_command, add_presets, add_upload, add_version, run
from hub.config import read_config
from hub.directory import PACKAGED
from hub.presets import Preset, read_presets
from hub.sources import STARTER_DIRECTORY


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status is 0 if all of it succeeded."""
    return run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hub",
        description="List, download, check and upload the files of checkpoints.",
        epilog="python -m hub COMMAND --help explains a command and gives an example.",
    )
    add_version(parser)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = add_command(
        commands,
        "presets",
        help="list the networks that can be loaded by a short name",
        example="python -m hub presets --json",
        run=_presets,
    )
    listing.add_argument("--json", action="store_true", help="print one JSON object (default: text)")
    pulling = add_command(
        commands,
        "pull",
        help="download a checkpoint into the Hub's cache and check its hashes",
        example="python -m hub pull medmae",
        run=_pull,
    )
    verifying = add_command(
        commands,
        "verify",
        help="check a checkpoint's files: hashes, header, names and shapes of the arrays",
        example="python -m hub verify starter",
        run=_verify,
    )
    for command in (pulling, verifying):
        command.add_argument(
            "source", metavar="SOURCE", help="starter, a preset's name, a folder, or org/name[@revision] on the Hub"
        )
    for command in (listing, pulling, verifying):
        add_presets(command)
    _add_push(commands)
    return parser


def _add_push(commands: Any) -> None:
    pushing = add_command(
        commands,
        "push",
        help="upload a checkpoint's folder to the Hub, in one commit",
        example="python -m hub push my-checkpoint my-name/my-checkpoint --private",
        run=_push,
    )
    add_upload(pushing)


def _presets(given: argparse.Namespace) -> int:
    presets = read_presets(*given.presets)
    here = [_described(read_config(STARTER_DIRECTORY.with_name(name))) for name in PACKAGED]
    if given.json:
        listed = {each["name"]: each for each in here} | {name: vars(preset) for name, preset in presets.items()}
        print(json.dumps(listed, indent=1, ensure_ascii=False))
        return 0
    for each in here:
        auc = "{:.3f} ({:.3f} to {:.3f})".format(*each["mean_auc"])
        print(f"{each['name']}  packaged\n    {each['description']}")
        print(f"    mean AUC {auc} measured here on {each['measured_on']}\n    Licence: {each['license']}.")
    for preset in presets.values():
        print("\n".join(_lines(preset)))
    return 0


def _described(config: Mapping[str, Any]) -> dict[str, Any]:
    """What is listed of a packaged checkpoint; its mean AUC was measured here."""
    metrics = config["metrics"]
    told = {field: config[field] for field in ("name", "description", "license", "architecture", "input")}
    measured_on = f"{metrics['data']}, part {metrics['part']}"
    return told | {"packaged": True, "mean_auc": metrics["mean_auc"], "measured_on": measured_on}


def _lines(preset: Preset) -> list[str]:
    pin = preset.revision[:12] if preset.revision else "no commit recorded"
    reported = preset.reported
    lines = [f"{preset.name}  {preset.title}".rstrip(), f"    {preset.repo} ({preset.repo_type}, {pin}), {preset.file}"]
    if preset.disabled:
        lines.append(f"    Can't be used yet: {preset.disabled}.")
    if reported:
        auc, data, source = (reported.get(key, "?") for key in ("mean_auc", "data", "source"))
        lines.append(f"    mean AUC {auc} reported on {data} ({source})")
    return [*lines, f"    Licence: {preset.license or 'not stated'}. {preset.certainty}"]


def _pull(given: argparse.Namespace) -> int:
    from hub.sources import resolve

    resolved = resolve(given.source, presets=read_presets(*given.presets))
    print(f"{resolved.name}: {resolved.directory}")
    if resolved.revision:
        print(f"commit {resolved.revision}")
    return 0


def _verify(given: argparse.Namespace) -> int:
    from hub.sources import resolve
    from hub.verifying import verify

    for line in verify(resolve(given.source, presets=read_presets(*given.presets))):
        print(line)
    return 0


def _push(given: argparse.Namespace) -> int:
    from hub.pushing import push

    print(push(given.directory, given.repo, private=given.private))
    return 0


if __name__ == "__main__":
    sys.exit(main())
