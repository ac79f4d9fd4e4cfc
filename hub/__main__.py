"""Command line of checkpoints' files: python -m hub presets | pull SOURCE | verify SOURCE | push DIR ORG/NAME"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hub.command_line import run
from hub.presets import Preset, read_presets


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status is 0 if all of it succeeded."""
    return run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hub", description="Files of checkpoints.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("presets", help="networks that go by a name")
    listing.add_argument("--json", action="store_true", help="print JSON instead of text")
    listing.set_defaults(run=_presets)
    pulling = commands.add_parser("pull", help="download a checkpoint and check it")
    pulling.set_defaults(run=_pull)
    verifying = commands.add_parser("verify", help="check a checkpoint's files: hashes, header, names and shapes")
    verifying.set_defaults(run=_verify)
    for command in (pulling, verifying):
        command.add_argument("source", metavar="SOURCE", help="a preset, a folder, org/name[@revision], or starter")
    for command in (listing, pulling, verifying):
        command.add_argument("--presets", action="append", default=[], metavar="FILE", help="more presets; repeatable")
    _add_push(commands)
    return parser


def _add_push(commands: Any) -> None:
    pushing = commands.add_parser("push", help="put a checkpoint's folder on the Hub, in one commit")
    pushing.add_argument("directory", metavar="DIR", help="a native checkpoint's folder")
    pushing.add_argument("repo", metavar="ORG/NAME", help="made if it is not there")
    pushing.add_argument("--private", action="store_true", help="make it private, if it is made")
    pushing.set_defaults(run=_push)


def _presets(given: argparse.Namespace) -> int:
    presets = read_presets(*map(Path, given.presets))
    if given.json:
        print(json.dumps({name: vars(preset) for name, preset in presets.items()}, indent=1, ensure_ascii=False))
        return 0
    for preset in presets.values():
        print("\n".join(_lines(preset)))
    return 0


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

    resolved = resolve(given.source, presets=read_presets(*map(Path, given.presets)))
    print(f"{resolved.name}: {resolved.directory}")
    if resolved.revision:
        print(f"commit {resolved.revision}")
    return 0


def _verify(given: argparse.Namespace) -> int:
    from hub.sources import resolve
    from hub.verifying import verify

    for line in verify(resolve(given.source, presets=read_presets(*map(Path, given.presets)))):
        print(line)
    return 0


def _push(given: argparse.Namespace) -> int:
    from hub.pushing import push

    print(push(Path(given.directory), given.repo, private=given.private))
    return 0


if __name__ == "__main__":
    sys.exit(main())
