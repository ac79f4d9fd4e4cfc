"""No dependency writes below the home or the temporary folder, or looks up a host, while radiographs are scored."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SETTINGS = (".keras", ".cache/matplotlib", ".config/matplotlib")
"""Folders in which Keras writes its settings, and Matplotlib, which Keras imports, its list of fonts."""

WATCH = (
    "import atexit, os, socket\n"
    """
def refuse(*given, **named):
    os.write(1, f"looked up {given[0]}\\n".encode())
    raise OSError("no network here")
socket.getaddrinfo = socket.gethostbyname = refuse
"""
)

SCORE = """
from cxr import Predictor
from cxr.phantom import phantom
predictor = Predictor.load("starter", engine="{engine}")
predictor.predict(phantom(size=256).radiograph)
"""
EXPLAIN = """
from explainers import compare
list(compare(predictor, phantom(size=256).radiograph, "Mass", ["grad_cam"]))
"""
COMMAND = """
from cxr.__main__ import main
assert main(["verify", "starter"]) == 0
"""
PAGE = """
import explainers.page
import cxr.engine.on_onnx
"""


def run(script: str, folder: Path, *prefix: str) -> tuple[str, set[str]]:
    """(what was printed, files and folders that are new below home and temporary folder)."""
    home, temporary = folder / "home", folder / "tmp"
    home.mkdir()
    temporary.mkdir()
    dropped = ("HF_", "KERAS", "ORT_", "XDG_", "GRADIO", "MPL")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    environment |= {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [*prefix, sys.executable, "-c", WATCH + script], capture_output=True, text=True, env=environment, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    left = {str(each.relative_to(top)) for top in (home, temporary) for each in top.rglob("*")}
    return done.stdout, left


@pytest.mark.parametrize(
    ("script", "allowed"),
    [
        (SCORE.format(engine="onnxruntime") + EXPLAIN + COMMAND, ()),
        pytest.param(SCORE.format(engine="tensorflow"), SETTINGS, marks=pytest.mark.slow),
        (PAGE, ()),
    ],
    ids=["library and command", "tensorflow", "page"],
)
def test_nothing_is_left_behind_and_no_host_is_looked_up(script, allowed, tmp_path):
    pytest.importorskip("onnxruntime")
    printed, left = run(script, tmp_path)
    assert not [each for each in left if not each.startswith(allowed) and each not in (".cache", ".config")]
    assert "looked up" not in printed


@pytest.mark.slow  # by default, Python's own look-ups are watched
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_no_connection_is_opened_by_native_code_either(tmp_path):
    pytest.importorskip("onnxruntime")
    trace = tmp_path / "trace.txt"
    run(SCORE.format(engine="onnxruntime"), tmp_path, "strace", "-f", "-e", "trace=connect,mkdir", "-o", str(trace))
    calls = trace.read_text()
    assert "exited with 0" in calls
    assert not re.search(r"AF_INET6?\b", calls)
    assert str(tmp_path / "home") not in calls
