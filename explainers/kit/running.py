"""Runs the checks and reports."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from explainers.contract.explainer import Explainer, check_explainer_class
from explainers.contract.measure import Measure, check_measure_class
from explainers.errors import Cancelled, OptionError, PluginError
from explainers.kit.report import (
    EXPECTED,
    FAILED,
    NOT_APPLICABLE,
    PASSED,
    UNEXPECTED,
    CheckFailed,
    NotApplicable,
    Report,
    Result,
)
from hub.errors import names_hint

if TYPE_CHECKING:
    from cxr import Predictor
    from cxr.reading.radiograph import Radiograph


def check_names() -> tuple[str, ...]:
    """Names of the checks, in the order in which they are run."""
    from explainers.kit.checks import CHECKS

    return tuple(CHECKS)


def check_explainer(explainer: type[Explainer], checks: Sequence[str] | None = None) -> Report:
    """Run an explainer class through the checks: all of them, or those named.

    A check that the class lists in `expected_failures` may fail; it is reported as declared. Raises OptionError for
    an unknown check. A class that breaks the contract gets a report with that one failure, "contract".
    """
    from explainers.kit.checks import CHECKS

    _known(checks, CHECKS)
    try:
        check_explainer_class(explainer)
    except PluginError as error:
        return _broken(explainer, error)
    results = tuple(run_check(explainer, name) for name in CHECKS if checks is None or name in checks)
    return Report(explainer.name, results)


def run_check(explainer: type[Explainer], name: str) -> Result:
    """One check of a class that keeps the contract."""
    from explainers.kit.checks import CHECKS
    from explainers.kit.planted_trial import Trial

    return _judged(name, lambda: CHECKS[name](Trial(explainer)), explainer.expected_failures.get(name))


def check_on_network(
    explainer: type[Explainer], predictor: "Predictor", radiograph: "Radiograph | None" = None
) -> Report:
    """Run an explainer on a network of one's own: that it runs, repeats, tells findings apart and leaves things alone.

    Where the evidence lies is known on the planted networks alone, so this adds to `check_explainer` and does not
    replace it. `radiograph`: default, a synthetic chest. A failure
    that is declared for a check of the same name is expected here too.
    """
    from cxr.phantom import phantom
    from explainers.kit.checks.on_network import NETWORK_CHECKS
    from explainers.kit.planted_trial import Trial

    subject = f"{explainer.name} on {predictor.identity.name}"
    try:
        check_explainer_class(explainer)
    except PluginError as error:
        return _broken(explainer, error)
    if radiograph is None:
        radiograph = phantom(seed=1, size=512, effusion=True).radiograph
    declared = {"findings": "It is a control."} if explainer.control else {}
    declared = {name: reason for name, reason in explainer.expected_failures.items() if name in NETWORK_CHECKS}
    results = tuple(
        _judged(name, lambda check=check: check(Trial(explainer), predictor, radiograph), declared.get(name))
        for name, check in NETWORK_CHECKS.items()
    )
    return Report(subject, results)


def check_measure(measure: type[Measure], checks: Sequence[str] | None = None) -> Report:
    """Run a measure class through its six checks: all of them, or those named; as `check_explainer`."""
    from explainers.kit.measure_checks import MEASURE_CHECKS, MeasureTrial

    _known(checks, MEASURE_CHECKS)
    try:
        check_measure_class(measure)
    except PluginError as error:
        return _broken(measure, error)
    results = tuple(
        _judged(name, lambda check=check: check(MeasureTrial(measure)), measure.expected_failures.get(name))
        for name, check in MEASURE_CHECKS.items()
        if checks is None or name in checks
    )
    return Report(measure.name, results)


def _known(checks: Sequence[str] | None, there: Mapping[str, object]) -> None:
    for name in checks or ():
        if name not in there:
            raise OptionError(f"There is no check {name!r}.", names_hint(name, there))


def _broken(offered: object, error: PluginError) -> Report:
    """Of a class that breaks the contract."""
    subject = getattr(offered, "name", getattr(offered, "__name__", str(offered)))
    return Report(str(subject), (Result("contract", FAILED, str(error)),))


def _judged(name: str, check: Callable[[], str], declared: str | None) -> Result:
    """What a check comes to, given what its subject declared."""
    begin = time.perf_counter()
    try:
        outcome, sentence = PASSED, check()
    except NotApplicable as error:
        outcome, sentence = NOT_APPLICABLE, str(error)
    except Cancelled:
        outcome, sentence = FAILED, "It raised Cancelled, though nobody cancelled."
    except CheckFailed as error:
        outcome, sentence = FAILED, str(error)
    if declared is not None and outcome == FAILED:
        outcome, sentence = EXPECTED, declared
    elif declared is not None and outcome == PASSED:
        outcome, sentence = UNEXPECTED, f"{sentence}; declared to fail: {declared}"
    return Result(name, outcome, sentence, time.perf_counter() - begin)
