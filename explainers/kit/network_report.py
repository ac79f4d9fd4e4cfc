"""Runs a network through its checks and reports."""

import time
from collections.abc import Sequence
from pathlib import Path

from cxr.predictor import Predictor
from explainers.contract.network import Network, check_network_class
from explainers.errors import OptionError, PluginError
from explainers.kit.network_checks import NETWORK_CHECKS
from explainers.kit.network_runner import NetworkRunner
from explainers.kit.report import FAILED, NOT_APPLICABLE, PASSED, CheckFailed, NotApplicable, Report, Result
from hub.errors import CxrLensError, names_hint


def check_network(network: type[Network] | Predictor, checks: Sequence[str] | None = None) -> Report:
    """Run a plugin's network, or any predictor, through the checks: all of them, or those named.

    Raises OptionError for an unknown check. A class that breaks the contract, or can't be made, gets a report with that
    one failure, "contract".
    """
    for name in checks or ():
        if name not in NETWORK_CHECKS:
            raise OptionError(f"There is no check {name!r}.", names_hint(name, NETWORK_CHECKS))
    try:
        on = network if isinstance(network, Predictor) else _made(network)
    except PluginError as error:
        return Report(str(getattr(network, "name", network)), (Result("contract", FAILED, str(error)),))
    runner = NetworkRunner(on)
    results = tuple(_result(name, runner) for name in NETWORK_CHECKS if checks is None or name in checks)
    return Report(on.identity.name, results)


def network_check_names() -> tuple[str, ...]:
    """Names of the networks' checks, in the order in which they are run."""
    return tuple(NETWORK_CHECKS)


def _made(network: type[Network]) -> Predictor:
    from explainers.plugin_network import predictor_of

    return predictor_of(check_network_class(network), source=Path(network.__module__).name)


def _result(name: str, runner: NetworkRunner) -> Result:
    begin = time.perf_counter()
    try:
        outcome, sentence = PASSED, NETWORK_CHECKS[name](runner)
    except NotApplicable as error:
        outcome, sentence = NOT_APPLICABLE, str(error)
    except (CheckFailed, CxrLensError) as error:
        outcome, sentence = FAILED, str(error)
    return Result(name, outcome, sentence, time.perf_counter() - begin)
