"""The page's scripts: modules of a size to read, without state of their own; their arithmetic is tested by Node."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "explainers" / "page"
SCRIPTS = sorted(PAGE.rglob("*.js"))
STYLES = sorted(PAGE.rglob("*.css"))
LONGEST_FILE, LONGEST_LINE = 250, 120


def test_a_file_can_be_read_in_one_sitting():
    lines = {file: file.read_text(encoding="utf-8").splitlines() for file in (*SCRIPTS, *STYLES)}
    assert not [file for file, each in lines.items() if len(each) > LONGEST_FILE]
    assert not [file for file in SCRIPTS if max(map(len, lines[file])) > LONGEST_LINE]


def test_a_module_has_no_state_of_its_own():
    state = re.compile(r"^(let|var) |^const \w+ = new (Map|Set|Array)\(\)|^const \w+ = (\[\]|\{\});", re.MULTILINE)
    texts = {file: file.read_text() for file in SCRIPTS}
    assert not [file for file, text in texts.items() if not re.search(r"^export ", text, re.MULTILINE)]
    assert not [(file, state.findall(text)) for file, text in texts.items() if state.search(text)]


def test_a_common_style_sheet_names_no_panel():
    panels = [each.name for each in (PAGE / "panels").iterdir() if (each / "panel.css").is_file()]
    for sheet in (PAGE / "styles").glob("*.css"):
        assert not [name for name in panels if re.search(rf"#{name}\b", sheet.read_text())]


def test_the_arithmetic_holds_in_node():
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    tests = sorted(str(file) for file in (Path(__file__).parent / "scripts").glob("*.test.mjs"))
    ended = subprocess.run([node, "--test", *tests], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-2000:]
