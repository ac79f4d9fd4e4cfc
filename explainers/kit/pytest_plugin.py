"""The checks as tests of an author's own suite, one per check. It does nothing unless a test asks for it.

    @pytest.mark.explains(explainer=MyExplainer)
    def test_contract(explainer_check):
        explainer_check()

    @pytest.mark.explains(network=MyNetwork)
    def test_network(network_check):
        network_check()

A declared failure is an expected one (xfail); a check that does not apply is skipped.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

MARK = "explains"
KINDS = {"explainer_check": "explainer", "network_check": "network"}
"""{fixture: the keyword of the marker that says what it checks}."""


def pytest_configure(config: pytest.Config) -> None:
    """Announce the marker."""
    fixtures = " or ".join(f"`{fixture}`" for fixture in KINDS)
    keywords = ", ".join(f"{kind}=CLASS" for kind in KINDS.values())
    config.addinivalue_line("markers", f"{MARK}({keywords}): what {fixtures} checks")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each class and check."""
    marker = metafunc.definition.get_closest_marker(MARK)
    for fixture, kind in KINDS.items():
        # by keyword: pytest would take a class alone in a marker's brackets for what is marked
        if fixture in metafunc.fixturenames and marker is not None and kind in marker.kwargs:
            names = _names(kind)
            metafunc.parametrize(fixture, [(marker.kwargs[kind], name) for name in names], ids=names, indirect=True)


def _names(kind: str) -> Sequence[str]:
    from explainers.kit import check_names, network_check_names

    return check_names() if kind == "explainer" else network_check_names()


@pytest.fixture
def explainer_check(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Runs one check of an explainer, and fails with its sentence."""
    from explainers.kit import check_explainer

    return _checking(request, "explainer", check_explainer)


@pytest.fixture
def network_check(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Runs one check of a network, and fails with its sentence."""
    from explainers.kit import check_network

    return _checking(request, "network", check_network)


def _checking(request: pytest.FixtureRequest, kind: str, check: Callable[..., Any]) -> Callable[[], None]:
    if not hasattr(request, "param"):
        example = f"@pytest.mark.{MARK}({kind}=My{kind.capitalize()})"
        pytest.fail(f"Say which {kind} is checked: {example}.", pytrace=False)
    subject, name = request.param

    def run() -> None:
        from explainers.kit.report import EXPECTED, FAILED, NOT_APPLICABLE

        for result in check(subject, [name]).results:
            if result.outcome == FAILED:
                pytest.fail(f"{result.check}: {result.sentence}", pytrace=False)
            if result.outcome == EXPECTED:
                pytest.xfail(result.sentence)
            if result.outcome == NOT_APPLICABLE:
                pytest.skip(result.sentence)

    return run
