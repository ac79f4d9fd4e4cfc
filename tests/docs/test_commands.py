"""The commands of README.md and docs/, run as they stand.

Commands that need hours, the Hub or an installation are not run: their command line is parsed, and their flags must
exist. A block ```text after commands shows what they print; numbers in it may differ, and a line `…` leaves lines out.
"""

import re
import shlex
import subprocess
import sys
import tomllib
from itertools import takewhile
from pathlib import Path

import pytest

from tests.docs.pages import COMMANDS, ROOT, named, parsed, pattern_of

NOT_RUN = (
    "class-weights",
    "train",
    "evaluate",
    "calibrate",
    "bootstrap",
    "plant",
    "benchmark",
    "pull",
    "publish",
    "summary",
)
"""Commands that need hours, tables, results or the Hub. tests/explainers/batch runs those of docs/batch.md."""


LONG = (
    "pip install -e '.[batch]'",
    "python -m explainers check mine.py",
    "python -m explainers layers",
    "python -m explainers new --network",
)
"""Beginnings of blocks whose commands take seconds. By default README's are run, and the rest of docs/."""


def marked(block):
    long = block.page != "README.md" and block.lines[0].startswith(LONG)
    return pytest.param(block, marks=pytest.mark.slow) if long else block


PRINTED: dict[str, str] = {}
"""What each line printed that was run already: pages that share a line share the reader's folder too."""


@pytest.mark.parametrize("block", [*map(marked, COMMANDS)], ids=named)
def test_commands_run_and_print_what_is_shown(reader_folder, block, capsys):
    for line in block.lines:
        if line not in PRINTED:
            run(re.sub(r"^(\w+=\S+ )+", "", line))
            PRINTED[line] = capsys.readouterr().out
    printed = "".join(PRINTED[line] for line in block.lines)
    language, shown = block.after
    if language == "text" and "demo.py" not in block.text:
        assert re.search(pattern_of(shown), printed), printed


OTHER_TOOLS = {"pip-audit": "pip-audit", "pip-licenses": "pip-licenses", "cyclonedx-py": "cyclonedx-bom"}
"""Commands of other projects that no test runs, by the package that brings each. The pages say to install it first."""


def run(line: str) -> None:
    words = shlex.split(line)
    if words[:2] == ["pip", "install"] and set(words[2:]) <= set(OTHER_TOOLS.values()):
        return
    if words[0] in OTHER_TOOLS:
        assert f" {OTHER_TOOLS[words[0]]}" in next(block for block in COMMANDS if line in block.lines).lines[0]
    elif words[2] == "tests.mutations":  # takes minutes; its names are those of built-ins
        from explainers.registry import Registry

        assert set(words[3:]) <= {"--every", "5", "--without", *Registry.standard().explainers}
    elif words[0] == "pip":
        check_installs(line)
    elif words[0] == "hf":
        check_hub(words)
    elif words[1] == "demo.py" or words[3] in NOT_RUN or "--images" in words:
        assert callable(parsed(line).run)
    else:
        given = parsed(line)
        # as the command line does it, in this process: starting one for each line would take minutes
        assert given.run(given) == 0, line


def test_what_is_printed_is_compared_but_for_numbers():
    shown = "wrote a.png: 10 × 10\n…\nEffusion 0.86 above\n"
    assert re.search(pattern_of(shown), "wrote a.png: 9 × 12\nAtelectasis 1\nEffusion   0.1 above\n")
    assert not re.search(pattern_of(shown), "wrote a.png: 9 × 12\nEffusion 0.1 below\n")
    assert not re.search(pattern_of(shown), "wrote b.png: 9 × 12\nEffusion 0.1 above\n")


def check_installs(line: str) -> None:
    """`pip install -e '.[extra]' && COMMAND`: the extra is declared, and so is what the command needs."""
    install, _, then = line.partition(" && ")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert re.fullmatch(r"pip install -e '?\.(\[\w+\])?'?", install)
    assert set(re.findall(r"\[(\w+)\]", install)) <= set(project["optional-dependencies"])
    assert then in ("", "python demo.py", "python -m pytest")


def check_hub(words: list[str]) -> None:
    """A command of the Hub's own tool: its help knows each flag, and what follows a flag where that is a choice."""
    command = takewhile(str.isalpha, words[1:])
    tool = Path(sys.executable).with_name("hf")
    shown = subprocess.run([tool, *command, "--help"], capture_output=True, text=True, timeout=60)
    assert shown.returncode == 0, shown.stderr
    assert all(word in shown.stdout for word in words if word.startswith("--"))
    if "--type" in words:
        assert re.search(r"\[[a-z|]*space[a-z|]*\]", shown.stdout)
