"""Blocks of README.md and docs/, and the project's own parsers of the commands in them."""

import argparse
import importlib
import re
import shlex
from pathlib import Path
from typing import NamedTuple

from hub.command_line import existing_file, existing_folder, output_file, output_folder

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINKED = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "examples" / "README.md"]
ADDRESS = "http://127.0.0.1:7860"
LANGUAGES = {"bash", "python", "js", "json", "text", "nginx"}


class Block(NamedTuple):
    """A fenced block, the text between it and the block before, and the language and text of the block after."""

    page: str
    language: str
    text: str
    before: str
    after: tuple[str, str]

    @property
    def lines(self) -> list[str]:
        return self.text.strip().splitlines()

    @property
    def saved_as(self) -> str | None:
        """The file's name, if the text before says under which name to save the block."""
        found = re.search(r"[Ss]ave this as `([\w.]+)`", self.before)
        return found[1] if found else None


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text()
    found = list(re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    ends = [0, *(each.end() for each in found)]
    following = [(each[1], each[2]) for each in found[1:]] + [("", "")]
    return [
        Block(page.name, each[1], each[2], text[end : each.start()], after)
        for each, end, after in zip(found, ends, following, strict=False)
    ]


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
SAVED = {block.saved_as: block.text for block in BLOCKS if block.saved_as}
COMMANDS = [block for block in BLOCKS if block.language == "bash" and "curl" not in block.text]
CURL = [block for block in BLOCKS if block.language == "bash" and "curl" in block.text]
JAVASCRIPT = [block for block in BLOCKS if block.language == "js"]


def named(block: Block) -> str:
    return f"{block.page}: {block.lines[0]}"


def parser_of(called: str) -> argparse.ArgumentParser:
    """The project's own command line that is called with these words, such as `python -m cxr`."""
    module = {"python demo.py": "demo"}.get(called) or f"{called.split()[-1]}.__main__"
    room = importlib.import_module(module)
    return room.parser() if hasattr(room, "parser") else room._parser()


CALLED = ("python demo.py", "python -m cxr", "python -m explainers", "python -m hub")


def parsed(line: str) -> argparse.Namespace:
    """What the project's own parser makes of a line; an unknown word ends the test."""
    (called,) = [each for each in CALLED if line.startswith(each)]
    parser = parser_of(called)
    accept_any_path(parser)
    return parser.parse_args(shlex.split(line.removeprefix(called)))


def accept_any_path(parser: argparse.ArgumentParser) -> None:
    """Files that a line names need not be there to parse it."""
    for action in parser._actions:
        if action.type in (existing_file, existing_folder, output_file, output_folder):
            action.type = Path
        for each in action.choices.values() if isinstance(action, argparse._SubParsersAction) else ():
            accept_any_path(each)


def options(parser: argparse.ArgumentParser) -> set[str]:
    """The flags of a parser and of its commands."""
    found = {flag for action in parser._actions for flag in action.option_strings}
    for action in parser._actions:
        for each in action.choices.values() if isinstance(action, argparse._SubParsersAction) else ():
            found |= options(each)
    return found


def pattern_of(shown: str) -> str:
    """The printed text as a regular expression: any number for a number, any spaces for spaces, any lines for `…`."""
    parts = []
    for line in shown.strip().splitlines():
        line = re.sub(r"\\? +", r" +", re.sub(r"\d+(?:\\?\.\d+)?", r"[\\d.]+", re.escape(line.strip())))
        parts.append(r"(?:.*\n)*?" if line == "…" else rf" *{line}.*\n")
    return "".join(parts)
