"""The checks as tests of an author's own suite."""

from pathlib import Path

import pytest

from tests.explainers.kit import wrong


@pytest.mark.explains(explainer=wrong.Right)
def test_the_fixture_checks(explainer_check):
    explainer_check()


class Calls:
    """Reports of the tests' calls."""

    def __init__(self):
        self.reports = []

    def pytest_runtest_logreport(self, report):
        if report.when == "call":
            self.reports.append(report)


def test_the_fixture_fails_with_the_sentence(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_wrong.py").write_text(
        "import pytest\nfrom wrong import NotANumber\n\n"
        "@pytest.mark.explains(explainer=NotANumber)\ndef test_contract(explainer_check):\n    explainer_check()\n"
    )
    # what this run has set for the whole process stays as it is
    without = [
        word
        for name in ("cacheprovider", "faulthandler", "terminal", "timeout", "xdist")
        for word in ("-p", f"no:{name}")
    ]
    calls = Calls()
    words = [*without, "-c", str(tmp_path / "pytest.ini"), "--rootdir", str(tmp_path), "-k", "finite", str(tmp_path)]
    assert pytest.main(words, plugins=[calls]) == pytest.ExitCode.TESTS_FAILED
    (report,) = calls.reports
    assert report.failed
    assert "Guard divisions by sums that may be zero" in report.longreprtext
