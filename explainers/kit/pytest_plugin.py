"""The checks as tests of an author's own suite, one per check. It does nothing unless a test asks for it.

    @pytest.mark.explains(explainer=MyExplainer)
    def test_contract(explainer_check):
        explainer_check()

A declared failure is an expected one (xfail); a check that does not apply is skipped.
"""

from collections.abc import Callable

import pytest

MARK, FIXTURE = "explains", "explainer_check"


def pytest_configure(config: pytest.Config) -> None:
    """Announce the marker."""
    config.addinivalue_line("markers", f"{MARK}(explainer=CLASS): what `{FIXTURE}` checks")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each explainer and check."""
    marker = metafunc.definition.get_closest_marker(MARK)
    if FIXTURE not in metafunc.fixturenames or marker is None:
        return
    from explainers.kit import check_names

    # by keyword: pytest would take a class alone in a marker's brackets for what is marked
    cases = [(marker.kwargs["explainer"], name) for name in check_names()]
    metafunc.parametrize(FIXTURE, cases, ids=check_names(), indirect=True)


@pytest.fixture
def explainer_check(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Runs one check, and fails with its sentence."""
    if not hasattr(request, "param"):
        pytest.fail(f"Say which explainer is checked: @pytest.mark.{MARK}(explainer=MyExplainer).", pytrace=False)
    explainer, name = request.param

    def run() -> None:
        from explainers.kit import check_explainer
        from explainers.kit.report import EXPECTED, FAILED, NOT_APPLICABLE

        for result in check_explainer(explainer, [name]).results:
            if result.outcome == FAILED:
                pytest.fail(f"{result.check}: {result.sentence}", pytrace=False)
            if result.outcome == EXPECTED:
                pytest.xfail(result.sentence)
            if result.outcome == NOT_APPLICABLE:
                pytest.skip(result.sentence)

    return run
