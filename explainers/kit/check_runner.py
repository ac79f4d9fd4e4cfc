"""Runs the checks and reports."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from explainers.contract.explainer import Explainer, check_explainer_class
from explainers.contract.measure import Measure, check_measure_class
from explainers.contract.needs import why_not_available
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

RENAMED = {"said": "sentence"}
"""Former names of checks, which are still accepted."""

if TYPE_CHECKING:
    from cxr import Predictor
    from cxr.reading.radiograph import Radiograph


def check_names() -> tuple[str, ...]:
    """Names of the explainers' checks, in the order in which they are run."""
    from explainers.kit.checks import CHECKS

    return tuple(CHECKS)


def measure_check_names() -> tuple[str, ...]:
    """Names of the measures' checks, in the order in which they are run."""
    from explainers.kit.measure_checks import MEASURE_CHECKS

    return tuple(MEASURE_CHECKS)


def select_checks(names: Sequence[str]) -> tuple[list[str] | None, list[str] | None]:
    """(of explainers, of measures): the named checks by what they are for; None, for all, if none is named.

    Raises OptionError for a name that is neither's.
    """
    if not names:
        return None, None
    known = {*check_names(), *measure_check_names()}
    present = _known(names, dict.fromkeys(sorted(known))) or []
    return (
        [name for name in present if name in check_names()],
        [name for name in present if name in measure_check_names()],
    )


def check_explainer(explainer: type[Explainer], checks: Sequence[str] | None = None) -> Report:
    """Run an explainer class through the checks: all of them, or those named.

    A check that the class lists in `expected_failures` may fail; it is reported as declared. Raises OptionError for
    an unknown check. A class that breaks the contract gets a report with that one failure, "contract".
    """
    from explainers.kit.checks import CHECKS

    checks = _known(checks, CHECKS)
    try:
        check_explainer_class(explainer)
    except PluginError as error:
        return _broken(explainer, error)
    results = tuple(run_check(explainer, name) for name in CHECKS if checks is None or name in checks)
    return Report(explainer.name, results)


def run_check(explainer: type[Explainer], name: str) -> Result:
    """One check of a class that keeps the contract."""
    from explainers.kit.checks import CHECKS
    from explainers.kit.explainer_runner import ExplainerRunner, discard_changed_networks, network

    def check() -> str:
        if missing := why_not_available(explainer, network()):
            raise NotApplicable(missing)
        return _unchanged(CHECKS[name](ExplainerRunner(explainer)))

    try:
        return _judged(name, check, explainer)
    finally:
        discard_changed_networks()


def _unchanged(sentence: str) -> str:
    """A check's sentence; CheckFailed if the network was changed meanwhile, whatever the check looks at."""
    from explainers.kit.explainer_runner import discard_changed_networks

    if discard_changed_networks():
        raise CheckFailed("It changes the network's weights or layers. Others use the network at the same time.")
    return sentence


def check_on_network(
    explainer: type[Explainer], predictor: "Predictor", radiograph: "Radiograph | None" = None
) -> Report:
    """Check on any network that an explainer runs, repeats, distinguishes findings and has no side effects.

    Where the evidence lies is known on the planted networks alone, so this adds to `check_explainer` and does not
    replace it. `radiograph`: default, a synthetic chest. A failure
    that is declared for a check of the same name is expected here too.
    """
    from cxr.phantom import phantom
    from explainers.kit.checks.on_network import NETWORK_CHECKS
    from explainers.kit.explainer_runner import ExplainerRunner

    subject = f"{explainer.name} on {predictor.identity.name}"
    try:
        check_explainer_class(explainer)
    except PluginError as error:
        return _broken(explainer, error)
    if radiograph is None:
        radiograph = phantom(seed=1, size=512, effusion=True).radiograph
    results = tuple(
        _judged(name, partial(check, ExplainerRunner(explainer), predictor, radiograph), explainer)
        for name, check in NETWORK_CHECKS.items()
    )
    return Report(subject, results)


def check_measure(measure: type[Measure], checks: Sequence[str] | None = None) -> Report:
    """Run a measure class through the checks of measures: all of them, or those named; as `check_explainer`."""
    from explainers.kit.explainer_runner import discard_changed_networks
    from explainers.kit.measure_checks import MEASURE_CHECKS
    from explainers.kit.measure_runner import MeasureRunner

    checks = _known(checks, MEASURE_CHECKS)
    try:
        check_measure_class(measure)
    except PluginError as error:
        return _broken(measure, error)
    results = tuple(
        _judged(name, lambda check=check: _unchanged(check(MeasureRunner(measure))), measure)  # type: ignore[misc]
        for name, check in MEASURE_CHECKS.items()
        if checks is None or name in checks
    )
    discard_changed_networks()
    return Report(measure.name, results)


def _known(checks: Sequence[str] | None, known: Mapping[str, object]) -> list[str] | None:
    """The checks under their present names; OptionError for one that does not exist."""
    if checks is None:
        return None
    names = [RENAMED.get(name, name) for name in checks]
    for name in names:
        if name not in known:
            raise OptionError(f"There is no check {name!r}.", names_hint(name, known))
    return names


def _broken(offered: object, error: PluginError) -> Report:
    """Of a class that breaks the contract."""
    subject = getattr(offered, "name", getattr(offered, "__name__", str(offered)))
    return Report(str(subject), (Result("contract", FAILED, str(error)),))


def _judged(name: str, check: Callable[[], str], subject: type[Explainer] | type[Measure]) -> Result:
    """The result of a check, given what its subject declared."""
    begin = time.perf_counter()
    try:
        outcome, sentence = PASSED, check()
    except NotApplicable as error:
        outcome, sentence = NOT_APPLICABLE, str(error)
    except Cancelled:
        outcome, sentence = FAILED, "It raised Cancelled, though nobody cancelled."
    except CheckFailed as error:
        outcome, sentence = FAILED, str(error)
    declared = _declared_failures(subject).get(name)
    if declared is not None and outcome == FAILED:
        outcome, sentence = EXPECTED, declared
    elif declared is not None and outcome == PASSED:
        outcome, sentence = UNEXPECTED, f"{sentence}; declared to fail: {declared}"
    elif outcome == FAILED and name == "finding" and getattr(subject, "control", False):
        outcome, sentence = EXPECTED, "It is a control, which need not depend on the finding."
    return Result(name, outcome, sentence, time.perf_counter() - begin)


def _declared_failures(subject: type[Explainer] | type[Measure]) -> dict[str, str]:
    """{check: reason}, under the checks' present names."""
    return {RENAMED.get(name, name): reason for name, reason in subject.expected_failures.items()}
