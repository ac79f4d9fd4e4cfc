"""The checks as tests of an author's own suite."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.explainers.kit import wrong

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.explains(explainer=wrong.Right)
def test_the_fixture_checks(explainer_check):
    explainer_check()


def test_the_fixture_fails_with_the_sentence(tmp_path):
    (tmp_path / "test_wrong.py").write_text(
        f"import sys, pytest\nsys.path.insert(0, {str(Path(__file__).parent)!r})\nfrom wrong import NotANumber\n\n"
        "@pytest.mark.explains(explainer=NotANumber)\ndef test_contract(explainer_check):\n    explainer_check()\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "finite"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed" in done.stdout
    assert "Guard divisions by sums that may be zero" in done.stdout
