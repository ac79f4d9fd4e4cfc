"""Runs tests of a folder in this process: a child process would import TensorFlow again, which takes seconds."""

from pathlib import Path

import pytest

WITHOUT = ("cacheprovider", "faulthandler", "terminal", "timeout", "xdist")
"""Plugins that the run outside has set for the whole process, and that must stay as they are."""


class _Calls:
    def __init__(self) -> None:
        self.reports: list[pytest.TestReport] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.reports.append(report)


def run_tests(folder: Path, *words: str) -> list[pytest.TestReport]:
    """Reports of what the folder's tests did."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    calls = _Calls()
    without = [f"-pno:{name}" for name in WITHOUT]
    pytest.main([*without, "-c", str(folder / "pytest.ini"), "--rootdir", str(folder), *words], plugins=[calls])
    return calls.reports
