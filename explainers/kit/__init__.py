"""What an author of explainers tests with: twenty-four checks on networks whose evidence is known.

    from explainers import check_explainer

    report = check_explainer(MyExplainer)
    print(report)
    assert report.passed

`check_on_network(MyExplainer, predictor)` adds what can be checked on a real network, whose evidence nobody knows.
Measures are checked too, nine checks each: `check_measure(MyMeasure)`. The explainers' checks as tests of their own,
one a check: `explainers.kit.pytest_plugin`. On the command line: `python -m explainers check my_explainer.py`.
"""

from explainers.kit.check_runner import (
    check_explainer,
    check_measure,
    check_names,
    check_on_network,
    measure_check_names,
    select_checks,
)
from explainers.kit.report import Report, Result

__all__ = [
    "Report",
    "Result",
    "check_explainer",
    "check_measure",
    "check_names",
    "check_on_network",
    "measure_check_names",
    "select_checks",
]
