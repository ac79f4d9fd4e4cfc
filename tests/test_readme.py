"""README's commands and snippets, run as they stand.

What needs hours, the Hub, or an installation is not run: its command line is parsed, and its flags must exist.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import takewhile
from pathlib import Path

import pytest

from hub.command_line import existing_file, existing_folder, output_file, output_folder

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
PROSE = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
ADDRESS = "http://127.0.0.1:7860"

NEEDS_HOURS = ("class-weights", "train", "evaluate", "calibrate", "bootstrap", "plant", "benchmark")

PYTHON = (
    "class InputTimesGradient",
    "class ActivationEnergy",
    "explainer_check",
    "class Concentration",
    "gradio_client",
    "compare(predictor",
    "from demo import main",
)
"""A word of each Python snippet; a test below runs it."""

JAVASCRIPT = ("@gradio/client", "fetch(")


def snippets(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def snippet(language: str, containing: str) -> str:
    (found,) = [text for text in snippets(language) if containing in text]
    return found


def lines() -> list[str]:
    """Every command of README's blocks, but for curl's, which run as one."""
    return [line for text in snippets("bash") if "curl" not in text for line in text.strip().splitlines()]


def parsers() -> dict[str, argparse.ArgumentParser]:
    """The project's own command lines, by the words that they are called with."""
    from cxr.__main__ import _parser as cxr
    from demo import parser as page
    from explainers.__main__ import _parser as explainers
    from hub.__main__ import _parser as hub

    return {
        "python demo.py": page(),
        "python -m cxr": cxr(),
        "python -m explainers": explainers(),
        "python -m hub": hub(),
    }


def options(parser: argparse.ArgumentParser) -> set[str]:
    """The flags of a parser and of its commands."""
    found = {flag for action in parser._actions for flag in action.option_strings}
    for action in parser._actions:
        for each in action.choices.values() if isinstance(action, argparse._SubParsersAction) else ():
            found |= options(each)
    return found


def parsed(line: str) -> argparse.Namespace:
    """What the project's own parser makes of a line; an unknown word ends the test."""
    ((called, parser),) = [each for each in parsers().items() if line.startswith(each[0])]
    accept_any_path(parser)
    return parser.parse_args(line.removeprefix(called).split())


def accept_any_path(parser: argparse.ArgumentParser) -> None:
    """Files that a line names need not be there to parse it."""
    for action in parser._actions:
        if action.type in (existing_file, existing_folder, output_file, output_folder):
            action.type = Path
        for each in action.choices.values() if isinstance(action, argparse._SubParsersAction) else ():
            accept_any_path(each)


def run(line: str) -> subprocess.CompletedProcess:
    """One command line of README's, with this interpreter for `python`."""
    return subprocess.run([sys.executable, *line.split()[1:]], capture_output=True, text=True, timeout=300)


@pytest.fixture
def desk(tmp_path, phantom, monkeypatch) -> Path:
    """A folder as README's reader has it: `radiograph.png` and `mine.py` lie in it."""
    from PIL import Image

    Image.fromarray(phantom.display(512)).save(tmp_path / "radiograph.png")
    (tmp_path / "mine.py").write_text(snippet("python", "class InputTimesGradient"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("line", lines())
def test_each_command_does_what_it_says(desk, line):
    words = line.split()
    if words[0] == "pip":
        check_installs(line)
    elif words[0] == "hf":
        check_hub(words)
    elif words[1] == "demo.py" or words[3] in NEEDS_HOURS:
        assert callable(parsed(line).run)
    else:
        done = run(line)
        assert done.returncode == 0, done.stderr
        if "explain " in line:
            assert {file.name for file in (desk / "maps").iterdir()} == {
                f"{name}.{ending}" for name in ("grad_cam", "saliency") for ending in ("png", "npz", "json")
            }


def check_installs(line: str) -> None:
    """`pip install -e '.[extra]' && COMMAND`: the extra is declared, and so is what the command needs."""
    install, _, then = line.partition(" && ")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert re.fullmatch(r"pip install -e '?\.(\[\w+\])?'?", install)
    assert set(re.findall(r"\[(\w+)\]", install)) <= set(project["optional-dependencies"])
    assert then in ("python demo.py", "python -m pytest")


def check_hub(words: list[str]) -> None:
    """A command of the Hub's own tool: its help knows each flag, and what follows a flag where that is a choice."""
    command = takewhile(str.isalpha, words[1:])
    tool = Path(sys.executable).with_name("hf")
    told = subprocess.run([tool, *command, "--help"], capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr
    assert all(word in told.stdout for word in words if word.startswith("--"))
    if "--type" in words:
        assert re.search(r"\[[a-z|]*space[a-z|]*\]", told.stdout)


def test_commands_and_flags_in_the_text_exist():
    for line in re.findall(r"`(python (?:-m \w+|demo\.py) [^`]+)`", PROSE):
        assert callable(parsed(" ".join(line.split())).run), line
    known = set.union(*map(options, parsers().values()))
    assert set(re.findall(r"`(--[a-z-]+)", PROSE)) <= known


def test_no_snippet_is_left_out():
    for language, marks in (("python", PYTHON), ("js", JAVASCRIPT)):
        for mark in marks:
            snippet(language, mark)
        assert len(snippets(language)) == len(marks)
    assert set(re.findall(r"```(\w+)", README)) == {"bash", "python", "js"}


def test_links_lead_somewhere():
    headings = re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in slugs
        elif not target.startswith("http"):
            assert (ROOT / target).is_file()


def test_the_picture_is_small_and_described():
    ((alt, place),) = re.findall(r"!\[([^]]+)\]\(([^)]+)\)", README)
    assert "synthetic" in alt
    assert 10_000 < (ROOT / place).stat().st_size <= 300_000


def test_the_smallest_explainer_is_listed_and_explains(desk):
    assert "input_times_gradient" in run("python -m explainers list --plugin mine.py").stdout
    line = "python -m explainers explain radiograph.png --plugin mine.py --explainer input_times_gradient"
    done = run(f"{line} --finding Effusion --out maps")
    assert done.returncode == 0, done.stderr
    assert (desk / "maps" / "input_times_gradient.npz").is_file()


def test_the_explainer_with_options_has_them(tmp_path):
    (tmp_path / "energy.py").write_text(snippet("python", "class ActivationEnergy"))
    done = run(f"python -m explainers list --plugin {tmp_path / 'energy.py'}")
    assert all(word in done.stdout for word in ("activation_energy", "layer", "power", "norm"))


def test_the_library_snippet_prints_scores_and_events(desk, capsys):
    exec(compile(snippet("python", "compare(predictor"), "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "Effusion" in printed
    assert printed.count("Finished(") == 2


def test_the_client_snippet_prints_a_finding_and_a_map(desk, server, capsys):
    exec(compile(snippet("python", "gradio_client").replace(ADDRESS, server), "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "'finding'" in printed
    assert "(7, 7)" in printed


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="no curl is installed")
def test_curl_gets_the_scores(desk, server):
    script = snippet("bash", "curl").replace(ADDRESS, server)
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "event: complete" in done.stdout
    assert '"finding": "Effusion"' in done.stdout


@pytest.mark.parametrize("containing", JAVASCRIPT)
@pytest.mark.skipif(not shutil.which("node"), reason="no Node is installed")
def test_javascript_gets_the_scores(desk, server, containing):
    if containing == "@gradio/client":
        installed = ROOT / "node_modules"
        if not (installed / "@gradio" / "client").is_dir():
            pytest.skip("npm install --no-save --no-package-lock @gradio/client has not been run")
        (desk / "node_modules").symlink_to(installed)
    (desk / "scores.mjs").write_text(snippet("js", containing).replace(ADDRESS, server))
    done = subprocess.run(["node", "scores.mjs"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "finding:" in done.stdout


def test_a_space_may_start_the_page_with_other_arguments(monkeypatch):
    import demo

    served = []
    monkeypatch.setattr(demo, "serve", served.append)
    exec(compile(snippet("python", "from demo import main"), "app.py", "exec"), {})
    (settings,) = served
    assert settings.models == ("starter", "medmae")
    assert settings.plugins == ("mine.py",)


def test_the_authors_test_is_one_a_check(desk):
    (desk / "test_mine.py").write_text(snippet("python", "explainer_check"))
    done = run(f"python -m pytest -q -p no:cacheprovider --rootdir {desk} test_mine.py")
    assert re.search(r"1[0-9] passed", done.stdout), done.stdout


def test_the_measure_is_found_and_passes_its_checks(desk):
    (desk / "concentration.py").write_text(snippet("python", "class Concentration"))
    done = run("python -m explainers check concentration.py")
    assert "concentration: all is well" in done.stdout, done.stdout + done.stderr
