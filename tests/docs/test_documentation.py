"""The commands and snippets of README.md and docs/, run as they stand.

Commands that need hours, the Hub or an installation are not run: their command line is parsed, and their flags must
exist. A block ```text after commands shows what they print; numbers in it may differ, and a line `…` leaves lines out.
"""

import argparse
import importlib
import inspect
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import urllib.request
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import pytest

from hub.command_line import existing_file, existing_folder, output_file, output_folder

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINKED = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "examples" / "README.md"]
ADDRESS = "http://127.0.0.1:7860"
LANGUAGES = {"bash", "python", "js", "text", "nginx"}

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

SNIPPETS = (
    "explainer_check",
    "from gradio_client",
    "explainers.client",
    "compare(predictor",
    "from demo import main",
    "results.open(",
)
"""A word of each Python snippet that is not a file to save; a test below runs it."""


def snippet(containing: str) -> str:
    (found,) = [block.text for block in BLOCKS if block.language == "python" and containing in block.text]
    return found


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


@pytest.fixture(scope="module")
def folder(tmp_path_factory, phantom) -> Path:
    """A folder as a reader has it: `radiograph.png` and the files that the pages say to save lie in it."""
    from PIL import Image

    made = tmp_path_factory.mktemp("reader")
    Image.fromarray(phantom.display(512)).save(made / "radiograph.png")
    for name, text in SAVED.items():
        (made / name).write_text(text)
    return made


@pytest.fixture
def desk(folder, monkeypatch) -> Path:
    """The reader's folder, as the working directory."""
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("block", COMMANDS, ids=named)
def test_commands_run_and_print_what_is_shown(desk, block, capsys):
    for line in block.lines:
        run(re.sub(r"^(\w+=\S+ )+", "", line))
    printed = capsys.readouterr().out
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

        assert set(words[3:]) <= {"--every", "5", *Registry.standard().explainers}
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


def pattern_of(shown: str) -> str:
    """The printed text as a regular expression: any number for a number, any spaces for spaces, any lines for `…`."""
    parts = []
    for line in shown.strip().splitlines():
        line = re.sub(r"\\? +", r" +", re.sub(r"\d+(?:\\?\.\d+)?", r"[\\d.]+", re.escape(line.strip())))
        parts.append(r"(?:.*\n)*?" if line == "…" else rf" *{line}.*\n")
    return "".join(parts)


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


def test_the_page_prints_its_address_as_shown(started_server):
    (shown,) = [block.after[1] for block in COMMANDS if "python demo.py" in block.text and block.after[0] == "text"]
    assert re.fullmatch(pattern_of(shown), started_server.printed)


@pytest.mark.parametrize("block", CURL, ids=named)
@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="no curl is installed")
def test_curl_gets_the_scores(desk, server, block):
    script = block.text.replace(ADDRESS, server)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "event: complete" in done.stdout
    assert '"finding": "Effusion"' in done.stdout
    assert "--json" not in block.text, "curl knows it since 2022 only"


@pytest.mark.parametrize("block", JAVASCRIPT, ids=lambda block: "client" if "@gradio" in block.text else "fetch")
@pytest.mark.skipif(not shutil.which("node"), reason="no Node is installed")
def test_javascript_gets_the_scores(desk, tmp_path, server, block):
    if "@gradio/client" in block.text:
        installed = ROOT / "node_modules"
        if not (installed / "@gradio" / "client").is_dir():
            pytest.skip("npm install --no-save --no-package-lock @gradio/client has not been run")
        (tmp_path / "node_modules").symlink_to(installed)
    (tmp_path / "scores.mjs").write_text(block.text.replace(ADDRESS, server))
    done = subprocess.run(["node", tmp_path / "scores.mjs"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "finding:" in done.stdout


def test_no_snippet_is_left_out():
    python = [block for block in BLOCKS if block.language == "python" and not block.saved_as]
    assert all(snippet(mark) for mark in SNIPPETS)
    assert len(python) == len(SNIPPETS)
    assert {block.language for block in BLOCKS} == LANGUAGES
    assert all(block.language != "text" or block.before.count("\n") < 6 for block in BLOCKS)
    commands = "\n".join(block.text for block in COMMANDS)
    assert all(f"explainers check {name}" in commands for name in SAVED)


def test_the_client_snippet_prints_a_finding_and_a_map(desk, server, capsys):
    exec(compile(snippet("from gradio_client").replace(ADDRESS, server), "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "'finding'" in printed
    assert "(7, 7)" in printed


def test_the_typed_client_snippet_prints_a_finding_and_a_shape(desk, server, capsys):
    exec(compile(snippet("explainers.client").replace(ADDRESS, server), "api.md", "exec"), {})
    assert "(7, 7)" in capsys.readouterr().out


def test_the_library_snippet_prints_scores_and_events(desk, capsys):
    quick = snippet("compare(predictor").replace('"occlusion"', '"saliency"')  # occlusion takes seconds
    exec(compile(quick, "api.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "Effusion" in printed
    assert printed.count("Finished(") == 2


def test_a_space_may_start_the_page_with_other_arguments(monkeypatch):
    import demo

    served = []
    monkeypatch.setattr(demo, "serve", served.append)
    exec(compile(snippet("from demo import main"), "app.py", "exec"), {})
    (settings,) = served
    assert settings.models == ("starter", "medmae")
    assert settings.plugins == ("mine.py",)


@pytest.mark.slow
def test_the_authors_test_is_one_a_check(desk):
    (desk / "test_mine.py").write_text(snippet("explainer_check"))
    line = ["-q", "-n", "0", "-p", "no:cacheprovider", "--rootdir", str(desk), "test_mine.py"]
    done = subprocess.run([sys.executable, "-m", "pytest", *line], capture_output=True, text=True, timeout=300)
    assert re.search(r"1[0-9] passed", done.stdout), done.stdout


def test_the_smallest_explainer_explains_from_the_command_line(desk):
    line = "python -m explainers explain radiograph.png --plugin mine.py --explainer input_times_gradient"
    run(f"{line} --finding Effusion --out mine")
    assert (desk / "mine" / "input_times_gradient.npz").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_flags_in_the_text_exist(page):
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for line in re.findall(r"`(python (?:-m (?:cxr|explainers|hub)|demo\.py) [^`]+)`", prose):
        words = " ".join(line.split())
        if len(words.split()) > 4:
            assert callable(parsed(words).run), line
        else:  # a command's name alone
            called = words.rsplit(" ", 1)
            assert called[1] in commands_of(parser_of(called[0])), line
    known = set.union(*(options(parser_of(each)) for each in CALLED))
    assert set(re.findall(r"`(--[a-z-]+)", prose)) <= known


def commands_of(parser: argparse.ArgumentParser) -> set[str]:
    subparsers = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    return {name for each in subparsers for name in each.choices}


def test_every_option_of_the_server_is_explained_to_operators():
    listed = (ROOT / "docs" / "operators.md").read_text()
    assert {flag for flag in options(parser_of("python demo.py")) if flag not in ("-h", "--help", "--reload")} <= set(
        re.findall(r"`(--[a-z-]+)", listed)
    )


def test_the_table_of_endpoints_has_their_arguments(server):
    with urllib.request.urlopen(f"{server}/gradio_api/info") as answer:
        endpoints = json.load(answer)["named_endpoints"]
    rows = re.findall(r"^\| (`/.*?) \| (.*?) ?\|", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE)
    listed = {name: words.split(", ") for names, words in rows for name in re.findall(r"`(/\w+)`", names)}
    assert listed == {
        name: [each["parameter_name"] for each in endpoint["parameters"]] or [""]
        for name, endpoint in endpoints.items()
    }


def test_what_the_context_offers_is_listed():
    from explainers import Context

    public = {name for name, _ in inspect.getmembers(Context) if not name.startswith("_")}
    listed = (ROOT / "docs" / "plugin-authors.md").read_text()
    assert {name for name in public if not re.search(rf"`{name}[`(]", listed)} <= {"prepare", "window", "passes"}


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)):
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        goal = (page.parent / file).resolve() if file else page
        assert goal.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", goal.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}, target


def test_the_picture_is_small_and_described():
    ((alt, place),) = re.findall(r"!\[([^]]+)\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert "synthetic" in alt
    assert 10_000 < (ROOT / place).stat().st_size <= 300_000


def test_readme_can_be_read_in_one_sitting():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 200
