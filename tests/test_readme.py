"""README's snippets, run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def snippets(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def snippet(language: str, containing: str) -> str:
    (found,) = [text for text in snippets(language) if containing in text]
    return found


@pytest.fixture
def desk(tmp_path, phantom, monkeypatch) -> Path:
    """A folder as README's reader has it: `radiograph.png` and `mine.py` lie in it."""
    from PIL import Image

    Image.fromarray(phantom.display(512)).save(tmp_path / "radiograph.png")
    (tmp_path / "mine.py").write_text(snippet("python", "class InputTimesGradient"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(line: str) -> subprocess.CompletedProcess:
    """One command line of README's, with this interpreter for `python`."""
    return subprocess.run([sys.executable, *line.split()[1:]], capture_output=True, text=True, timeout=300)


COMMANDS = snippet("bash", "explainers check") + snippet("bash", "explainers new")
COMMANDS += snippet("bash", "python -m cxr predict") + snippet("bash", "python -m hub presets")


@pytest.mark.parametrize("line", COMMANDS.strip().splitlines())
def test_each_command_runs(desk, line):
    done = run(line)
    assert done.returncode == 0, done.stderr
    if "explain " in line:
        assert {file.name for file in (desk / "maps").iterdir()} == {
            f"{name}.{ending}" for name in ("grad_cam", "saliency") for ending in ("png", "npz", "json")
        }


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


def test_the_client_snippet_prints_a_finding(desk, server, capsys):
    text = snippet("python", "gradio_client").replace("http://127.0.0.1:7860", server)
    exec(compile(text, "README.md", "exec"), {})
    assert "'finding'" in capsys.readouterr().out


def test_the_authors_test_is_one_a_check(desk):
    (desk / "test_mine.py").write_text(snippet("python", "explainer_check"))
    done = run(f"python -m pytest -q -p no:cacheprovider --rootdir {desk} test_mine.py")
    assert re.search(r"1[0-9] passed", done.stdout), done.stdout


def test_the_measure_is_found_and_passes_its_checks(desk):
    (desk / "concentration.py").write_text(snippet("python", "class Concentration"))
    done = run("python -m explainers check concentration.py")
    assert "concentration: all is well" in done.stdout, done.stdout + done.stderr


LONG = snippet("bash", "--summarise") + snippet("bash", "python -m cxr plant")


@pytest.mark.parametrize("line", LONG.strip().splitlines())
def test_each_long_command_is_one_that_there_is(line):
    from cxr.__main__ import _parser as cxr
    from explainers.__main__ import _parser as explainers

    words = line.split()
    assert callable({"cxr": cxr, "explainers": explainers}[words[2]]().parse_args(words[3:]).run)


@pytest.mark.parametrize("line", snippet("bash", "python -m cxr class-weights").strip().splitlines())
def test_each_command_of_training_is_one_that_there_is(line):
    from cxr.__main__ import _parser
    from demo import parser

    words = line.split()
    if words[1] == "demo.py":
        assert parser().parse_args(words[2:]).model == ["mine"]
    else:
        assert callable(_parser().parse_args(words[3:]).run)


def test_the_demo_command_is_the_documented_one():
    assert "pip install -e . && python demo.py" in README
    assert "python demo.py --plugin mine.py" in README
