"""TensorFlow's start-up notes are dropped; nothing else is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cxr.quiet_import import NOTE

ROOT = Path(__file__).resolve().parents[2]


def run(script: str) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "KERAS"))}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, cwd=ROOT)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(
            "from cxr import Predictor\nfrom cxr.phantom import phantom\n"
            "Predictor.load('starter', engine='tensorflow').predict(phantom(size=256).radiograph)",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "from cxr.quiet_import import import_keras\nimport_keras()\nimport cxr.training.run",
            marks=pytest.mark.slow,
        ),
        pytest.param("import cxr.planted_network", marks=pytest.mark.slow),
        "from cxr.network import build_network",
    ],
    ids=["engine", "training", "planted", "network"],
)
def test_a_newcomer_sees_nothing_of_tensorflow(script):
    done = run(script)
    assert done.returncode == 0
    assert done.stderr == ""


def test_other_lines_and_the_lines_of_a_failed_import_are_shown():
    note = "I0000 00:00:1795841781.346254   15886 port.cc:153] oneDNN custom operations are on."
    script = f"""
import os
from cxr.quiet_import import quiet_import
with quiet_import():
    os.write(2, b"{note}\\nsomething else\\n")
os.write(2, b"after\\n")
try:
    with quiet_import():
        os.write(2, b"{note}\\n")
        raise ImportError("broken")
except ImportError as error:
    print(error)
"""
    done = run(script)
    assert done.stderr.splitlines() == ["something else", "after", note]
    assert done.stdout == "broken\n"


@pytest.mark.parametrize("line", [b"E0000 00:00:1795841781.3 cuda error", b"Illegal instruction", b"Information"])
def test_errors_are_no_notes(line):
    assert not NOTE.match(line)
