"""The checks as tests of an author's own suite."""

from pathlib import Path

import pytest

from tests.explainers.kit import wrong
from tests.explainers.kit.tests_within import run_tests


@pytest.mark.explains(explainer=wrong.Right)
def test_the_fixture_checks(explainer_check):
    explainer_check()


def test_the_fixture_fails_with_the_sentence(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    (tmp_path / "test_wrong.py").write_text(
        "import pytest\nfrom wrong import NotANumber\n\n"
        "@pytest.mark.explains(explainer=NotANumber)\ndef test_contract(explainer_check):\n    explainer_check()\n"
    )
    (report,) = run_tests(tmp_path, "-k", "finite", str(tmp_path))
    assert report.failed
    assert "Guard divisions by sums that may be zero" in report.longreprtext
