"""Snippets of README.md and docs/ in Python, JavaScript and curl, run as they stand."""

import shutil
import subprocess

import pytest

from tests.docs.pages import ADDRESS, BLOCKS, COMMANDS, CURL, JAVASCRIPT, LANGUAGES, ROOT, SAVED, named
from tests.docs.test_commands import run
from tests.explainers.kit.tests_within import run_tests

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


@pytest.mark.parametrize("block", CURL, ids=named)
@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="no curl is installed")
def test_curl_gets_the_scores(reader_folder, server, block):
    script = block.text.replace(ADDRESS, server)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "event: complete" in done.stdout
    assert '"finding": "Effusion"' in done.stdout
    assert "--json" not in block.text, "curl knows it since 2022 only"


@pytest.mark.parametrize("block", JAVASCRIPT, ids=lambda block: "client" if "@gradio" in block.text else "fetch")
@pytest.mark.skipif(not shutil.which("node"), reason="no Node is installed")
def test_javascript_gets_the_scores(reader_folder, tmp_path, server, block):
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
    # a network by a server that no test has is started, not checked
    assert all(f"explainers check {name}" in commands or f"--model {name}" in commands for name in SAVED)


def test_the_client_snippet_prints_a_finding_and_a_map(reader_folder, server, capsys):
    exec(compile(snippet("from gradio_client").replace(ADDRESS, server), "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "'finding'" in printed
    assert "(7, 7)" in printed


def test_the_typed_client_snippet_prints_a_finding_and_a_shape(reader_folder, server, capsys):
    exec(compile(snippet("explainers.client").replace(ADDRESS, server), "api.md", "exec"), {})
    assert "(7, 7)" in capsys.readouterr().out


def test_the_library_snippet_prints_scores_and_events(reader_folder, capsys):
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
def test_the_authors_test_is_one_a_check(reader_folder, monkeypatch):
    monkeypatch.syspath_prepend(reader_folder)
    (reader_folder / "test_mine.py").write_text(snippet("explainer_check"))
    outcomes = [report.outcome for report in run_tests(reader_folder, "test_mine.py")]
    assert outcomes.count("passed") in range(10, 30)
    assert "failed" not in outcomes


def test_the_smallest_explainer_explains_from_the_command_line(reader_folder):
    line = "python -m explainers explain radiograph.png --plugin mine.py --explainer input_times_gradient"
    run(f"{line} --finding Effusion --out mine")
    assert (reader_folder / "mine" / "input_times_gradient.npz").is_file()
