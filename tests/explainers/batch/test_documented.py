"""The five commands and the snippet of docs/batch.md, run as they stand on a dozen synthetic chests."""

import re
import shlex
from pathlib import Path

import pytest

import cxr.__main__
import explainers.__main__

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "batch.md").read_text()
MAINS = {"cxr": cxr.__main__.main, "explainers": explainers.__main__.main}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_five_commands_give_a_table_and_a_plot_and_the_snippet_reads_them(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    install, *commands = blocks("bash")[0].strip().splitlines()
    assert install.startswith("pip install")
    assert len(commands) == 4
    for command in commands:
        python, _, room, *words = shlex.split(command)
        assert python == "python"
        assert MAINS[room](words) == 0, command
    assert "12 radiographs: 12 scored" in capsys.readouterr().out
    assert "<svg" in (tmp_path / "results" / "summary.html").read_text()
    (snippet,) = blocks("python")
    exec(compile(snippet, "batch.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "Effusion" in printed
    assert printed.count("(7, 7)") == 12
    assert "difference" in printed
