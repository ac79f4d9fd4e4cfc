"""What an explainer or a measure does, as far as it can be seen: to tell a fault from a change that changes nothing."""

import json
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any

import numpy as np

from explainers.contract.explainer import Explainer, check_explainer_class
from explainers.contract.measure import Measure, NotMeasurable
from explainers.contract.options import Option
from explainers.errors import OptionError, PluginError
from explainers.kit.checks.behaviour import PASSES_A_SECOND
from explainers.kit.explainer_runner import ExplainerRunner, network
from explainers.kit.report import CheckFailed

RELATIVE = 1e-5
"""Of the largest value: less is rounding."""

PROGRESS = 0.1
"""Reports of progress that differ by less are no difference to anybody."""


def of_explainer(explainer: type[Explainer]) -> Iterator[Any]:
    """Maps, promises, progress and declarations on the kit's networks and on others, and the networks afterwards."""
    yield from (explainer.stochastic, explainer.control, explainer.unit)
    runner = ExplainerRunner(explainer)
    try:
        check_explainer_class(explainer)
    except PluginError as error:
        yield str(error)
        return
    for settings in _settings(explainer):
        full = runner.options(settings, network())
        yield from (explainer.is_signed(full), explainer.is_stochastic(full))
        yield json.dumps(explainer.options_in_effect(full, (40, 56)))
        yield from _maps(runner, settings)


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
        yield on.state()
        yield from (run.map, run.passes, run.context.notes.get("promised_sum", {}).get(finding, 0.0))
        # of work that takes less than a second nobody sees a report
        yield np.array([step.fraction for step in run.steps if run.passes > PASSES_A_SECOND])
        previews = [step.preview for step in run.steps if step.preview is not None]
        yield np.asarray(previews[-1], np.float32) if previews else 0.0
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
        if option.kind == "int" and option.maximum > 128:  # the maximum may be thousands of passes
            return [option.minimum, *([2 * option.default] if option.default <= 64 else [])]
        return [each for each in (option.minimum, option.maximum) if each != option.default]
    return [not option.default]


def of_measure(measure: type[Measure]) -> Iterator[Any]:
    """Values, figures and verdicts on explanations of the kit's network and of another."""
    from tests.mutations.explanations import explanations

    yield from (measure.better, measure.bounds)
    for subject in explanations():
        try:
            found = measure().measure(subject)
        except NotMeasurable:
            yield "not measurable"
            continue
        except Exception as error:  # noqa: BLE001 - whatever a fault raises is how it behaves
            yield repr(error)
            continue
        yield from (found.value, found.verdict, json.dumps(_rounded(dict(found.figures)), sort_keys=True))
        yield from (np.asarray(each) for each in found.arrays.values())


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float | np.floating) else str(value)


END = object()
"""What follows a behaviour."""


def same(one: Iterable[Any], other: Iterable[Any]) -> bool:
    """Whether two behaviours are one, up to rounding. They are followed until they differ."""
    return all(_same(*pair) for pair in zip_longest(one, other, fillvalue=END))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        if one.shape != other.shape:
            return False
        if one.ndim == 1 and one.dtype == np.float64:
            return bool(np.all(np.abs(one - other) <= PROGRESS))
        return bool(np.allclose(one, other, rtol=0, atol=RELATIVE * max(float(np.abs(one).max(initial=0)), 1e-9)))
    if one is END or other is END:
        return False
    if isinstance(one, float | np.floating) and isinstance(other, float | np.floating):
        return bool(abs(one - other) <= RELATIVE * max(abs(one), 1e-9)) or one == other
    return type(one) is type(other) and one == other
