"""What an author of explainers tests with: twenty-seven checks on networks whose evidence is known.

    from explainers import check_explainer

    report = check_explainer(MyExplainer)
    print(report)
    assert report.passed

`check_on_network(MyExplainer, predictor)` adds what can be checked on a real network, whose evidence nobody knows.
Measures are checked too: `check_measure(MyMeasure)`. Networks have thirteen checks:
`check_network(MyNetwork)`. The checks as tests of their own, one a check: `explainers.kit.pytest_plugin`. On the
command line: `python -m explainers check my_explainer.py`, and `check --network my_network.py`.
"""

from explainers.kit.check_runner import (
    check_explainer,
    check_measure,
    check_names,
    check_on_network,
    measure_check_names,
    select_checks,
)
from explainers.kit.network_report import check_network, network_check_names
from explainers.kit.report import Report, Result

__all__ = [
    "Report",
    "Result",
    "check_explainer",
    "check_measure",
    "check_names",
    "check_network",
    "check_on_network",
    "measure_check_names",
    "network_check_names",
    "select_checks",
]
