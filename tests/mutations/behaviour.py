"""What an explainer or a measure does, as far as it can be seen: to tell a fault from a change that changes nothing."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from explainers.contract.explainer import Explainer, check_explainer_class
from explainers.contract.measure import Measure, NotMeasurable
from explainers.contract.options import Option
from explainers.errors import OptionError, PluginError
from explainers.kit.explainer_runner import ExplainerRunner, network
from explainers.kit.report import CheckFailed

RELATIVE = 1e-5
"""Of the largest value: less is rounding."""

PROGRESS = 0.1
"""Reports of progress that differ by less are no difference to anybody."""


def of_explainer(explainer: type[Explainer]) -> list[Any]:
    """Maps, promises, progress and declarations on the kit's networks and on others."""
    seen: list[Any] = [explainer.stochastic, explainer.control, explainer.unit]
    runner = ExplainerRunner(explainer)
    try:
        check_explainer_class(explainer)
    except PluginError as error:
        return [*seen, str(error)]
    for settings in _settings(explainer):
        seen += [explainer.is_signed(runner.options(settings, network())), *_maps(runner, settings)]
        full = runner.options(settings, network())
        seen += [explainer.is_stochastic(full), json.dumps(explainer.options_in_effect(full, (40, 56)))]
    return seen


def _maps(runner: ExplainerRunner, settings: dict[str, Any]) -> Iterator[Any]:
    from cxr.planted_network import AGAINST_BRIGHT, FOR_BRIGHT, FOR_DARK, Disc, picture

    both = picture(Disc(22.0, 66.0), Disc(44.0, 20.0, bright=False), seed=3)
    cases = [(network(), both, FOR_BRIGHT), (network(), both, FOR_DARK)]
    if not settings:
        tall = (56, 40)
        cases += [
            (network(), both, AGAINST_BRIGHT),
            (network("blind"), both, FOR_BRIGHT),
            (network("randomised", seed=11), both, FOR_DARK),
            (network("randomised", seed=12, size=tall), picture(Disc(20.0, 20.0), size=tall), FOR_BRIGHT),
        ]
    for on, radiograph, finding in cases:
        try:
            run = runner.run(radiograph, finding, on=on, options=settings, seed=4)
        except (CheckFailed, OptionError) as error:
            yield str(error)
            continue
        yield from (run.map, run.passes, run.context.notes.get("promised_sum", {}).get(finding, 0.0))
        yield np.array([step.fraction for step in run.steps])
        options = runner.options(settings, on)
        try:
            yield np.asarray(runner.explainer().explain_findings(run.context, [FOR_DARK, FOR_BRIGHT], **options))
        except Exception as error:  # noqa: BLE001 - whatever a fault raises is how it behaves
            yield repr(error)


def _settings(explainer: type[Explainer]) -> Iterator[dict[str, Any]]:
    """No option, and each option by itself at other values."""
    yield {}
    for option in explainer.options():
        for value in _values(option):
            yield {option.name: value}


def _values(option: Option) -> list[Any]:
    if option.kind == "choice":
        return [each for each in option.choices if each != option.default]
    if option.kind == "layer":
        return list(network().layers)
    if option.minimum is not None and option.maximum is not None:
        if option.kind == "int" and option.maximum > 128:  # thousands of passes
            return [option.minimum]
        return [each for each in (option.minimum, option.maximum) if each != option.default]
    return [not option.default]


def of_measure(measure: type[Measure]) -> list[Any]:
    """Values, figures and verdicts on explanations of the kit's network and of another."""
    from tests.mutations.explanations import explanations

    seen: list[Any] = [measure.better, measure.bounds]
    for subject in explanations():
        try:
            found = measure().measure(subject)
        except NotMeasurable:
            seen.append("not measurable")
            continue
        except Exception as error:  # noqa: BLE001 - whatever a fault raises is how it behaves
            seen.append(repr(error))
            continue
        seen += [found.value, found.verdict, json.dumps(_rounded(dict(found.figures)), sort_keys=True)]
        seen += [np.asarray(each) for each in found.arrays.values()]
    return seen


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float | np.floating) else str(value)


def same(one: list[Any], other: list[Any]) -> bool:
    """Whether two behaviours are one, up to rounding."""
    return len(one) == len(other) and all(map(_same, one, other))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        if one.shape != other.shape:
            return False
        if one.ndim == 1 and one.dtype == np.float64:
            return bool(np.all(np.abs(one - other) <= PROGRESS))
        return bool(np.allclose(one, other, rtol=0, atol=RELATIVE * max(float(np.abs(one).max(initial=0)), 1e-9)))
    if isinstance(one, float | np.floating) and isinstance(other, float | np.floating):
        return bool(abs(one - other) <= RELATIVE * max(abs(one), 1e-9)) or one == other
    return type(one) is type(other) and one == other
